package session

import (
	"bytes"
	"strconv"
)

// unblocks returns whom a complete CLIENT UNBLOCK means and what that one gets, owedNothing if the
// server will refuse it.
func unblocks(command []byte) (id int64, end PendingReply) {
	args := arguments(nil, command)
	end = NullReply
	switch len(args) {
	case 3:
	case 4:
		switch reason := args[3].text(command); {
		case bytes.EqualFold(reason, []byte("ERROR")):
			end = UnblockedReply
		case !bytes.EqualFold(reason, []byte("TIMEOUT")):
			return 0, NoReply
		}
	default:
		return 0, NoReply
	}
	id, err := strconv.ParseInt(string(args[2].text(command)), 10, 64)
	if err != nil {
		return 0, NoReply
	}
	return id, end
}
