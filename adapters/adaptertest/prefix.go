package adaptertest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
)

// prefixesStay catches a library that sends AUTH after a command that changes the next one. Then
// the read is not tracked, the reply is not left out, or the node does not serve a slot that is
// moving.
func prefixesStay(e *env) {
	var written recorder
	e.through(func(conn net.Conn) net.Conn { written.Conn = conn; return &written })
	cfg := e.cfg
	cfg.Name, cfg.Conns = "raw", 1
	conn, err := e.harness.Dial(e.ctx, cfg)
	if err != nil {
		e.t.Fatal(e.output.saw(err))
	}
	defer func() { _ = conn.Close() }()                           // after the verdict
	defer context.AfterFunc(e.ctx, func() { _ = conn.Close() })() // so that no read waits without end
	in := bufio.NewReader(conn)
	talk := func(commands, want string) error {
		for command := range strings.SplitSeq(commands, "; ") {
			if _, err := conn.Write(encode(strings.Fields(command))); err != nil {
				return err
			}
			rest(e.ctx, e.life/40) // so that renewals fall due
		}
		for prefix := range strings.SplitSeq(want, "; ") {
			line, err := in.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, prefix) {
				return fmt.Errorf("%s: read %q, %w; want %q", commands, line, err, prefix)
			}
		}
		return nil
	}
	talks := [][2]string{
		{"ASKING; GET none; PING", "-; $-1; +PONG"},
		{"CLIENT REPLY SKIP; ECHO nothing; PING", "+PONG"},
	}
	if e.protocol == 3 {
		talks[0][1] = "-; _; +PONG"
		talks = append(talks, [2]string{"CLIENT CACHING YES; GET none", "+OK; _"})
		if _, err := conn.Write(encode([]string{"HELLO", "3"})); err != nil {
			e.t.Fatal(e.output.saw(err))
		}
		if err := talk("CLIENT TRACKING ON OPTIN", "%7"); err != nil {
			e.t.Fatal(err)
		}
		for line := ""; line != "+OK\r\n"; {
			if line, err = in.ReadString('\n'); err != nil {
				e.t.Fatal(e.output.saw(err))
			}
		}
	}
	e.during(e.awaitRotations, 1, 0, func(_, iteration int) error {
		next := talks[iteration%len(talks)]
		return talk(next[0], next[1])
	})
	if split := written.find(`(ASKING|SKIP|YES)\r\n\*3\r\n\$4\r\nAUTH\r\n`); split != "" {
		e.t.Errorf("AUTH stands between %q and its command", split)
	}
	e.renewed(1)
	e.unnoticed()
}

func encode(args []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.Bytes()
}

// A recorder keeps all that is written on a connection.
type recorder struct {
	net.Conn

	mu      sync.Mutex
	written bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.Conn.Write(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written.Write(p[:n])
	return n, err
}

// find returns what the first group of an expression matches.
func (r *recorder) find(expression string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	match := regexp.MustCompile(expression).FindSubmatch(r.written.Bytes())
	if match == nil {
		return ""
	}
	return string(match[1])
}
