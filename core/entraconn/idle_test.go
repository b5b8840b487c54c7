package entraconn_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A client is idle for longer than its tokens stay in memory. If one proxy of several refuses the first
// login after that, the second one goes ahead at once, as it does with a password.
func TestIdleClientKnowsThatItsTokenWasAccepted(t *testing.T) {
	inBubble(t, func(s *site) {
		tok, err := s.src.Token(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		user, password := tok.Credentials()
		ours := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		logins := map[string]func() bool{
			"ours": func() bool { return s.logsIn(ours, addr) },
			"plain": func() bool {
				c := s.client(s.network.DialContext)
				defer c.Close()
				if err := c.send("AUTH " + user + " " + password); err != nil {
					s.t.Fatal(err)
				}
				line, err := c.line()
				if err != nil {
					s.t.Fatal(err)
				}
				return line == "+OK"
			},
		}
		for name, logsIn := range logins {
			if !logsIn() {
				s.t.Errorf("%s: refused at first", name)
			}
		}
		s.rest(11 * time.Minute)
		for range 3 {
			runtime.GC()
		}
		for name, logsIn := range logins {
			s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not on this proxy", Count: 1})
			if logsIn() {
				s.t.Errorf("%s: not refused", name)
			}
			began := time.Now()
			if ok, took := logsIn(), time.Since(began); !ok || took > 100*time.Millisecond {
				s.t.Errorf("%s: accepted %t after %v", name, ok, took)
			}
		}
	})
}
