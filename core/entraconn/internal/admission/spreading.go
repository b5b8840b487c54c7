package admission

import (
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
// parts, no 100 ms see more than 11 in 100 of the dials that wait, and nine more at the beginning:
// fewer than ten losses are no storm.
//
// The number of handshakes under way is not bounded in addition. Where the server keeps up, there
// are few anyway; where it does not, those that waited for others to finish would all begin at the
// end of their second, together.

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
// connections were lost. Moments are given as time since some start. The zero Spreading is ready
// for use.
type Spreading struct {
	part      int64        // the number of the current part, counted from the start
	dials     [parts]int32 // of the part with number n at index n % parts, from the current one on
	losses    uint64
	lossTimes [storm]time.Duration // when the latest were, that with number n at index n % storm
	gone      []Loss               // that no login has made up for, in their order
	waitsEnd  chan struct{}        // closed when a dial finds no server, nil if no dial waits
	unready   int                  // logins in a row that found a server which serves no client
	unreadyAt time.Duration        // when the last of them did
}

// A Loss is the end of a connection that was logged in, and that its client did not want to end.
type Loss struct {
	LostAt      time.Duration
	CloseReason entra.CloseReason
}

const (
	// maxLosses bounds the losses remembered when nothing comes back.
	maxLosses = 1024
	// lossMemory is how long a loss is remembered: a connection later than that is no return but
	// growth.
	lossMemory = 5 * time.Minute
)

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
	p.gone = append(p.gone[max(0, len(p.gone)+1-maxLosses):], l)
}

// MakeUp is told of a login that was accepted. It returns the loss that this makes up for, the oldest of the last 5 minutes, if there
// is one.
func (p *Spreading) MakeUp(now time.Duration) (loss Loss, found bool) {
	p.unready = 0
	for len(p.gone) > 0 && !found {
		loss, p.gone = p.gone[0], p.gone[1:]
		found = now-loss.LostAt < lossMemory
	}
	return loss, found
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
type Place int64

// FindPlace finds a place for a dial and returns how long it has to wait for that, at most within and
// at most a second: not at all unless there is a storm, or if no other dial has begun in the
// current part, else up to a random moment of its part. r is in [0, 1).
func (p *Spreading) FindPlace(now, within time.Duration, r float64) (place Place, wait time.Duration) {
	within = min(within, span)
	if !p.Storm(now) {
		within = 0 // it counts, but does not wait
	}
	p.advance(int64(now / partSpan))
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
	return Place(part), wait
}

// WaitsEnd returns a channel that is closed when a dial finds no server. There is nothing to protect
// then, and dials that wait for their place go ahead: a client that learns of each failure at another
// time dials more often than one that learns of all of them at once.
func (p *Spreading) WaitsEnd() <-chan struct{} {
	if p.waitsEnd == nil {
		p.waitsEnd = make(chan struct{})
	}
	return p.waitsEnd
}

// EndWaits is called when a dial has found no server. No dial has a place any more.
func (p *Spreading) EndWaits() {
	p.dials = [parts]int32{}
	if p.waitsEnd != nil {
		close(p.waitsEnd)
		p.waitsEnd = nil
	}
}

// GiveBack frees the place of a dial that did not wait for it.
func (p *Spreading) GiveBack(place Place) {
	if part := int64(place); part >= p.part && *p.dialsIn(part) > 0 {
		*p.dialsIn(part)--
	}
}

func (p *Spreading) dialsIn(part int64) *int32 { return &p.dials[part%parts] }

// advance forgets what is over.
func (p *Spreading) advance(part int64) {
	for range min(part-p.part, parts) {
		*p.dialsIn(p.part) = 0
		p.part++
	}
	p.part = max(p.part, part)
}
