package session

import (
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// A ClientLogin says that the server has accepted a login of the client's own, by AUTH or by HELLO
// with AUTH.
type ClientLogin uint8

const (
	// NoLogin: there was none.
	NoLogin ClientLogin = iota
	// LoginAsUs: as the user of our AUTHs. The server counts the life of the client's token from
	// then on, so an AUTH of ours should follow.
	LoginAsUs
	// LoginAsAnother: as another user. The connection belongs to the client from then on, whatever
	// it does next, and gets no AUTH of ours.
	LoginAsAnother

	// reportedAnother is LoginAsAnother that was reported.
	reportedAnother
)

// isForeign reports whether the connection belongs to the client.
func (l ClientLogin) isForeign() bool { return l >= LoginAsAnother }

// takeNews returns the login, once.
func (l *ClientLogin) takeNews() (login ClientLogin) {
	switch login = *l; login {
	case LoginAsUs:
		*l = NoLogin
	case LoginAsAnother:
		*l = reportedAnother
	case NoLogin, reportedAnother:
		return NoLogin
	}
	return login
}

// A queuedLogin is what the commands that a transaction has queued do when EXEC runs them. DISCARD and
// RESET, and an EXEC that runs nothing, forget it.
type queuedLogin struct {
	login ClientLogin
	hello bool // what the wire speaks may change
}

// include takes a command that was queued. One login as another user is enough.
func (q *queuedLogin) include(login ClientLogin, kind resp.Kind) {
	q.login = max(q.login, login)
	q.hello = q.hello || kind != resp.Auth
}

// defaultUser is the user that AUTH with a password alone logs in as.
const defaultUser = "default"

// loginUser returns the user of a complete AUTH or HELLO, ok false if the command names none.
func loginUser(command []byte) (user string, ok bool) {
	args := splitArguments(nil, command)
	text := func(i int) string { return string(args[i].bytesOf(command)) }
	if strings.EqualFold(text(0), "AUTH") {
		switch len(args) {
		case 2:
			return defaultUser, true
		case 3:
			return text(1), true
		}
		return "", false
	}
	for i := 2; i < len(args); i += 2 { // HELLO 3 AUTH user password SETNAME name
		if strings.EqualFold(text(i), "AUTH") && i+2 < len(args) {
			user, ok = text(i+1), true // the last one counts
			i++
		}
	}
	return user, ok
}
