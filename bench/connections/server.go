package connections

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
)

// argument makes a program serve instead of doing what it is for.
const argument = "serve-answers"

// Serve serves if this process was started to, and reports whether it was. main calls it first. What it serves answers
// AUTH and PING at once and knows nothing else: a server with ten thousand connections would be what is measured.
func Serve() (served bool) {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return false
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "connections:", err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	_, _ = os.Stdin.Read(make([]byte, 1)) // until whoever started us closes it, or is gone
	return true
}

func answer(c net.Conn) {
	defer c.Close()
	for r := bufio.NewReaderSize(c, 256); ; {
		line, err := r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull { // a token is longer than what is looked at
			return
		}
		switch word := strings.TrimSpace(string(line)); word {
		case "AUTH":
			_, err = c.Write([]byte("+OK\r\n"))
		case "PING":
			_, err = c.Write([]byte("+PONG\r\n"))
		default:
			continue
		}
		if err != nil {
			return
		}
	}
}
