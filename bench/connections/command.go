package connections

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readCommand reads a command. Of a long argument, which is a token, only the end is kept, for the server has thousands
// of connections and no use for more.
func readCommand(r *bufio.Reader) (args []string, err error) {
	n, err := readLength(r, '*')
	if err != nil {
		return nil, err
	}
	for range n {
		size, err := readLength(r, '$')
		if err != nil {
			return nil, err
		}
		if size > stampSize {
			if _, err := r.Discard(size - stampSize); err != nil {
				return nil, err
			}
			size = stampSize
		}
		arg := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(r, arg); err != nil {
			return nil, err
		}
		args = append(args, string(arg[:size]))
	}
	return args, nil
}

func readLength(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err != nil || line[0] != kind {
		return 0, fmt.Errorf("%q where a length was to come: %w", line, err)
	}
	return n, nil
}

// reply returns what a server says to a command, and the password in it, if there is one.
func reply(args []string) (text, password string) {
	switch name := strings.ToUpper(args[0]); {
	case name == "PING":
		return "+PONG\r\n", ""
	case name == "BLPOP":
		return "*-1\r\n", "" // nothing has come
	case name == "AUTH":
		return "+OK\r\n", args[len(args)-1]
	case name == "HELLO":
		for i, arg := range args {
			if strings.EqualFold(arg, "AUTH") && i+2 < len(args) {
				password = args[i+2]
			}
		}
		return "%3\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n", password
	default: // CLIENT SETINFO and its like
		return "+OK\r\n", ""
	}
}
