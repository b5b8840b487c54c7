package session

import (
	"errors"
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// An Auth is an AUTH of ours, which a Session puts between the client's commands. A Session
// compares no two of them and gives them back as they are: in edits, and in verdicts.
type Auth interface {
	Wire() []byte // the command, encoded
	Login() bool  // whether it is the first on its connection, or follows a command that logs out
}

// A Verdict is the server's answer to an AUTH of ours.
type Verdict struct {
	Auth Auth
	OK   bool // the server has accepted it
	// Lost: what stood in the answer's place was none, so the connection ends with ErrDesync.
	Lost bool
	// Line is the server's error, without type byte and CRLF, of which the first 512 bytes are
	// kept. It may repeat the arguments of AUTH, the token among them. It is empty if OK or Lost.
	// If the server gave no answer, it says so.
	Line    string
	Failure AuthFailure // what the error means
}

// ErrDesync says that the answer to an AUTH of ours cannot be told from the client's replies any
// more. The connection must be closed at once, so that the server runs nothing of what was written.
var ErrDesync = errors.New("entraconn: cannot follow the protocol while an AUTH is unanswered; the connection is closed, another one helps")

// errRefused makes Received stop where the server did not accept the login: it has refused it, or
// serves no client at the moment. The caller ends the connection for the verdict, and needs this
// error for nothing.
var errRefused = errors.New("entraconn: login refused")

// judge turns the answer to an AUTH of ours into a verdict. Anything but OK or an error that AUTH
// may give means that the AUTH did not reach the server where it was meant to, inside a transaction
// for example. An error ends the connection.
func judge(a Auth, frame resp.Frame, answer string) (v Verdict, err error) {
	v.Auth = a
	answer = strings.TrimSuffix(answer, "\r\n")
	switch {
	case answer == "+OK":
		v.OK = true
		return v, nil
	case frame != resp.Error:
		v.Lost = true
		return v, ErrDesync
	}
	if v.Failure = classifyAuthError(answer[1:], a.Login()); v.Failure == notOurs {
		v.Lost = true
		return v, ErrDesync
	}
	v.Line = answer[1:]
	if a.Login() {
		return v, errRefused // the client must not see what the server says to commands after it
	}
	return v, nil
}
