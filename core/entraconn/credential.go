package entraconn

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A credential is a token as it goes over the wire. It is encoded once for all connections.
type credential struct {
	token  entra.Token
	wire   wire   // AUTH user token
	number uint64 // newer ones have higher ones
}

// wire is an encoded AUTH. The type exists so that no format verb shows what is in it.
type wire []byte

func (wire) String() string   { return "AUTH REDACTED" }
func (wire) GoString() string { return "AUTH REDACTED" }

func newCredential(tok entra.Token, number uint64) *credential {
	user, password := tok.Credentials()
	auth := fmt.Appendf(nil, "*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(user), user, len(password), password)
	return &credential{token: tok, wire: auth, number: number}
}

// A dueAuth is what the next AUTH on a connection should be.
type dueAuth struct {
	cred  *credential
	phase entra.AuthPhase
}

// An attempt is one AUTH of ours on one connection, from its write to its answer.
type attempt struct {
	cred  *credential
	phase entra.AuthPhase
	due   *dueAuth // that it fulfils, nil for a login
	begun time.Time
	// proven says that the server has accepted the credential on another connection, so that what is written behind
	// this AUTH may count on it.
	proven bool
	next   time.Time       // when a worker first found its answer to be the next reply; guarded by Conn.rmu
	ctx    context.Context // what the observer's AuthStart returned, once told is toldStart
	told   atomic.Int32
}

// What the observer was told of an attempt.
const (
	toldNothing = iota
	toldStart
	toldDone
)

func newAttempt(due *dueAuth) *attempt {
	return &attempt{cred: due.cred, phase: due.phase, due: due, begun: time.Now()}
}

func newLogin(cred *credential) *attempt {
	return &attempt{cred: cred, phase: entra.AuthInitial, begun: time.Now()}
}

// Wire returns the command as it is sent.
func (a *attempt) Wire() []byte { return a.cred.wire }

// Login reports whether a is the login of its connection.
func (a *attempt) Login() bool { return a.phase == entra.AuthInitial }

// asAuth keeps a nil *attempt from becoming an Auth that is not nil.
func asAuth(a *attempt) session.Auth {
	if a == nil {
		return nil
	}
	return a
}
