package forward

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/entraredis/entraredis/internal/resp"
	"github.com/tidwall/redcon"
)

const (
	// chunkSize is how much is read at once in each direction: what a TLS record holds.
	chunkSize = 16 << 10
	// tlsHandshake is the first byte of a client that speaks TLS.
	tlsHandshake = 0x16
)

var (
	// errLogin means that the client sent AUTH, or HELLO with AUTH.
	errLogin = errors.New("forward: the client sent AUTH")
	// errUnreadable means that the bytes of the client are no commands.
	errUnreadable = errors.New("forward: the client sent bytes that are no commands")
	// errDrained means that the Server drains, and that every command which was sent on is complete.
	errDrained = errors.New("forward: the proxy drains")
	// errCutOff means that they stop to be commands in the middle of one that was sent on.
	errCutOff = errors.New("forward: the client sent a broken command")
)

// commands reads what a client sends, and finds the ends of the commands in it.
type commands struct {
	client  io.Reader
	scanner resp.CommandScanner
	blocked bool // the client has sent a blocking command
	silent  bool // the client has sent CLIENT REPLY OFF or SKIP, so QUIT may get no answer

	// The bytes in buf up to given were returned by the last call of next. Those after them are the start
	// of a command of which it is not known yet whether it is AUTH. Those up to scanned the scanner has seen.
	buf                 []byte // chunkSize long, and longer after many inline commands
	given, scanned, end int
}

// next returns bytes for the cache, and why there are no more after them. They are valid until the next
// call. They hold no part of an AUTH, and of a command that is not complete only what was read of it.
// With lastOne they end where the command ends that was sent on in part, and the error is errDrained.
func (c *commands) next(lastOne bool) ([]byte, error) {
	for {
		if lastOne && c.betweenCommands() {
			return nil, errDrained
		}
		copy(c.buf, c.buf[c.given:c.end])
		c.given, c.scanned, c.end = 0, c.scanned-c.given, c.end-c.given
		if c.end >= chunkSize {
			return nil, errUnreadable // no command has that many bytes before those that say what it is
		}
		n, err := c.client.Read(c.buf[c.end:chunkSize])
		if lastOne {
			return c.last(c.buf[:n], err)
		}
		c.end += n
		if bad := c.scan(); bad != nil {
			err = bad
		}
		if c.given > 0 || err != nil {
			return c.buf[:c.given], err
		}
	}
}

// last returns what p holds of the command that was sent on in part.
func (c *commands) last(p []byte, err error) ([]byte, error) {
	n, complete, bad := c.scanner.Next(p)
	switch {
	case bad != nil:
		return nil, errCutOff
	case complete:
		return p[:n], errDrained
	}
	return p, err
}

// betweenCommands reports whether what next has returned so far ends where a command does.
func (c *commands) betweenCommands() bool { return c.end > c.given || c.scanner.AtBoundary() }

// scan scans what was read, and decides how many bytes the cache may have.
func (c *commands) scan() error {
	begun := c.scanned == 0 && !c.scanner.AtBoundary() // the start of the command was sent on
	for c.scanned < c.end {
		if c.scanner.AtBoundary() {
			n, _ := c.scanner.Ordinary(c.buf[c.scanned:c.end])
			c.scanned += n
			c.given, begun = c.scanned, false
			if c.scanned == c.end {
				return nil
			}
			if c.buf[c.scanned] != '*' {
				if replaced, err := c.replaceLine(); !replaced {
					return err
				}
				continue
			}
		}
		n, _, err := c.scanner.Next(c.buf[c.scanned:c.end])
		c.scanned += n
		switch {
		case err != nil && begun:
			return errCutOff
		case err != nil:
			return errUnreadable
		case c.scanner.Undecided():
			return nil // all is scanned
		}
		switch c.scanner.Kind() {
		case resp.Auth, resp.HelloAuth:
			return errLogin
		case resp.Blocking, resp.Wait:
			c.blocked = true
		case resp.ReplyOff, resp.ReplySkip:
			c.silent = true
		}
		c.given = c.scanned
	}
	return nil
}

// replaceLine replaces the inline command at the next byte to be scanned, as redis-benchmark and people at
// nc send it, by the same one as an array, and an empty line by nothing. It does nothing if the line is not
// complete.
func (c *commands) replaceLine() (replaced bool, err error) {
	line := c.buf[c.scanned:c.end]
	if line[0] == '$' || line[0] == tlsHandshake { // a client that speaks TLS would wait for an answer
		return false, errUnreadable
	}
	end := bytes.IndexByte(line, '\n')
	if end < 0 {
		return false, nil
	}
	args, ok := splitLine(line[:end])
	if !ok || len(args) > 0 && isHTTP(args[0]) {
		return false, errUnreadable
	}
	var array []byte
	if len(args) > 0 {
		array = redcon.AppendArray(nil, len(args))
	}
	for _, arg := range args {
		array = redcon.AppendBulk(array, arg)
	}
	c.buf = slices.Replace(c.buf[:c.end], c.scanned, c.scanned+end+1, array...)
	c.end = len(c.buf)
	c.buf = c.buf[:cap(c.buf)]
	return true, nil
}

// isHTTP reports whether a line is of a request by which a web page tries to have a browser send commands.
// Redis closes such connections too.
func isHTTP(word []byte) bool {
	return bytes.EqualFold(word, []byte("POST")) || bytes.EqualFold(word, []byte("Host:"))
}
