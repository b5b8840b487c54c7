package rotation

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A Conn is a connection as a [Server] sees it.
//
// Accepted, CurrentBar and SetDue return at once and call nothing of this package: a Server calls
// them with its lock held. The others are called without it, and Renew of one Conn by one goroutine
// at a time.
//
// Renew and Retire may have to wait for something that the client does. Nothing looks at the
// connection until then. When a read or a write has changed that, the Conn calls Server.Continue.
type Conn interface {
	// Accepted returns the credential that the server accepted last on this connection, nil before
	// the login was answered.
	Accepted() *Credential
	// CurrentBar returns why no AUTH may be sent on the connection now.
	CurrentBar() Bar
	// SetDue has the next write of the client take an AUTH along. nil takes that back.
	SetDue(due *Due)
	// Renew writes the AUTH that is due, if it may be written now, and if an AUTH is in flight,
	// reads for at most wait to find its answer. It waits for no read or write of the client. buf
	// is what it may read into.
	Renew(buf []byte, wait time.Duration) Progress
	// Retire ends a connection that cannot be renewed before its token expires, see
	// session.Session.MayRetire, unless the client would lose something, and reports whether it did.
	// The client's calls return EOF from then on. It is the client that closes the connection for that.
	Retire() bool
	// ReportEnd reports the end of the connection, because its client may not look at it for hours.
	ReportEnd()
}

// A Due is the AUTH that should be sent next on a connection.
type Due struct {
	Credential *Credential
	Phase      entra.AuthPhase
}

// A Bar says why no AUTH may be sent on a connection. The zero Bar is that of one where it may be
// sent now, or as soon as a command ends or a reply comes that is on its way.
type Bar struct {
	Why     session.Reason
	Forever bool
	// Until is when the server ends the slice of a blocking command. If the client is not there to
	// read that, the Server has to look. It is zero if there is no such moment.
	Until time.Time
}

// Progress says how far the renewal of a connection is.
type Progress uint8

const (
	// Complete means that no AUTH is due and none is in flight.
	Complete Progress = iota
	// Pending means that the answer to the AUTH was not there yet. To look again helps.
	Pending
	// AwaitsClient means that the client reads or writes now, or has to read first. It is over when
	// the Conn calls Server.Continue.
	AwaitsClient
	// Barred is AwaitsClient where Conn.CurrentBar says why no AUTH may be sent.
	Barred
	// Ended means that the connection has ended.
	Ended
)
