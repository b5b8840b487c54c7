// Trip makes one journey with a connection, in virtual time, and writes the coverage counters of its binary when the
// journey begins and when it has ended.
//
//	trip -to FOLDER JOURNEY
//
// internal/journeys builds it with -cover and reads the counters in FOLDER/before and FOLDER/after.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/coverage"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

func main() {
	testing.Init() // testing/synctest needs a test
	to := flag.String("to", "", "folder for the counters")
	flag.Parse()
	journey, ok := journeys()[flag.Arg(0)]
	if !ok || *to == "" {
		fmt.Fprintln(os.Stderr, "usage: trip -to FOLDER JOURNEY")
		os.Exit(2)
	}
	trip := testing.InternalTest{Name: "Trip", F: func(t *testing.T) { synctest.Test(t, func(t *testing.T) { travel(t, *to, journey) }) }}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{trip}, nil, nil)
}

// journeys returns what a client does with a connection that has answered a command.
func journeys() map[string]func(t *testing.T, c net.Conn) {
	return map[string]func(t *testing.T, c net.Conn){
		"get":   func(t *testing.T, c net.Conn) { do(t, c, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$1\r\nv\r\n") },
		"close": func(t *testing.T, c net.Conn) { must(t, c.Close()) },
		"idle":  func(*testing.T, net.Conn) { time.Sleep(2 * time.Hour) },
		"blpop": func(t *testing.T, c net.Conn) { // the list stays empty, and the token is renewed twice
			began := time.Now()
			do(t, c, "*3\r\n$5\r\nBLPOP\r\n$4\r\nlist\r\n$4\r\n7200\r\n", "*-1\r\n")
			if waited := time.Since(began); waited < 2*time.Hour || waited > 2*time.Hour+time.Minute {
				t.Errorf("waited %v, want two hours", waited)
			}
		},
	}
}

func travel(t *testing.T, to string, journey func(t *testing.T, c net.Conn)) {
	const addr = "127.0.0.4:6380"
	network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
	l, err := network.Listen(addr)
	must(t, err)
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	defer gateway.Close()
	src, err := entra.NewSource(sts.Credential(), nil)
	must(t, err)
	defer src.Close()
	c, err := entraconn.NewDialer(src, nil).DialFunc(network.DialContext)(t.Context(), "tcp", addr)
	must(t, err)
	defer c.Close()
	do(t, c, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "+OK\r\n")
	synctest.Wait()
	must(t, count(filepath.Join(to, "before")))
	journey(t, c)
	synctest.Wait()
	must(t, count(filepath.Join(to, "after")))
}

// count writes the counters to a folder.
func count(folder string) error {
	return errors.Join(os.Mkdir(folder, 0o777), coverage.WriteMetaDir(folder), coverage.WriteCountersDir(folder))
}

// do sends a command with deadlines, as client libraries do, and requires a reply.
func do(t *testing.T, c net.Conn, command, want string) {
	must(t, c.SetWriteDeadline(time.Now().Add(3*time.Second)))
	_, err := c.Write([]byte(command))
	must(t, err)
	must(t, c.SetReadDeadline(time.Now().Add(3*time.Hour)))
	got := make([]byte, len(want))
	replies := bufio.NewReader(c)
	for n := 0; n < len(got); {
		read, err := replies.Read(got[n:])
		must(t, err)
		n += read
	}
	if string(got) != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
