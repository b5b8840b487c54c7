package session

import (
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// A protocol is what the server speaks on a connection, and whether it can speak RESP3 below a
// client that speaks RESP2.
//
// Redis takes no AUTH from a subscriber that speaks RESP2. So below such a client the wire speaks
// RESP3: HELLO 3 goes before its first SUBSCRIBE, the upgrade, and HELLO 2 before the first command
// that is not about subscriptions, the downgrade. What the server says between the two is
// translated into RESP2, see translation.
type protocol struct {
	version  int8 // 2 or 3, as the last answered HELLO said
	upgrades upgrades
}

// An upgrades says whether a HELLO 3 of ours goes out where there is something to gain.
type upgrades uint8

const (
	canUpgrade    upgrades = iota
	tracksKeys             // not while the client tracks keys: invalidations may come on the connection itself
	neverUpgrades          // not on this connection any more
	// nor on another one, which the caller does not know yet
	reportsRESP2     // the server does not speak RESP3
	reportsForbidden // the user may not send HELLO
)

var (
	hello3 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")
	hello2 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n")
)

// noteKeyTracking is told of a CLIENT TRACKING ON, and forgetKeyTracking that the server has forgotten
// it.
func (v *protocol) noteKeyTracking() {
	if v.upgrades == canUpgrade {
		v.upgrades = tracksKeys
	}
}

func (v *protocol) forgetKeyTracking() {
	if v.upgrades == tracksKeys {
		v.upgrades = canUpgrade
	}
}

// takeVersion takes the version out of the reply to a HELLO. It changes with the answer, never with the
// command: a HELLO may be refused, and clients go on with the old version then.
func (v *protocol) takeVersion(frame resp.Frame, h helloReply) {
	switch frame {
	case resp.Map:
		v.version = 3
		if digits, _ := h.field("proto"); digits == "2" {
			v.version = 2
		}
	case resp.Array: // as RESP2 has it
		v.version = 2
	}
}

// upgradeRefused takes an answer to our HELLO 3 that says that the wire stays in RESP2.
func (v *protocol) upgradeRefused(frame resp.Frame, answer []byte) {
	v.upgrades = reportsRESP2
	if frame != resp.Error {
		return
	}
	switch why := classifyAuthError(strings.TrimSuffix(string(answer[1:]), "\r\n"), true); {
	case !why.IsRefusal(): // the server serves no client at the moment
		v.upgrades = neverUpgrades
	case why == identityForbidden:
		v.upgrades = reportsForbidden
	}
}

// takeReport reports, once, that the server stays in RESP2, and whether that is because the user
// may not send HELLO.
func (v *protocol) takeReport() (onlyRESP2, forbidden bool) {
	if v.upgrades >= reportsRESP2 {
		onlyRESP2, forbidden = true, v.upgrades == reportsForbidden
		v.upgrades = neverUpgrades
	}
	return onlyRESP2, forbidden
}
