package entraconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A Conn is a connection to Redis that logs in with a Microsoft Entra token and stays logged in. To
// the client library above it looks and behaves like the connection below it: AUTH commands and
// their answers never show.
//
// Read, Write, Close and the deadlines may be called from several goroutines at once, as on any
// net.Conn. It hides what else the connection below can do, because clients that find a
// syscall.Conn or a tls.Conn look at bytes that are not theirs.
type Conn struct {
	// The comment of the package says in which order its locks are taken.

	inner    deadline.Conn // the connection below
	server   *server
	opened   time.Duration                       // when, since the Dialer started
	member   rotation.Member                     // of the server's rotation, which guards it
	dueAuth  atomic.Pointer[rotation.Due]        // nil if no AUTH is due
	accepted atomic.Pointer[rotation.Credential] // the one that the server accepted last
	id       uint32                              // different for each open connection of the Dialer
	signals  signals

	// wmu serialises what goes to the server. It is held over I/O, because our bytes and those of
	// the client must not mix.
	wmu sync.Mutex

	// rmu serialises what comes from the server. It is held over I/O for the same reason.
	rmu        sync.Mutex
	readBuffer *[]byte // read for the client by a read of ours, nil if there is nothing

	// mu guards the state, and is never held over I/O. A goroutine that accounts for a write holds
	// wmu from there to the end of the write, so that the session sees the bytes in the order in
	// which they go out. The same holds for what was read, and rmu.
	mu          sync.Mutex
	session     session.Session
	writtenCred *rotation.Credential // in the AUTH that was written last; nil before the login
	login       *login               // nil once the login was answered
	backlog     *backlog             // nil until something was held back
	ending      *ending              // nil until the connection has ended
}

// Write writes p, and with it an AUTH if one is due and may go there. It blocks as the connection
// below does. The first write waits for a valid token if there is none, see entra.Options.TokenWait. n
// counts bytes of p only. A write that was cut short ends the connection for writing.
//
// Bytes after a blocking command, and the start of a command that is not complete, are kept until
// they can be sent, and count as written. A Write for which a mebibyte has no room blocks.
func (c *Conn) Write(p []byte) (n int, err error) {
	n, full, err := c.writeOnce(p)
	for full != nil {
		if err = full.awaitRoom(); err != nil {
			break
		}
		var more int
		more, full, err = c.writeOnce(p[n:])
		n += more
	}
	if c.signals.has(rotationWaits) {
		rotationConn{c}.proceed()
	}
	return n, err
}

// writeOnce writes p or adds it to the backlog. If that has no room for all of it, or waits for a
// login, it returns it, and n ends where a command does, unless p begins in one.
func (c *Conn) writeOnce(p []byte) (n int, full *backlog, err error) {
	if !c.wmu.TryLock() { // another write of the client has it, or one of ours, which ends in time for this one
		if err := c.inner.HurryWrite(); err != nil {
			return 0, nil, err
		}
		c.wmu.Lock()
		c.inner.WriteHurried()
	}
	defer c.wmu.Unlock()
	commands, ok := c.takeOrdinaryLocked(p)
	if !ok {
		return c.writeOtherLocked(p)
	}
	if n, err = c.inner.Write(p); n < len(p) { // nearly never
		err = c.cutOrdinaryShortLocked(n, len(p), commands, err)
	}
	return n, nil, err
}

