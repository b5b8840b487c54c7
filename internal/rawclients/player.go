package rawclients

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// patience is how long a play waits for what must come: so long that a machine which is only busy has
// brought it.
const patience = 20 * time.Second

// A Record is what happened in a play.
type Record struct {
	Steps []StepRecord
	// Stopped says what a play that had to be like another one lacks; the last of Steps is then the
	// step in which that was. It is empty if all steps were played.
	Stopped string
	// StoppedClient is which client lacks it.
	StoppedClient int
}

// A StepRecord is what happened in one step to each client.
type StepRecord struct {
	Read  [MostClients][]byte
	Ended [MostClients]bool
	State [MostClients]string // what the server says of the connection
}

// A play is a script on its way.
type play struct {
	site     *Site
	script   *Script
	like     *Record // what must happen here too, nil if nothing is known
	patience time.Duration

	clients []*rawClient
	reading sync.WaitGroup
	record  Record
	taken   [MostClients]int // bytes that are in the record
	buf     []byte
}

// Play plays a script on a site. With like, the record of another play, each step takes until as much has
// happened as there, and the play stops where that does not happen within patience.
func Play(ctx context.Context, s *Site, script *Script, like *Record, patience time.Duration) (*Record, error) {
	if err := s.prepare(script.Rights); err != nil {
		return nil, err
	}
	p := &play{site: s, script: script, like: like, patience: patience, buf: make([]byte, 64<<10)}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		return nil, err
	}
	for i, step := range script.Steps {
		if like != nil && i >= len(like.Steps) {
			break
		}
		p.write(step)
		if err := p.settle(i); err != nil {
			return nil, err
		}
		p.takeStep()
		if step.Renews {
			p.awaitTokens()
		}
		if p.record.Stopped != "" {
			return &p.record, nil
		}
	}
	return &p.record, p.finish()
}

func (p *play) close() {
	for _, c := range p.clients {
		_ = c.conn.Close()
	}
	p.reading.Wait()
}

