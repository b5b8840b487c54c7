package entraconn_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A simulation is a client and a server that know nothing of us, with a connection of ours between
// them.
type simulation struct {
	dice  *dice
	life  time.Duration // of a token
	slow  time.Duration // the longest time of a piece on the network
	names int           // that the client has used so far

	mu         sync.Mutex
	calls      map[string]*simulatedCall // by key
	written    []string                  // all that the client has written
	transcript transcript
	refuses    bool // an AUTH now and then
	closing    bool
	faults     []string
	tally      tally
}

// A tally counts what simulations are about, to show that it has happened.
type tally struct{ auths, again, cancelled, asked int }

// numbered gives a different token each time.
type numbered struct {
	life time.Duration // of a token
	last int
}

func (n *numbered) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	n.last++
	return azcore.AccessToken{Token: fmt.Sprint("token-", n.last), ExpiresOn: time.Now().Add(n.life)}, nil
}

// faultLocked notes what is. s.mu is held.
func (s *simulation) faultLocked(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// Whatever the network does, and whenever an AUTH is due, a slice ends, a call is cancelled or a
// push comes: the client reads what the server has said to it, all of that and nothing else. The
// server runs what the client has written, in that order and once. No call that has ended takes an
// element.
func TestSimulatedClientsSeeNothingOfUs(t *testing.T) {
	n := amount("simulations", *simulations, 3)
	seeds := make([]uint64, n, n+1)
	for i := range seeds {
		seeds[i] = *seedFlag + uint64(i)
	}
	if *seedFlag == 0 {
		seeds = append(seeds, rand.Uint64()) // something new each time
	}
	var all tally
	for _, seed := range seeds {
		var s *simulation
		synctest.Test(t, func(t *testing.T) { s = simulate(t, seed) })
		if len(s.faults) > 0 {
			t.Fatalf("-seed %d -simulations 1, whose scheduling is not fixed, tokens of %v, pieces of up to %v:\n%s", seed, s.life, s.slow, strings.Join(s.faults, "\n"))
		}
		all.auths += s.tally.auths
		all.again += s.tally.again
		all.cancelled += s.tally.cancelled
		all.asked += s.tally.asked
	}
	t.Logf("%d simulations: %d AUTHs, %d slices sent again, %d calls cancelled between two slices, %d times asked where a stream ends",
		len(seeds), all.auths, all.again, all.cancelled, all.asked)
	if n >= 4 && (all.auths == 0 || all.again == 0 || all.cancelled == 0 || all.asked == 0) {
		t.Error("that shows nothing")
	}
}

func simulate(t *testing.T, seed uint64) *simulation {
	d := &dice{rnd: rand.New(rand.NewPCG(seed, 1))}
	s := &simulation{dice: d, calls: map[string]*simulatedCall{}, refuses: d.oneIn(3)}
	s.life = []time.Duration{75 * time.Minute, 62 * time.Minute, 20 * time.Second, 2 * time.Second}[d.below(4)]
	s.slow = []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 100 * time.Millisecond}[d.below(4)]
	s.transcript.fault = s.faultLocked
	src, err := entra.NewSource(&numbered{life: s.life}, &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dialer := entraconn.NewDialer(src, nil)

	conn, line := s.connect(t, dialer, s.slow)
	other, otherLine := s.connect(t, dialer, 0)
	server := &simulatedServer{simulation: s, line: line, proto: 2, spoken: 2, subs: map[string]bool{}, lists: map[string][]string{}}
	line.serve(server.hear)
	serveCanceller(otherLine, server)
	client := &simulatedClient{
		simulation: s, conn: conn, server: server, by: newCanceller(other), progress: make(chan struct{}, 1),
	}
	client.run()
	s.tally.cancelled = s.transcript.cancelled

	other.Close()
	conn.Close()
	line.close()
	otherLine.close()
	return s
}

// elapse lets time pass in the bubble in which all of a simulation lives.
func elapse(d time.Duration) { time.Sleep(d) }

// connect returns both ends of a connection.
func (s *simulation) connect(t *testing.T, dialer *entraconn.Dialer, slow time.Duration) (*entraconn.Conn, *simulatedLine) {
	network := entratest.NewNetwork()
	l, err := network.Listen("127.0.0.4:6379")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	inner, err := network.DialContext(t.Context(), "tcp", "127.0.0.4:6379")
	if err != nil {
		t.Fatal(err)
	}
	outer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := dialer.Wrap(inner)
	return c, &simulatedLine{Conn: outer, dice: s.dice, slow: slow}
}
