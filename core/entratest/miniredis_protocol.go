package entratest

import (
	"sync/atomic"

	"github.com/tidwall/redcon"
)

// A protocol is the version of RESP that a connection speaks: 2, or 3 if it says so.
type protocol struct{ resp3 atomic.Bool }

// appendPush appends a push, which is an array in RESP2.
func (p *protocol) appendPush(b []byte, parts ...string) []byte {
	b = p.appendPushHeader(b, len(parts))
	for _, part := range parts {
		b = redcon.AppendBulkString(b, part)
	}
	return b
}

func (p *protocol) appendPushHeader(b []byte, n int) []byte {
	at := len(b)
	b = redcon.AppendArray(b, n)
	if p.resp3.Load() {
		b[at] = '>'
	}
	return b
}

func (p *protocol) appendNull(b []byte) []byte {
	if p.resp3.Load() {
		return append(b, "_\r\n"...)
	}
	return redcon.AppendNull(b)
}

// nullArray returns the reply of a blocking command whose timeout has passed.
func (p *protocol) nullArray() []byte {
	if p.resp3.Load() {
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}
