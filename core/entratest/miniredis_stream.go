package entratest

import (
	"github.com/tidwall/redcon"
)

// A streamInfo answers XINFO STREAM as redis-server 7.0 does. miniredis gives two of the fields.
type streamInfo struct {
	conn *miniConn // Miniredis.running is held
	key  string
}

// answer returns the reply.
func (s streamInfo) answer() []byte {
	switch string(s.conn.dispatch([]string{"TYPE", s.key})) {
	case "+stream\r\n":
	case "+none\r\n":
		return redcon.AppendError(nil, "ERR no such key")
	default:
		return redcon.AppendError(nil, "WRONGTYPE Operation against a key holding the wrong kind of value")
	}
	p := &s.conn.protocol
	length := s.ask("XLEN", s.key).Int()
	first := s.entry("XRANGE", "-", "+")
	b := redcon.AppendArray(nil, 20)
	if p.resp3.Load() {
		b = []byte("%10\r\n")
	}
	number := func(name string, n int64) { b = redcon.AppendInt(redcon.AppendBulkString(b, name), n) }
	text := func(name, value string) { b = redcon.AppendBulkString(redcon.AppendBulkString(b, name), value) }
	entry := func(name string, e redcon.RESP) {
		if b = redcon.AppendBulkString(b, name); e.Raw == nil {
			b = p.appendNull(b)
		}
		b = append(b, e.Raw...)
	}
	nodes := min(length, 1) // a few entries are in one
	number("length", length)
	number("radix-tree-keys", nodes)
	number("radix-tree-nodes", 1+nodes)
	text("last-generated-id", s.lastID())
	text("max-deleted-entry-id", "0-0")
	number("entries-added", length)
	text("recorded-first-entry-id", idOf(first))
	number("groups", int64(s.ask("XINFO", "GROUPS", s.key).Count))
	entry("first-entry", first)
	entry("last-entry", s.entry("XREVRANGE", "+", "-"))
	return b
}

// lastID returns the ID for which $ stands. Of an older miniredis it is the last entry's, which may
// have been deleted.
func (s streamInfo) lastID() string {
	if last := s.ask("XINFO", "STREAM", s.key).MapGet("last-generated-id").String(); last != "" {
		return last
	}
	return idOf(s.entry("XREVRANGE", "+", "-"))
}

// entry returns the first entry of a range, the zero RESP if there is none.
func (s streamInfo) entry(command, from, to string) (first redcon.RESP) {
	s.ask(command, s.key, from, to, "COUNT", "1").ForEach(func(e redcon.RESP) bool {
		first = e
		return false
	})
	return first
}

// idOf returns the ID of an entry, 0-0 of the zero RESP.
func idOf(entry redcon.RESP) string {
	id := "0-0"
	entry.ForEach(func(r redcon.RESP) bool {
		id = r.String()
		return false
	})
	return id
}

// ask has miniredis run a command, and returns the reply as RESP2 has it, which redcon can read.
func (s streamInfo) ask(args ...string) redcon.RESP {
	peer := s.conn.peer
	resp3 := peer.Resp3
	peer.Resp3 = false
	defer func() { peer.Resp3 = resp3 }()
	_, r := redcon.ReadNextRESP(s.conn.dispatch(args))
	return r
}
