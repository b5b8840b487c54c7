package entraconn_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A CLIENT UNBLOCK may reach the server after the end of its call and end the next call on the
// connection. If the null is read before the slice is over, the client gets it, as without us. If
// it is read later, it looks like the end of the slice, and the call, which no caller has
// cancelled, goes on. The simulation takes both for right, and nothing else.
func TestSimulatedUnblockMeetsTheNextCall(t *testing.T) {
	const slice = "0.05"
	for name, tc := range map[string]struct {
		end   lease.Reply
		after time.Duration // the call is sent again, 0 for not at all
		reads string
		wrong bool
	}{
		"read at once":                {lease.NullReply, 0, "_\r\n", false},
		"read when the slice is over": {lease.NullReply, 50 * time.Millisecond, "", false},
		"sent again before":           {lease.NullReply, 40 * time.Millisecond, "", true},
		"read and sent again":         {lease.NullReply, 50 * time.Millisecond, "_\r\n", true},
		"with an error":               {lease.UnblockedReply, 0, unblockedWords, false},
		"with an error, sent again":   {lease.UnblockedReply, 50 * time.Millisecond, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := &simulatedCall{name: "BLPOP", key: "next", blocks: make(chan struct{})}
				s := &simulation{
					dice:  &dice{rnd: rand.New(rand.NewPCG(1, 1))},
					calls: map[string]*simulatedCall{call.key: call}, written: []string{"BLPOP next"},
				}
				s.transcript.fault = s.faultLocked
				line := &simulatedLine{out: make(chan string, lineCapacity), gone: make(chan struct{})}
				server := &simulatedServer{simulation: s, line: line, proto: 3, spoken: 3}
				server.hear([]string{"BLPOP", call.key, slice}, time.Now())
				if got := server.unblock(tc.end); got != ":1\r\n" || server.blocked != nil {
					t.Fatalf("CLIENT UNBLOCK: %q, blocked: %v", got, server.blocked)
				}
				s.transcript.read([]byte(tc.reads))
				if tc.after > 0 {
					elapse(tc.after)
					server.hear([]string{"BLPOP", call.key, slice}, time.Now())
				}
				if got := len(s.faults) > 0; got != tc.wrong {
					t.Errorf("wrong: %q, want %v", s.faults, tc.wrong)
				}
				if call.timer != nil {
					call.timer.Stop()
				}
			})
		})
	}
}
