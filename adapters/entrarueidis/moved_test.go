package entrarueidis_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/tidwall/redcon"
)

// serveMoved serves a node of a cluster that answers SET with MOVED to another one, CLUSTER SLOTS with itself, and
// everything else with OK. asked returns how often it was asked for SET.
func serveMoved(t *testing.T, network *entratest.Network, addr, to string) (asked func() int64) {
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	var moved atomic.Int64
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				for commands := redcon.NewReader(conn); ; {
					command, err := commands.ReadCommand()
					if err != nil {
						return
					}
					answer := "+OK\r\n"
					switch strings.ToUpper(string(command.Args[0])) {
					case "SET":
						moved.Add(1)
						answer = "-MOVED 12539 " + to + "\r\n"
					case "CLUSTER": // SLOTS: all are here
						host, port, _ := net.SplitHostPort(addr)
						answer = fmt.Sprintf("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$%d\r\n%s\r\n:%s\r\n$4\r\nnode\r\n", len(host), host, port)
					}
					if _, err := conn.Write([]byte(answer)); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return moved.Load
}
