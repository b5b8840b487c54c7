package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// The number of the connection is learned from the answer to HELLO, wherever the reads end, also
// where the answer to the login comes with it and is taken out in front of it.
func TestNumberOfTheConnection(t *testing.T) {
	const hello = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.1\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:12345\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
	for cut := range len(hello) {
		var s session.Session
		s.Init()
		s.Plan(modelserver.Encode("HELLO 3"), &testAuth{first: true}, nil, &standstill{})
		var client []byte
		for _, piece := range []string{"+OK\r\n" + hello[:cut], hello[cut:]} {
			p := []byte(piece)
			kept, behind, err := s.Received(p, s.TakeExpected(p), &standstill{})
			if err != nil {
				t.Fatal(err)
			}
			client = append(append(client, p[:kept]...), behind...)
			s.TakeVerdicts()
		}
		if s.ClientID() != 12345 || string(client) != hello {
			t.Errorf("cut behind %q: number %d, the client read %q", hello[:cut], s.ClientID(), client)
		}
	}
}

// Of a long answer only the start is kept, which may end inside the number.
func TestNumberThatIsCut(t *testing.T) {
	const kept = 512
	for _, field := range []string{"$2\r\nid\r\n:12345", "+id\r\n+12345", "$2\r\nid\r\n$5\r\n12345"} {
		learned := 0
		for server := kept - 80; server < kept; server++ {
			var s session.Session
			s.Init()
			s.Plan(modelserver.Encode("HELLO 3"), nil, nil, &standstill{})
			p := fmt.Appendf(nil, "%%2\r\n$6\r\nserver\r\n$%d\r\n%s\r\n%s\r\n", server, strings.Repeat("x", server), field)
			if _, _, err := s.Received(p, 0, &standstill{}); err != nil || s.ClientID() != 0 && s.ClientID() != 12345 {
				t.Errorf("%q after a name of %d bytes: number %d, %v", field, server, s.ClientID(), err)
			}
			if s.ClientID() != 0 {
				learned++
			}
		}
		if learned == 0 || learned == 80 {
			t.Errorf("%q: learned from %d of 80 answers, so no cut was tried", field, learned)
		}
	}
}
