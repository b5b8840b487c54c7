package session

import (
	"bytes"
	"strconv"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// An Unblock is a CLIENT UNBLOCK that the client is about to send, for the lease of another
// connection.
type Unblock struct {
	ClientID int64       // the server's number of the other connection
	Reply    lease.Reply // with which the call there ends
}

// parseUnblock returns what a complete CLIENT UNBLOCK says; ok is false if the server will refuse
// it.
func parseUnblock(command []byte) (u Unblock, ok bool) {
	args := splitArguments(nil, command)
	u.Reply = lease.NullReply
	switch len(args) {
	case 3:
	case 4:
		switch how := args[3].bytesOf(command); {
		case bytes.EqualFold(how, []byte("ERROR")):
			u.Reply = lease.UnblockedReply
		case !bytes.EqualFold(how, []byte("TIMEOUT")):
			return u, false
		}
	default:
		return u, false
	}
	number, err := strconv.ParseInt(string(args[2].bytesOf(command)), 10, 64)
	u.ClientID = number
	return u, err == nil
}
