package entraconn

import (
	"bytes"
	"strconv"
)

// unblocks returns whom a complete CLIENT UNBLOCK means and what that one gets, owedNothing if the server will refuse it.
func unblocks(command []byte) (id int64, end owed) {
	args := arguments(nil, command)
	end = owedNull
	switch len(args) {
	case 3:
	case 4:
		switch reason := args[3].text(command); {
		case bytes.EqualFold(reason, []byte("ERROR")):
			end = owedError
		case !bytes.EqualFold(reason, []byte("TIMEOUT")):
			return 0, owedNothing
		}
	default:
		return 0, owedNothing
	}
	id, err := strconv.ParseInt(string(args[2].text(command)), 10, 64)
	if err != nil {
		return 0, owedNothing
	}
	return id, end
}
