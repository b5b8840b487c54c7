package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

const channel = "quickstart:messages"

// A postOffice knows which messages were sent and which arrived. Each sender numbers its own from 1, and every
// subscriber has to get all of them, in order.
type postOffice struct {
	mu      sync.Mutex
	sent    map[string]int // by sender: the last number that the server took
	inboxes []*inbox
}

// An inbox is one subscriber's.
type inbox struct {
	post     *postOffice
	last     map[string]int // by sender: the last number that arrived
	received int
	missing  int // numbers that were skipped
}

func newPostOffice() *postOffice { return &postOffice{sent: map[string]int{}} }

// A sender sends one message at a time.
type sender struct {
	post *postOffice
	name string
	next int
}

func (p *postOffice) sender(name string) *sender { return &sender{post: p, name: name, next: 1} }

// send publishes the next number. It is used up only if the server took it.
func (s *sender) send(publish func(message string) error) error {
	if err := publish(s.name + " " + strconv.Itoa(s.next)); err != nil {
		return err
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.sent[s.name] = s.next
	s.next++
	return nil
}

func (p *postOffice) inbox() *inbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &inbox{post: p, last: map[string]int{}}
	p.inboxes = append(p.inboxes, b)
	return b
}

func (b *inbox) receive(message string) {
	sender, digits, _ := strings.Cut(message, " ")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return // another program's message
	}
	b.post.mu.Lock()
	defer b.post.mu.Unlock()
	b.received++
	b.missing += max(0, number-b.last[sender]-1)
	b.last[sender] = max(b.last[sender], number)
}

// count returns how many messages arrived, and how many did not although a later one from the same sender did.
func (p *postOffice) count() (received, missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.inboxes {
		received += b.received
		missing += b.missing
	}
	return received, missing
}

// underWay returns how many messages were sent after the last one that arrived.
func (p *postOffice) underWay() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, b := range p.inboxes {
		for sender, sent := range p.sent {
			n += max(0, sent-b.last[sender])
		}
	}
	return n
}

// drain waits until nothing is under way, but no longer than the timeout.
func (p *postOffice) drain(timeout time.Duration) {
	for deadline := time.Now().Add(timeout); p.underWay() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
}

// subscribeAll starts a listener for each client, and returns when the server has confirmed all of them. They end with
// listening.
func subscribeAll(starting, listening context.Context, acts []act, post *postOffice, listeners *sync.WaitGroup) error {
	for _, a := range acts {
		box, ready, failed := post.inbox(), make(chan struct{}), make(chan error, 1)
		confirm := sync.OnceFunc(func() { close(ready) })
		listeners.Go(func() {
			for listening.Err() == nil {
				err := a.client.subscribe(listening, channel, confirm, box.receive)
				if listening.Err() != nil {
					return
				}
				a.tally.fail(fmt.Errorf("subscription ended: %w", err))
				select {
				case failed <- err:
				default:
				}
				select {
				case <-listening.Done():
				case <-time.After(afterError):
				}
			}
		})
		select {
		case <-ready:
		case err := <-failed:
			return fmt.Errorf("%s: subscribe: %w", a.tally.library, err)
		case <-starting.Done():
			return fmt.Errorf("%s: subscribe: %w", a.tally.library, starting.Err())
		}
	}
	return nil
}
