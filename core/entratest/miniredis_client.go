package entratest

import (
	"fmt"
	"strings"

	"github.com/tidwall/redcon"
)

// A mute leaves out replies, as CLIENT REPLY says.
type mute struct {
	off  bool
	skip bool // the next one
}

// next reports whether the reply of the command that begins now is left out.
func (m *mute) next() bool {
	skip := m.skip
	m.skip = false
	return skip
}

// clientLocked answers the subcommands of CLIENT that miniredis lacks and clients use. It reports false for the others.
// It needs Miniredis.running.
func (c *miniConn) clientLocked(args []string) ([]byte, bool) {
	if len(args) == 0 || c.multi {
		return nil, false
	}
	ok := redcon.AppendOK(nil)
	wrong := redcon.AppendError(nil, "ERR syntax error")
	switch sub, args := strings.ToUpper(args[0]), args[1:]; sub {
	case "ID":
		return redcon.AppendInt(nil, c.id), true
	case "INFO":
		return redcon.AppendBulkString(nil, c.info()), true
	case "SETINFO", "NO-EVICT", "NO-TOUCH":
		if len(args) == 0 {
			return wrong, true
		}
		return ok, true
	case "REPLY":
		if len(args) != 1 {
			return wrong, true
		}
		return c.setReply(args[0], ok, wrong), true
	case "TRACKING":
		if len(args) == 0 {
			return wrong, true
		}
		return c.setTracking(args, ok, wrong), true
	case "CACHING":
		if len(args) != 1 {
			return wrong, true
		}
		if err := c.tracking.ask(strings.ToUpper(args[0])); err != "" {
			return redcon.AppendError(nil, err), true
		}
		return ok, true
	case "UNBLOCK":
		return c.miniredis.waiting.unblock(args), true
	}
	return nil, false
}

func (c *miniConn) info() string {
	c.miniredis.mu.Lock()
	name := c.user
	c.miniredis.mu.Unlock()
	resp := 2
	if c.resp3.Load() {
		resp = 3
	}
	return fmt.Sprintf("id=%d addr=%s name=%s user=%s resp=%d\n", c.id, c.wire.RemoteAddr(), c.peer.ClientName, name, resp)
}

func (c *miniConn) setReply(mode string, ok, wrong []byte) []byte {
	switch strings.ToUpper(mode) {
	case "ON":
		c.mute = mute{}
		return ok
	case "OFF":
		c.mute.off = true
		return nil
	case "SKIP":
		c.mute.skip = !c.mute.off
		return nil
	}
	return wrong
}
