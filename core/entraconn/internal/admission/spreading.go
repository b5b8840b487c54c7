package admission

import (
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// When a server drops all connections at once (access keys are disabled, a node is rebooted), all
// its clients dial again in the same moment, and it has to make thousands of TLS handshakes before
// it can serve anybody. So the dials that make up for many losses are spread over the second that
// follows: each takes the emptiest part of that second, the first one of those that are equally
// empty.
//
// Thus the rate is set by the number of dials that wait, and there is nothing to configure. n that
// come together get n/100 to a part, rounded up: up to 100 of them keep 10 ms between each other,
// so that 50 processes with 20 connections each make 500 handshakes in 100 ms and not 1,000 in one;
// 1,000 make 10 in each 10 ms. It could not be less without a longer wait. As 100 ms touch 11
// parts, no 100 ms see more than 11 in 100 of the dials that wait, and ten more at the beginning.
//
// A server that keeps up needs none of this, and a caller may have 20 ms. So ten dials do not wait,
// and ten more after 100 ms without a dial. Each login that is accepted ends the wait of two others, as
// long as no handshake waits for the server's processor: 10, 20, 40, … dials are under way together,
// and a hundred connections are back after four handshakes. Where handshakes become slow, the other
// dials keep their places.

const (
	span = longestWait
	// A part is about as long as a few TLS handshakes take a server's processor, so that one that
	// begins alone in its part is alone.
	parts    = 100
	partSpan = span / parts
	// storm is how many lost connections make one. Fewer are dialed at once, which does the server
	// no harm.
	storm = 10
)

// A Spreading remembers how many dials begin in each part of the coming second, and which
// connections were lost. It remembers no more losses than there were connections at a time, because
// each needs a login, and each login makes up for one. Moments are given as time since some start.
// The zero Spreading is ready for use.
type Spreading struct {
	part      int64        // the number of the current part, counted from the start
	dials     [parts]int32 // of the part with number n at index n % parts, from the current one on
	losses    uint64
	lossTimes [storm]time.Duration // when the latest were, that with number n at index n % storm
	gone      []Loss               // that no login has made up for, in their order: at the last login none was older than lossMemory
	longGone  []Loss               // the same, of those that were older
	ahead     int                  // dials that did not wait, 10 at most, less one for each part since then without a dial
	delayed   []*Place             // of the dials that wait, in the order in which they came
	unready   int                  // logins in a row that found a server which serves no client
	unreadyAt time.Duration        // when the last of them did
}

// A Loss is the end of a connection that was logged in, and that its client did not want to end.
type Loss struct {
	LostAt      time.Duration
	CloseReason entra.CloseReason
}

// lossMemory is how long a loss makes dials wait: by then clients have stopped to dial all at once.
// After that it is remembered to be reported only.
const lossMemory = 5 * time.Minute

const (
	// pauseWhenUnready is how much longer a dial takes at a server that serves no client. With a
	// password go-redis repeats AUTH three times on its connection, with waits of 104 ms on average,
	// and rueidis waits for the answers to its handshake. Ours ends with the first answer, and must not
	// be back sooner.
	pauseWhenUnready = 100 * time.Millisecond
	// unreadyMemory is how long such an answer counts. One is not the word of the server, two in a row
	// are.
	unreadyMemory = time.Second
)

// Lose is told of a loss.
func (p *Spreading) Lose(l Loss) {
	p.lossTimes[p.losses%storm] = l.LostAt
	p.losses++
	p.gone = append(p.gone, l)
}

// MakeUp is told of a login that was accepted. It returns the loss that this makes up for, if there is
// one: the oldest of the last 5 minutes, else the oldest.
func (p *Spreading) MakeUp(now time.Duration) (loss Loss, found bool) {
	p.unready = 0
	for len(p.gone) > 0 && now-p.gone[0].LostAt >= lossMemory {
		p.longGone = append(p.longGone, p.gone[0])
		p.gone = p.gone[1:]
	}
	candidates := &p.gone
	if len(p.gone) == 0 {
		candidates = &p.longGone
	}
	if len(*candidates) == 0 {
		return Loss{}, false
	}
	loss, *candidates = (*candidates)[0], (*candidates)[1:]
	return loss, true
}

// Unready is told of a login at a server that serves no client at the moment: it is full, or starting.
func (p *Spreading) Unready(now time.Duration) {
	if now-p.unreadyAt >= unreadyMemory {
		p.unready = 0
	}
	p.unready++
	p.unreadyAt = now
}

// UnreadyPause returns how much longer than for its place a dial waits, because the server serves no
// client.
func (p *Spreading) UnreadyPause(now time.Duration) time.Duration {
	if p.unready >= 2 && now-p.unreadyAt < unreadyMemory {
		return pauseWhenUnready
	}
	return 0
}

// Storm reports whether many connections were lost just now, or were lost and are not back. Clients
// that take turns, each closing, dialing and logging in before the next one does, never leave many
// behind at a time.
func (p *Spreading) Storm(now time.Duration) bool {
	n := len(p.gone)
	return p.losses >= storm && now-p.lossTimes[p.losses%storm] < span || n >= storm && now-p.gone[n-storm].LostAt < lossMemory
}

// A Place is the part in which a dial begins.
type Place struct {
	part    int64
	goAhead chan struct{} // closed when the dial need not wait any longer
}

// Sooner returns a channel that is closed when the dial need not wait for its place: the server keeps
// up, or there is none.
func (p *Place) Sooner() <-chan struct{} { return p.goAhead }

// end ends the wait of the dial.
func (p *Place) end() { close(p.goAhead) }

// FindPlace finds a place for a dial and returns how long it has to wait for that, at most within and
// at most a second. It does not wait if there is no storm, if it is one of ten after a pause, or if no
// other dial has begun in the current part, else up to a random moment of its part. If the server
// serves no client it waits longer, by UnreadyPause. r is in [0, 1). A dial that waits calls Leave after
// that.
func (p *Spreading) FindPlace(now, within time.Duration, r float64) (place *Place, wait time.Duration) {
	within = min(within, span)
	p.advance(int64(now / partSpan))
	if p.ahead < storm || !p.Storm(now) {
		within = 0 // it counts, but does not wait
		p.ahead = min(p.ahead+1, storm)
	}
	partStart := time.Duration(p.part) * partSpan
	lastPart := p.part + max(0, min(int64((now+within-partStart)/partSpan), parts)-1) // that ends early enough
	part := p.part
	for n := part + 1; n <= lastPart && *p.dialsIn(part) > 0; n++ {
		if *p.dialsIn(n) < *p.dialsIn(part) {
			part = n
		}
	}
	partStart += time.Duration(part-p.part) * partSpan
	if *p.dialsIn(part) > 0 || part > p.part {
		earliest := max(partStart, now)
		wait = min(within, earliest+time.Duration(r*float64(partStart+partSpan-earliest))-now)
	}
	*p.dialsIn(part)++
	place = &Place{part: part, goAhead: make(chan struct{})}
	if wait += p.UnreadyPause(now); wait > 0 {
		p.delayed = append(p.delayed, place)
	}
	return place, wait
}

// KeepsUp is told of a login that the server has accepted while no handshake is slow.
func (p *Spreading) KeepsUp() {
	n := min(2, len(p.delayed))
	for _, place := range p.delayed[:n] {
		place.end()
	}
	p.delayed = slices.Delete(p.delayed, 0, n)
}

// EndWaits is called when a dial has found no server. There is nothing to protect then, and dials that
// wait for their place go ahead: a client that learns of each failure at another time dials more often
// than one that learns of all of them at once. No dial has a place any more.
func (p *Spreading) EndWaits() {
	p.dials = [parts]int32{}
	for _, place := range p.delayed {
		place.part = -1 // Leave gives back none, which may be that of another dial by then
		place.end()
	}
	p.delayed = nil
}

// Leave ends the wait of a dial. Unless it has waited for the whole of it, others may have its place.
func (p *Spreading) Leave(place *Place, whole bool) {
	if i := slices.Index(p.delayed, place); i >= 0 {
		p.delayed = slices.Delete(p.delayed, i, i+1)
	}
	if !whole && place.part >= p.part && *p.dialsIn(place.part) > 0 {
		*p.dialsIn(place.part)--
	}
}

func (p *Spreading) dialsIn(part int64) *int32 { return &p.dials[part%parts] }

// advance forgets what is over.
func (p *Spreading) advance(part int64) {
	for range min(part-p.part, parts) {
		if *p.dialsIn(p.part) == 0 {
			p.ahead = max(0, p.ahead-1)
		}
		*p.dialsIn(p.part) = 0
		p.part++
	}
	p.part = max(p.part, part)
}