// WriteString is Write for a string, which is not copied. A bufio.Writer looks for it: without it
// redigo writes long values in pieces of 4 KiB.
func (c *Conn) WriteString(s string) (n int, err error) {
	// A Writer must not modify what it writes. A copy of 64 KiB would cost redigo a sixth of the
	// CPU of a SET and a GET.
	return c.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// takeOrdinaryLocked accounts for p if it consists of ordinary commands and nothing of ours goes
// out with it, and reports whether that is so. It needs wmu.
func (c *Conn) takeOrdinaryLocked(p []byte) (commands uint64, ok bool) {
	c.mu.Lock() // before the write: Retire, which takes only mu, must see that something is in flight
	if c.writtenCred != nil && c.ending == nil && c.dueAuth.Load() == nil {
		commands, ok = c.session.TakeOrdinary(p)
	}
	c.mu.Unlock()
	return commands, ok
}

// cutOrdinaryShortLocked is cutShortLocked for all that takeOrdinaryLocked has taken. It needs wmu.
func (c *Conn) cutOrdinaryShortLocked(written, all int, commands uint64, err error) error {
	c.mu.Lock()
	mark := c.session.Mark().BeforeOrdinary(all, commands)
	c.mu.Unlock()
	return c.cutShortLocked(written, &mark, err)
}

// writeOtherLocked is writeOnce for what takeOrdinaryLocked does not take. It needs wmu.
func (c *Conn) writeOtherLocked(p []byte) (n int, full *backlog, err error) {
	for {
		var more int
		more, full, err = c.writePieceLocked(p[n:])
		if n += more; n == len(p) || full != nil || err != nil {
			return n, full, err
		}
	}
}

// writePieceLocked is writeOtherLocked for a piece at the start of p: all of it, unless it is large
// and must be joined to what is held back. It needs wmu.
func (c *Conn) writePieceLocked(p []byte) (n int, full *backlog, err error) {
	auth, err := c.wantedAuthLocked()
	if err != nil {
		return 0, nil, err
	}
	c.mu.Lock()
	if c.ending.writeErr() != nil || c.session.HoldsBack() {
		defer c.mu.Unlock()
		return c.holdBackLocked(p)
	}
	joined, before := c.backlog.joinHeldLocked(p)
	w := c.planLocked(joined, auth)
	c.mu.Unlock()
	c.server.passUnblocks(c, w.unblocks)

	if before == 0 && len(w.edits) == 0 && w.taken == len(p) { // nearly always
		if n, err = c.inner.Write(p); n < len(p) {
			err = c.cutShortLocked(n, &w.mark, err)
		}
		return n, nil, err
	}
	written, err := c.writeEditedLocked(&w)
	if before == 0 && (err != nil || w.taken == len(p)) {
		return written, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.backlogLocked()
	if err != nil {
		b.held.DropLast(len(b.held.Held()) - before)
		return max(0, written-before), nil, err
	}
	if n = b.held.Keep(joined, before, w.taken); n < len(joined)-before {
		full = b.fullLocked()
	}
	return n, full, nil
}

// wantedAuthLocked returns the AUTH that should go along with a write of the client: the login if
// this is the first one. It needs wmu.
func (c *Conn) wantedAuthLocked() (*sentAuth, error) {
	c.mu.Lock()
	first, login := c.writtenCred == nil && c.ending.writeErr() == nil, c.login
	c.mu.Unlock()
	if first {
		return login.firstAuthLocked()
	}
	if due := c.dueAuth.Load(); due != nil {
		return newAuth(c, due), nil
	}
	return nil, nil
}

// holdBackLocked adds p to the backlog, because what was written before waits for the server. If
// the backlog takes nothing now, it returns it. On a connection that has ended nothing is added. It
// needs wmu and mu.
func (c *Conn) holdBackLocked(p []byte) (n int, full *backlog, err error) {
	if err := c.ending.writeErr(); err != nil {
		return 0, nil, err
	}
	if c.ending != nil { // the reply that the backlog waits for will not come
		return 0, nil, c.ending.err
	}
	b := c.backlogLocked()
	c.session.HoldMore()
	if c.session.AwaitsLogin() || !b.held.HasRoom(len(p)) {
		return 0, b.fullLocked(), nil
	}
	b.held.Append(p)
	return len(p), nil, nil
}

// backlogLocked returns the backlog. It needs mu.
func (c *Conn) backlogLocked() *backlog {
	if c.backlog == nil {
		c.backlog = &backlog{conn: c}
	}
	return c.backlog
}

// A plannedWrite is what the session makes of a write.
type plannedWrite struct {
	p        []byte            // what was held back, and what the client writes
	taken    int               // bytes of p that may be written now
	edits    []session.Edit    // of the bytes taken
	mark     session.Mark      // of the session before the write
	unblocks []session.Unblock // CLIENT UNBLOCKs among the bytes taken
	isLogin  bool              // no login was written before this write
	buffer   []byte            // to compose the write in, nil if an AUTH is part of it
}

// planLocked plans a write of p, what was held back included, with an AUTH if one may go there. It
// needs wmu and mu.
func (c *Conn) planLocked(p []byte, auth *sentAuth) plannedWrite {
	w := plannedWrite{p: p, mark: c.session.Mark(), isLogin: c.writtenCred == nil}
	if auth != nil && !auth.Login() && c.session.AuthInFlight() {
		auth = nil
	}
	cred := c.reloginCredentialLocked(auth)
	relogin := func() session.Auth { return newLoginAuth(c, cred) }
	w.edits, w.unblocks, w.taken = c.session.Plan(w.p, asAuth(auth), relogin, environment{c})
	if !session.HoldAuth(w.edits) {
		w.buffer = c.backlog.emptyBuffer()
	}
	return w
}

// reloginCredentialLocked returns the credential for an AUTH after a command that logs out: the one
// that the server has accepted, or else the one of the login in flight. It needs mu.
func (c *Conn) reloginCredentialLocked(auth *sentAuth) *rotation.Credential {
	switch cred := c.accepted.Load(); {
	case cred != nil:
		return cred
	case c.writtenCred == nil && auth != nil:
		return auth.cred
	}
	return c.writtenCred
}

// writeEditedLocked writes what was planned, in one write unless it is large, and returns how much
// of it was written, without the edits. It needs wmu.
func (c *Conn) writeEditedLocked(w *plannedWrite) (n int, err error) {
	for _, e := range w.edits {
		if e.Auth != nil {
			e.Auth.(*sentAuth).reportStart()
		}
	}
	written, edited := 0, session.Edited{Input: w.p[:w.taken], Edits: w.edits, Space: w.buffer}
	for piece := edited.Next(); len(piece) > 0 && err == nil; piece = edited.Next() {
		n, err = c.inner.Write(piece)
		if written += n; n < len(piece) || err != nil {
			err = c.cutShortLocked(written, &w.mark, err)
		}
	}
	if isReusable(edited.Space, w.edits) {
		c.mu.Lock()
		c.backlogLocked().buffer = edited.Space
		c.mu.Unlock()
	}
	for _, e := range w.edits {
		if e.Auth != nil {
			e.Auth.(*sentAuth).wrote(err)
		}
	}
	if w.isLogin && err != nil && !deadline.IsTimeout(err) && !errors.Is(err, net.ErrClosed) {
		// The server has closed the connection already, and may have said why: that it is full, for
		// example.
		return w.taken, nil
	}
	return session.ClientBytes(written, w.edits), err
}

// cutShortLocked handles a write that was cut short, and returns its error. If a deadline passed
// before a byte was written, it takes the session back to mark. Otherwise it ends the connection
// for writing. It needs wmu.
func (c *Conn) cutShortLocked(written int, mark *session.Mark, err error) error {
	if err == nil {
		err = io.ErrShortWrite // as an io.Writer has to say
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if written == 0 && deadline.IsTimeout(err) {
		c.session.Retract(mark)
		return err
	}
	c.endLocked(entra.CloseByServer, err)
	c.ending.cutErr = err
	return err
}

// Read reads what the server sends to the client. It blocks as the connection below does. If the
// server refused the login, or served no client then, the error is an *entra.AuthError.
func (c *Conn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return c.inner.Read(p)
	}
	if !c.rmu.TryLock() { // another read of the client holds it, or one of ours, which HurryRead ends
		c.inner.HurryRead()
		c.rmu.Lock()
		c.inner.Hurried()
	}
	n, err = c.readLocked(p)
	c.rmu.Unlock()
	if c.signals.has(rotationWaits | writesWait) {
		wakeWriters(c) // which read by themselves while no read of the client does
		rotationConn{c}.proceed()
	}
	return n, err
}

// readLocked reads until there is something for the client. It needs rmu.
func (c *Conn) readLocked(p []byte) (int, error) {
	for {
		if c.readBuffer != nil {
			n := copy(p, *c.readBuffer)
			if *c.readBuffer = (*c.readBuffer)[n:]; len(*c.readBuffer) == 0 {
				c.readBuffer = nil
			}
			return n, nil
		}
		if c.signals.has(stopped) {
			return 0, c.readErr()
		}
		n, err := c.inner.Read(p)
		taken := c.takeExpectedLocked(p[:n])
		if taken == n && n > 0 && err == nil { // nearly always
			return n, nil
		}
		kept, after, err := c.receiveLocked(p, n, taken, err)
		if c.addReadLocked(after); c.readBuffer != nil {
			err = nil // the next read returns it again
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}

// takeExpectedLocked takes the replies at the start of p that the client gets as they are, and
// returns how many bytes they are. It needs rmu.
func (c *Conn) takeExpectedLocked(p []byte) (taken int) {
	c.mu.Lock()
	taken = c.session.TakeExpected(p)
	c.mu.Unlock()
	return taken
}

// addReadLocked adds p to the read buffer. It needs rmu.
func (c *Conn) addReadLocked(p []byte) {
	if len(p) == 0 {
		return
	}
	if c.readBuffer == nil {
		c.readBuffer = new([]byte)
	}
	*c.readBuffer = append(*c.readBuffer, p...)
}

// readSizeLocked returns how many bytes are in the read buffer. It needs rmu.
func (c *Conn) readSizeLocked() int {
	if c.readBuffer == nil {
		return 0
	}
	return len(*c.readBuffer)
}

// readAheadLocked reads once, for at most d, and keeps what comes for the client. It needs rmu.
func (c *Conn) readAheadLocked(buf []byte, d time.Duration) error {
	c.inner.BeginRead(time.Now().Add(d))
	n, err := c.inner.Read(buf)
	kept, after, err := c.receiveLocked(buf, n, 0, err)
	c.inner.EndRead()
	c.addReadLocked(buf[:kept])
	c.addReadLocked(after)
	return err
}

// receiveLocked takes n bytes that were read into p, and the error of that read. takeExpectedLocked
// has taken the first ones already. It leaves the bytes for the client at the start of p, which may
// be none, and returns those that come after them. It needs rmu.
func (c *Conn) receiveLocked(p []byte, n, taken int, err error) (kept int, after []byte, _ error) {
	kept = n
	if n > taken || c.hasPendingReply() {
		kept, after = c.splitLocked(p[:n], taken)
		if len(after) > 0 && deadline.IsTimeout(err) {
			err = nil // WakeRead was the reason, or the next read returns it again
		}
	}
	if err == nil {
		return kept, after, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended := c.ending.readErr(); ended != nil {
		return kept, after, ended // the read was interrupted for this
	}
	if !deadline.IsTimeout(err) {
		c.endLocked(entra.CloseByServer, err)
	}
	return kept, after, err
}

// splitLocked splits what the server sent into what is for the client and what is for us, and acts
// on the latter. The first bytes were taken already. It leaves n bytes for the client at the start
// of p, and returns those that come after them. It needs rmu.
func (c *Conn) splitLocked(p []byte, taken int) (n int, after []byte) {
	c.mu.Lock()
	if c.session.HasPendingReply() {
		c.inner.EndWake() // a read was woken for that, unless it had something to read
	}
	n, after, err := c.session.Received(p, taken, environment{c})
	answers := c.session.TakeAnswers()
	if errors.Is(err, session.ErrDesync) {
		c.failLocked(entra.CloseProtocol, err)
	}
	unanswered := c.session.AuthsInFlight()
	ready := c.session.Ready()
	c.mu.Unlock()
	for _, v := range answers.Verdicts {
		v.Auth.(*sentAuth).answeredLocked(v)
	}
	c.server.noteAnswers(c, answers)
	if ready {
		c.resume()
	}
	if err == nil {
		return n, after
	}
	for _, a := range unanswered {
		a.(*sentAuth).reportDone(entra.AuthDoneInfo{Err: c.readErr()})
	}
	if errors.Is(err, session.ErrDesync) {
		_ = c.inner.Close() // the server must not run what was queued after it
	}
	return n, after
}

// hasPendingReply reports whether the client is to get a reply that the server did not send.
func (c *Conn) hasPendingReply() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.HasPendingReply()
}

// resume starts to send the backlog, if the reply that it waited for has come.
func (c *Conn) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.Ready() && c.ending.writeErr() == nil {
		c.backlogLocked().resumeLocked()
	}
}

// hasNumber reports whether the connection is open and the server knows it by that number.
func (c *Conn) hasNumber(number int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending == nil && c.session.ClientNumber() == number
}

// unblocked is called when another connection is about to send CLIENT UNBLOCK for this one.
func (c *Conn) unblocked(u session.Unblock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending.writeErr() == nil && c.session.TakeUnblock(u) {
		c.inner.WakeRead()
	}
}

// SetDeadline sets the deadlines of the client's reads and writes. AUTHs of ours have their own.
func (c *Conn) SetDeadline(t time.Time) error {
	if c.signals.has(writesWait) {
		defer wakeWriters(c)
	}
	return c.inner.SetDeadline(t)
}

// SetReadDeadline sets the deadline of the client's reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of the client's writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.signals.has(writesWait) {
		defer wakeWriters(c)
	}
	return c.inner.SetWriteDeadline(t)
}

// LocalAddr returns the local address of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr returns the remote address of the connection below.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// Close closes the connection. A Read or a Write under way returns an error; Close waits for neither.
func (c *Conn) Close() error {
	c.mu.Lock()
	first := !c.ending.isClosed()
	c.endLocked(entra.CloseByClient, nil)
	c.ending.closed = true
	c.login.giveUpLocked()
	c.mu.Unlock()
	if first {
		c.reportEnd()
	}
	return c.inner.Close()
}

// peer returns the remote address, which other connections may share.
func (c *Conn) peer() string { return fmt.Sprint(c.inner.RemoteAddr()) }

// readErr returns why nothing more can be read, nil if it can.
func (c *Conn) readErr() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending.readErr()
}

