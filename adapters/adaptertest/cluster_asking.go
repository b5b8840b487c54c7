package adaptertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// askingKept catches a library that sends AUTH between ASKING and its command where the client
// writes the two separately, with time enough for a renewal between them. The node that imports the
// slot is the judge: it serves the slot only right after ASKING.
func askingKept(e *clusterEnv) {
	const key, iterations = "asked", 30
	slot := entratest.KeySlot(key)
	from, err := e.cluster.Owner(e.ctx, slot)
	if err != nil {
		e.t.Fatal(err)
	}
	nodes := e.cluster.Nodes()[:3]
	to := (slices.Index(nodes, from) + 1) % len(nodes)
	if _, err := e.cluster.MigrateSlot(e.ctx, slot, nodes[to]); err != nil {
		e.t.Fatal(err)
	}
	conn, err := e.harness.Dial(e.ctx, e.config("asking", 1), e.at(clusterSeed, to))
	if err != nil {
		e.t.Fatal(e.output.saw(err))
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hangs)); err != nil {
		e.t.Fatal(err)
	}
	replies := bufio.NewReader(conn)
	auths := func() int { return len(nodes[to].Gateway.Auths()) }
	for iteration := 0; iteration < iterations || auths() < iterations/3; iteration++ {
		err := exchange(conn, replies, "*1\r\n$6\r\nASKING\r\n", "+OK\r\n")
		rest(e.ctx, time.Duration(iteration%iterations)*100*time.Millisecond/iterations) // up to the least time from one AUTH to the next
		if err == nil {
			err = exchange(conn, replies, fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key), "$-1\r\n")
		}
		if err != nil {
			e.t.Errorf("iteration %d: %v", iteration, e.output.saw(err))
			return
		}
	}
	e.each(func(_ int, one *env) { one.eachTokenOnce() })
}

func exchange(conn net.Conn, replies *bufio.Reader, command, want string) error {
	if _, err := io.WriteString(conn, command); err != nil {
		return err
	}
	got, err := replies.ReadString('\n')
	if err == nil && got != want {
		err = fmt.Errorf("%s was answered %q, want %q", strings.Fields(command)[2], got, want)
	}
	return err
}
