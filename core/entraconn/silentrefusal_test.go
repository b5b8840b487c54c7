package entraconn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// A server that gives a refused AUTH no answer, because replies to the client's commands are
// pending, must not shift those replies. A client with a static password reads the same.
func TestAuthRefusedWithoutAnAnswerShiftsNoReply(t *testing.T) {
	for _, tc := range []struct{ name, first, said string }{
		{"RESP2", "", ""},
		{"RESP3", "HELLO 3", "%7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				c.do("PING", "+PONG")
				if tc.first != "" {
					c.do(tc.first, tc.said)
					for line := ""; line != "*0"; { // the modules, which come last
						line, _ = c.line()
					}
				}
				c.do("MULTI", "+OK") // no AUTH may go there, so the next one goes behind EXEC
				s.nextToken()
				s.rest(time.Minute)
				fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS", RefuseSilently: true, RotationOnly: true})
				if _, err := c.Write(modelserver.Encode("EXEC", "SET k v", "GET k", "SET k w", "ECHO x")); err != nil {
					t.Fatal(err)
				}
				c.expect("*0", "+OK", "$1", "v", "+OK", "$1", "x")
				c.do("GET k", "$1")
				c.readLines(1)
				s.rest(time.Second)
				if fault.Hits() == 0 || s.events.refusals() != fault.Hits() {
					t.Errorf("%d AUTHs were refused, %d refusals were observed", fault.Hits(), s.events.refusals())
				}
				silent := 0
				for _, err := range s.events.errs() {
					if err != nil && strings.Contains(err.Error(), "refused the Microsoft Entra login of "+entratest.ObjectID+": no answer to AUTH") {
						silent++
					}
				}
				if silent != 1 {
					t.Errorf("%d refusals without an answer were observed: %v", silent, s.events.errs())
				}
				fault.Remove()
				s.rest(2 * time.Minute)
				c.do("GET k", "$1")
				c.readLines(1)
				if st := s.src.Status(); st.Health != entra.HealthReady || s.gateway.Stats().Accepted != 1 {
					t.Errorf("after it was mended the Source is %s, %d connections", st.Health, s.gateway.Stats().Accepted)
				}
				if done, _ := s.events.authsIn(entra.AuthRetry); done == 0 {
					t.Error("the connection was not renewed after the fault")
				}
			})
		})
	}
}