// failLocked makes Read and Write return err from now on. It needs mu.
func (c *Conn) failLocked(why entra.CloseReason, err error) {
	c.endLocked(why, err)
	if c.ending.connErr == nil {
		c.ending.connErr = err
		c.signals.set(stopped)
	}
}

// endLocked remembers why the connection ended, if it has not ended before. It needs mu.
func (c *Conn) endLocked(why entra.CloseReason, err error) {
	if c.ending == nil {
		c.ending = newEnding(why, err, c.accepted.Load())
		c.ending.unrenewable, _ = c.session.BarredBy()
		c.backlog.wakeWritersLocked()
	}
}

// reportEnd reports the end of a connection, once: when the client closes it, or when a worker
// finds that it has ended. A pool may not use an idle connection for hours.
func (c *Conn) reportEnd() {
	c.mu.Lock()
	if c.ending.isReported {
		c.mu.Unlock()
		return
	}
	c.ending.isReported = true
	end := *c.ending
	unanswered := c.session.AuthsInFlight()
	c.mu.Unlock()

	err := end.err
	if err == nil {
		err = net.ErrClosed
	}
	for _, a := range unanswered {
		a.(*sentAuth).reportDone(entra.AuthDoneInfo{Err: err})
	}
	c.server.detach(c, end)
	info := entra.ConnClosedInfo{
		Conn: c.connInfo(), Reason: end.closeReason, Age: end.endedAt.Sub(c.server.dialer.startedAt) - c.opened,
		Unrenewable: end.unrenewable.String(), Err: end.err,
	}
	if cred := c.accepted.Load(); cred != nil {
		info.TokenExpiresOn = cred.Token().ExpiresOn()
	}
	c.server.dialer.obs.ConnClosed(context.Background(), info)
}

// Format implements [fmt.Formatter]. Every verb gives the number and the server of the connection:
// the fields change while they are printed, and are none of a program's business.
func (c *Conn) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "entraconn.Conn{id: %d, server: %s}", c.id, c.server.addr)
}

// connInfo describes the connection for an observer.
func (c *Conn) connInfo() entra.ConnInfo {
	described := c.server.serverInfo
	described.ID, described.RemoteAddr = uint64(c.id), c.inner.RemoteAddr()
	return described
}