// connect opens the clients' connections.
func (p *play) connect(ctx context.Context) error {
	count := 0
	monitors := [MostClients]bool{}
	for _, step := range p.script.Steps {
		count = max(count, step.Client+1)
		for _, c := range step.Commands {
			monitors[step.Client] = monitors[step.Client] || c.has("MONITOR") // in an EVAL it is refused
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dial := p.site.dialer(p.script.SeparateLogin, p.script.Life)
	for i := range count {
		conn, err := dial(ctx, "tcp", p.site.addr)
		if err != nil {
			return fmt.Errorf("rawclients: %w", err)
		}
		c := &rawClient{conn: conn, monitors: monitors[i]}
		p.clients = append(p.clients, c)
		if p.site.connector == nil {
			if err := c.logIn(); err != nil {
				return err
			}
		}
	}
	if err := p.findNumbers(); err != nil {
		return err
	}
	sizes := rand.New(rand.NewPCG(uint64(len(p.script.Steps)), 5))
	for _, c := range p.clients {
		if p.like != nil {
			size := []int{1, 7, 512, 4 << 10, 64 << 10}[sizes.IntN(5)]
			if c.monitors {
				size = 64 << 10 // so that lines of MONITOR come whole
			}
			p.reading.Go(func() { c.readOn(p.script.Polls, size) })
		}
	}
	return nil
}

// findNumbers waits until the server has accepted all connections, and asks for their numbers.
func (p *play) findNumbers() error {
	for end := time.Now().Add(patience); ; {
		states, err := p.site.states()
		if err != nil {
			return err
		}
		known := 0
		for _, c := range p.clients {
			if c.number = states[c.conn.LocalAddr().String()].number; c.number > 0 {
				known++
			}
		}
		if known == len(p.clients) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("rawclients: the server knows %d connections of %d", known, len(p.clients))
		}
	}
}

// write writes a step. That a write fails shows in what the client then reads.
func (p *play) write(step Step) {
	c := p.clients[step.Client]
	if _, ended := c.received(); ended {
		return
	}
	numbers := make([]int64, len(p.clients))
	for i, client := range p.clients {
		numbers[i] = client.number
	}
	pieces, renews := step.writes(numbers)
	for i, piece := range pieces {
		_ = c.conn.SetWriteDeadline(time.Now().Add(p.patience))
		if _, err := c.conn.Write(piece); err != nil {
			return
		}
		if renews[i] {
			p.awaitTokens()
		}
	}
}

// awaitTokens waits until an AUTH that is due by then is one with a token that was not there before.
func (p *play) awaitTokens() {
	if p.site.connector != nil {
		p.site.connector.AwaitTokens(p.script.Life, 2)
	}
}

// settle waits until all that follows from a step has happened.
func (p *play) settle(step int) error {
	if p.like == nil {
		return p.settleAlone(p.script.Steps[step])
	}
	return p.settleLike(step)
}

// settleAlone waits until nothing happens any more: the server has answered three times since it was
// asked for what it says of the connections, which has not changed, and nothing was to be read.
func (p *play) settleAlone(step Step) error {
	before, end := "", time.Now().Add(p.patience)
	for same := 0; same < 2; {
		states, err := p.site.states()
		if err != nil {
			return err
		}
		now, read := "", 0
		for _, c := range p.clients {
			state := states[c.conn.LocalAddr().String()]
			now += state.visible + state.pending + "\n"
			read += c.drain(p.buf)
		}
		waits := step.Waits && states[p.clients[step.Client].conn.LocalAddr().String()].blocked
		switch {
		case waits || read > 0 || now != before:
			same = 0
		default:
			same++
		}
		if before = now; time.Now().After(end) {
			return fmt.Errorf("rawclients: the plain connections do not come to rest:\n%s%s", now, p.script)
		}
		if waits {
			<-time.After(time.Millisecond)
		}
	}
	return nil
}

// settleLike waits until as much has happened as in the play that this one must be like.
func (p *play) settleLike(step int) error {
	end := time.Now().Add(p.patience)
	for alike := 0; alike < 2; {
		states, err := p.site.states()
		if err != nil {
			return err
		}
		client, lacks, final := p.lacks(step, states)
		switch {
		case lacks == "":
			alike++
			continue
		case final, time.Now().After(end):
			p.record.Stopped, p.record.StoppedClient = lacks, client
			return nil
		}
		alike = 0
		<-time.After(200 * time.Microsecond)
	}
	return nil
}

// lacks returns which client lacks what, "" if none does. It is final if waiting does not help.
func (p *play) lacks(step int, states map[string]clientState) (client int, what string, final bool) {
	want := &p.like.Steps[step]
	for i, c := range p.clients {
		all, ended := c.received()
		read := all[min(p.taken[i], len(all)):]
		switch state := states[c.conn.LocalAddr().String()]; {
		case ended && !want.Ended[i]:
			return i, "the connection has ended", true
		case !ended && want.Ended[i]:
			client, what = i, "the connection has not ended"
		case p.script.formAt(step, i) != Bytes:
			whole, _ := frames(read)
			wanted, _ := frames(want.Read[i])
			if len(whole) < len(wanted) {
				client, what = i, "replies have not come"
			}
		case len(read) < len(want.Read[i]) && ended:
			return i, "the connection has ended too soon", true
		case len(read) < len(want.Read[i]):
			client, what = i, "bytes have not come"
		case !ended && state.visible != want.State[i]:
			client, what = i, "the server says of the connection"+state.visible+", of the plain one"+want.State[i]
		}
	}
	return client, what, false
}

// takeStep records what the clients have read since the step before.
func (p *play) takeStep() {
	states, err := p.site.states()
	if err != nil {
		return // the next step finds that too
	}
	var record StepRecord
	for i, c := range p.clients {
		all, ended := c.received()
		record.Read[i], record.Ended[i] = all[min(p.taken[i], len(all)):], ended
		p.taken[i] = len(all)
		record.State[i] = states[c.conn.LocalAddr().String()].visible
	}
	p.record.Steps = append(p.record.Steps, record)
}

// finish waits a moment for bytes that nothing was to send.
func (p *play) finish() error {
	if p.like == nil || len(p.record.Steps) == 0 {
		return nil
	}
	for range 3 {
		if _, err := p.site.states(); err != nil {
			return err
		}
		<-time.After(300 * time.Microsecond)
	}
	last := &p.record.Steps[len(p.record.Steps)-1]
	for i, c := range p.clients {
		all, _ := c.received()
		last.Read[i] = append(last.Read[i], all[min(p.taken[i], len(all)):]...)
	}
	return nil
}
