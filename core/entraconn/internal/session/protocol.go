package session

import "github.com/entraredis/entraredis/internal/resp"

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
	neverUpgrades          // not on this connection any more
	reportsRESP2           // nor on another one: the server does not speak RESP3, which the caller does not know yet
)

var (
	hello3 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")
	hello2 = []byte("*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n")
)

// takeVersion takes the reply to a HELLO and returns the version that it says, 0 if it says none.
// The version changes with the answer, never with the command: a HELLO may be refused, and clients
// go on with the old version then.
func (v *protocol) takeVersion(frame resp.Frame, h helloReply) (said int8) {
	switch frame {
	case resp.Map:
		said = 3
		if digits, _ := h.field("proto"); digits == "2" {
			said = 2
		}
	case resp.Array: // as RESP2 has it
		said = 2
	default:
		return 0
	}
	v.version = said
	return said
}

// upgradeRefused takes an answer to our HELLO 3 that says that the wire stays in RESP2. It is
// transient if the server serves no client at the moment.
func (v *protocol) upgradeRefused(transient bool) {
	v.upgrades = reportsRESP2
	if transient {
		v.upgrades = neverUpgrades
	}
}

// takeReport reports, once, that the server does not speak RESP3.
func (v *protocol) takeReport() bool {
	stays := v.upgrades == reportsRESP2
	if stays {
		v.upgrades = neverUpgrades
	}
	return stays
}
