package neverworse_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

const (
	// No name: go-redis looks names up, and in a bubble there is no DNS.
	addr           = "10.6.3.80:6380"
	staticUser     = "service"
	staticPassword = "a password that stays"
)

const (
	// latency is how much later the server gets what a client writes. Commands that are written together arrive together.
	latency = 2 * time.Millisecond
	// calm is how long callers must see no error before a client counts as recovered.
	calm = 2 * time.Second
	// aftermath is for how long callers call after a fault. A client that has not recovered by then never does.
	aftermath = time.Minute
	// patience is how long connections are waited for that are dialed in advance.
	patience = time.Minute
)

// A world is what one client of each side meets in one run of a fault.
type world struct {
	t       *testing.T
	fault   fault
	network *entratest.Network
	gateway *entratest.Gateway
	plain   *side
	ours    *side
	handles []*entratest.FaultHandle
}

// run plays a fault to both sides in a bubble of its own, and returns what their callers saw, and how often each injected
// fault struck.
func run(t *testing.T, library twin.Library, f fault, seed uint64) (plain, ours outcome, hits []int) {
	synctest.Test(t, func(t *testing.T) { plain, ours, hits = runInBubble(t, library, f, seed) })
	return plain, ours, hits
}

func runInBubble(t *testing.T, library twin.Library, f fault, seed uint64) (plain, ours outcome, hits []int) {
	w := &world{t: t, fault: f, network: entratest.NewNetwork()}
	listener, err := w.network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	sts := entratest.NewSTS(nil)
	w.gateway = entratest.NewGateway(distantListener{listener}, &entratest.GatewayOptions{
		STS: sts, Dialect: entratest.Dialect{Proxies: 3}, StaticUsers: map[string]string{staticUser: staticPassword},
	})
	source, err := entra.NewSource(sts.Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	var playing sync.WaitGroup
	if f.cold {
		playing.Go(func() { f.play(w) })
		synctest.Wait() // until the fault strikes
	}
	var opening sync.WaitGroup // rueidis dials meanwhile
	opening.Go(func() { w.plain = w.open(library, nil) })
	opening.Go(func() { w.ours = w.open(library, source) })
	opening.Wait()
	w.live(seed, &playing)
	for _, s := range w.sides() {
		s.client.Close()
	}
	_ = source.Close() // always nil
	if err := w.gateway.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute) // go-redis lets a dial that is under way try to the end, five times
	for _, h := range w.handles {
		hits = append(hits, h.Hits())
	}
	return w.plain.outcome(), w.ours.outcome(), hits
}

func (w *world) sides() []*side { return []*side{w.plain, w.ours} }

func (w *world) open(library twin.Library, source *entra.Source) *side {
	s := newSide(w.fault, w.network)
	made, err := library.Open(twin.Site{
		Addr: addr, Source: source, Username: staticUser, Password: staticPassword, Dial: s.dial, Dialing: s.waits.begin,
		DialTimeout: s.dialTimeout, Conns: max(s.callers, w.fault.inAdvance), InAdvance: w.fault.inAdvance,
	})
	if err != nil {
		panic(err) // t.Fatal belongs to the test's own goroutine
	}
	s.client = made
	return s
}

// live has the callers call, plays the fault unless it is playing already, and lets the minute pass that follows. Unless
// -whole says so, the callers stop once both sides have recovered: what the rest of the minute holds is known.
func (w *world) live(seed uint64, playing *sync.WaitGroup) {
	ctx, stop := context.WithCancel(w.t.Context())
	defer stop()
	if w.fault.inAdvance > 0 {
		w.fill(ctx)
	}
	var callers sync.WaitGroup
	for _, s := range w.sides() {
		if !w.fault.cold {
			if err := s.client.Call(ctx, "key"); err != nil {
				w.t.Fatalf("before the fault: %v", err)
			}
		}
		for i := range s.callers {
			dice := rand.New(rand.NewPCG(seed, uint64(i))) // the same for both sides
			callers.Go(func() { s.runCaller(ctx, i, dice) })
		}
	}
	time.Sleep(4*w.plain.pace + time.Duration(rand.New(rand.NewPCG(seed, seed)).Int64N(int64(w.plain.pace))))
	if w.fault.cold {
		playing.Wait()
	} else {
		w.fault.play(w)
	}
	over := time.Now()
	for _, s := range w.sides() {
		s.faultIsOver(over)
	}
	for time.Since(over) < aftermath && (*whole || !w.plain.hasRecovered() || !w.ours.hasRecovered()) {
		time.Sleep(w.plain.pace)
	}
	rest := aftermath - time.Since(over)
	stop()
	callers.Wait()
	for _, s := range w.sides() {
		s.addServed(rest)
	}
}

// fill has both clients dial connections in advance, and takes the time.
func (w *world) fill(ctx context.Context) {
	var filling sync.WaitGroup
	for _, s := range w.sides() {
		filling.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			begin := time.Now()
			s.client.Fill(ctx, w.fault.inAdvance)
			s.filled = max(time.Since(begin), 1) // 0 says that none were dialed in advance
		})
	}
	filling.Wait()
}

// during resets all connections, and ends a fault some time later.
func (w *world) during(d time.Duration, end func()) {
	w.gateway.DropAll()
	time.Sleep(d)
	end()
}

// wait lets time pass.
func (w *world) wait(d time.Duration) { time.Sleep(d) }

// injectAuth injects a fault of AUTHs twice, once for each side, so that both meet it as often as if they were alone.
func (w *world) injectAuth(f entratest.WireFault) (end func()) {
	f.User = staticUser
	plain := w.injectWire(f)
	f.User = entratest.ObjectID
	ours := w.injectWire(f)
	return func() {
		plain()
		ours()
	}
}

func (w *world) injectWire(f entratest.WireFault) (end func()) {
	return w.keep(w.gateway.Inject(f))
}

func (w *world) injectNetwork(f entratest.NetworkFault) (end func()) {
	return w.keep(w.network.Inject(f))
}

func (w *world) keep(h *entratest.FaultHandle) (end func()) {
	w.handles = append(w.handles, h)
	return h.Remove
}
