package entraconn

import (
	"errors"
	"io"
	"net"
	"slices"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// cutOrdinaryShort is cutShort for all that takeOrdinary has taken.
func (c *Conn) cutOrdinaryShort(written, all int, commands uint64, err error) error {
	c.mu.Lock()
	mark := c.session.BeforeOrdinary(all, commands)
	c.mu.Unlock()
	return c.cutShort(written, &mark, err)
}

// writeOther is Write for what takeOrdinary does not take.
func (c *Conn) writeOther(p []byte) (n int, err error) {
	for {
		wanted, err := c.wantedAuth()
		if err != nil {
			return 0, err
		}
		c.mu.Lock()
		if err := c.broken(); err != nil {
			spoken := c.end != nil && c.end.lastWords && !c.closed
			c.mu.Unlock()
			if spoken {
				return len(p), nil // a host that fails to write does not read
			}
			return 0, err
		}
		if !c.session.HoldsBack() {
			return c.send(p, wanted)
		}
		if c.end != nil { // the server will say nothing any more that what is held back could wait for
			cause := c.end.cause
			c.mu.Unlock()
			return 0, cause
		}
		switch taken, err := c.keepBack(p); {
		case err != nil:
			return 0, err
		case taken:
			return len(p), nil
		}
	}
}

// send writes what is held back, and host. c.wmu is held, and c.mu, which it gives back.
func (c *Conn) send(host []byte, wanted *sentAuth) (n int, err error) {
	p := host
	held := c.held()
	if len(held) > 0 {
		p = append(held[:len(held):len(held)], host...)
	}
	mark := c.session.Mark()
	if wanted != nil && wanted.phase != entra.AuthInitial && c.session.AuthOutstanding() {
		wanted = nil
	}
	edits, taken := c.session.Plan(p, asAuth(wanted), c.relogin(wanted), environment{c})
	unblocks := c.session.TakeUnblocks()
	c.mu.Unlock()
	c.server.blocked.tell(unblocks)

	if len(held) == 0 && len(edits) == 0 && taken == len(host) { // nearly always
		n, err = c.inner.Write(host)
		if n < len(host) {
			err = c.cutShort(n, &mark, err)
		}
		return n, err
	}
	if n, err = c.writeEdited(p[:taken], edits, &mark); err != nil {
		return max(0, n-len(held)), err
	}
	c.mu.Lock()
	c.hold(p[taken:])
	c.mu.Unlock()
	return len(host), nil
}

// wantedAuth returns the AUTH that should go along with the host's write: the login if this is the first one.
// c.wmu is held.
func (c *Conn) wantedAuth() (*sentAuth, error) {
	if c.written == nil {
		return c.login()
	}
	if due := c.due.Load(); due != nil {
		return newAuth(due, c.server.rotation.IsProven(due.Credential)), nil
	}
	return nil, nil
}

// relogin returns what makes an AUTH behind a command that logs out: one that the server has accepted, or
// the one that the connection is logging in with.
func (c *Conn) relogin(login *sentAuth) func() session.Auth {
	return func() session.Auth {
		if cred := c.accepted.Load(); cred != nil {
			return newLogin(cred)
		}
		if c.written == nil && login != nil {
			return newLogin(login.cred)
		}
		return newLogin(c.written)
	}
}

// largeWrite bounds what is copied to go out together with an AUTH.
const largeWrite = 64 << 10

// writeEdited writes p with its edits, in one write unless p is large, and returns how much of p was written. c.wmu is
// held.
func (c *Conn) writeEdited(p []byte, edits []session.Edit, mark *session.Mark) (n int, err error) {
	b := c.emptyBuffer()
	from := 0
	for _, e := range edits {
		if e.Auth != nil {
			c.startAuth(e.Auth.(*sentAuth))
		}
		b = append(b, p[from:e.At]...)
		b = append(b, e.Ours...)
		from = e.At + e.Cut
	}
	rest := p[from:]
	if len(rest) <= largeWrite {
		b, rest = append(b, rest...), nil
	}
	written := 0
	for _, piece := range [][]byte{b, rest} {
		if len(piece) > 0 && err == nil {
			n, err = c.inner.Write(piece)
			written += n
			if n < len(piece) || err != nil {
				err = c.cutShort(written, mark, err)
			}
		}
	}
	c.keepBuffer(b, edits)
	login := c.written == nil
	for _, e := range edits {
		if e.Auth != nil {
			c.wroteAuth(e.Auth.(*sentAuth), err)
		}
	}
	if login && err != nil && !isTimeout(err) && !errors.Is(err, net.ErrClosed) {
		// The server has closed the connection already, and may have said why: that it is full, for example.
		return len(p), nil
	}
	return hostBytes(written, edits), err
}

// emptyBuffer returns a buffer to compose a write in.
func (c *Conn) emptyBuffer() []byte {
	if c.backlog == nil { // set by writers only
		return nil
	}
	return c.backlog.composed[:0]
}

// largeBuffer bounds what a connection keeps to use again.
const largeBuffer = 4 << 10

// keepBuffer keeps the buffer of a shortened blocking call for the next one, if it is not large and holds no token.
func (c *Conn) keepBuffer(b []byte, edits []session.Edit) {
	holdsToken := slices.ContainsFunc(edits, func(e session.Edit) bool { return e.Auth != nil })
	shortened := slices.ContainsFunc(edits, func(e session.Edit) bool { return e.Cut > 0 })
	if holdsToken || !shortened || cap(b) > largeBuffer {
		return
	}
	if c.backlog == nil {
		c.mu.Lock()
		c.backlog = &backlog{}
		c.mu.Unlock()
	}
	c.backlog.composed = b
}

// hostBytes returns how many of the bytes that were to be edited went out, when so many were written.
func hostBytes(written int, edits []session.Edit) int {
	for _, e := range edits {
		if written < e.At+len(e.Ours) {
			return min(written, e.At)
		}
		written += e.Cut - len(e.Ours)
	}
	return written
}

// cutShort looks at a write that was cut short, and returns its error. If a deadline passed before a byte was written,
// nothing has happened, and all is as it was at mark. c.wmu is held.
func (c *Conn) cutShort(written int, mark *session.Mark, err error) error {
	if err == nil {
		err = io.ErrShortWrite // as an io.Writer has to say
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if written == 0 && isTimeout(err) {
		c.session.Retract(mark)
		return err
	}
	c.lose(entra.CloseByServer, err)
	c.end.writeErr = err
	return err
}
