package entraconn_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A lateLogin is a server that answers a login late, and a client that waits for that answer before it
// sends a command: by itself with a password, below SeparateLogin with ours.
type lateLogin struct {
	answeredAfter time.Duration
	timeout       time.Duration // of the client's deadline for all of it, 0 for none
}

// A callOutcome is how a call ended.
type callOutcome struct {
	took time.Duration
	err  error
}

func (l lateLogin) run(t *testing.T, ours bool) (o callOutcome) {
	t.Helper()
	server := &scripted{auth: func(int) string {
		<-time.After(l.answeredAfter)
		return "+OK\r\n"
	}}
	onScript(t, server, &entraconn.Options{SeparateLogin: true}, func(s *site, open func() *client) {
		commands := []string{"PING"}
		c := openTwin(s, ours, open)
		if !ours {
			commands = []string{"AUTH service password", "PING"}
		}
		defer c.Close()
		began := time.Now()
		if l.timeout > 0 {
			_ = c.SetDeadline(began.Add(l.timeout))
		}
		for _, command := range commands {
			if o.err = c.send(command); o.err == nil {
				_, o.err = c.line()
			}
			if o.err != nil {
				break
			}
		}
		o.took = time.Since(began)
	})
	return o
}

// openTwin returns a connection of ours, or one below which nothing is.
func openTwin(s *site, ours bool, open func() *client) *client {
	if ours {
		return open()
	}
	return s.client(s.network.DialContext)
}

// SeparateLogin waits for an answer as long as a client with a password that has the same deadline.
func TestSeparateLoginWaitsAsLongAsWithAPassword(t *testing.T) {
	for _, after := range []time.Duration{0, 4 * time.Second, 6 * time.Second, 9 * time.Second, time.Hour} {
		for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 5 * time.Second, 8 * time.Second, 20 * time.Second, 10 * time.Minute} {
			t.Run(fmt.Sprintf("answer after %v, timeout %v", after, timeout), func(t *testing.T) {
				l := lateLogin{after, timeout}
				plain, ours := l.run(t, false), l.run(t, true)
				if (ours.err == nil) != (plain.err == nil) || ours.took != plain.took || plain.err != nil && !isTimeout(ours.err) {
					t.Errorf("ended after %v with %v, with a password after %v with %v", ours.took, ours.err, plain.took, plain.err)
				}
			})
		}
	}
}

// Without a deadline a client with a password waits for as long as it takes. SeparateLogin waits for
// 5 seconds then, and succeeds up to that.
func TestSeparateLoginWithoutADeadlineIsBounded(t *testing.T) {
	for _, after := range []time.Duration{0, 4900 * time.Millisecond, 5100 * time.Millisecond, time.Hour} {
		l := lateLogin{answeredAfter: after}
		plain, ours := l.run(t, false), l.run(t, true)
		if plain.err != nil || plain.took != after {
			t.Errorf("answer after %v: with a password it ended after %v with %v", after, plain.took, plain.err)
		}
		if after < 5*time.Second {
			if ours != plain {
				t.Errorf("answer after %v: ended after %v with %v", after, ours.took, ours.err)
			}
		} else if ours.took != 5*time.Second || !isTimeout(ours.err) {
			t.Errorf("answer after %v: ended after %v with %v", after, ours.took, ours.err)
		}
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
