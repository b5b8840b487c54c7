package adaptertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// followedFromItsEnd catches a library that sends XREAD from "$" again when it renews a blocked connection, and so misses
// what was added to the stream in between, or that gives up the call. What is added after the server has begun the call, at
// whatever moment, is its reply: a client with a password gets it.
func followedFromItsEnd(e *env) {
	const readers = 4
	client := e.open("follower", 2*readers)
	if _, err := client.Do(e.ctx, "XADD", "quiet", "*", "field", "old"); err != nil {
		e.t.Fatal(e.output.saw(err))
	}
	f := &followers{e: e, n: readers, follow: func(reader int) (any, error) {
		stream := fmt.Sprint("stream ", reader)
		if reader%2 == 0 {
			return client.Block(e.ctx, "XREAD", "BLOCK", "0", "STREAMS", stream, "$")
		}
		// The other one, which has one entry, gets no more.
		return client.Block(e.ctx, "XREAD", "COUNT", "10", "BLOCK", "0", "STREAMS", "quiet", stream, "$", "$")
	}, add: func(reader int, element string) error {
		_, err := client.Do(e.ctx, "XADD", fmt.Sprint("stream ", reader), "*", "field", element)
		return err
	}, blocked: func(ctx context.Context) (int, error) {
		info, err := client.Do(ctx, "INFO", "clients")
		if err != nil {
			return 0, err
		}
		return blockedClients(fmt.Sprint(info))
	}}
	tokens := rotations + 1
	if e.virtual {
		tokens = 20
	}
	f.rounds(tokens)
	e.renewed(readers)
	e.unnoticed()
}

// streamOfCluster catches the same in a client whose command for XREAD has to find the node of the stream.
func streamOfCluster(e *clusterEnv) {
	const readers = 3
	client := e.open("follower", 2*readers)
	streams := keyOfEachSlot()[:readers] // of all masters
	f := &followers{e: e.env, n: readers, follow: func(reader int) (any, error) {
		return client.Follow(e.ctx, streams[reader])
	}, add: func(reader int, element string) error {
		_, err := client.Do(e.ctx, "XADD", streams[reader], "*", "field", element)
		return err
	}, blocked: e.askingAll()}
	f.round(0) // which makes the connections
	before := e.standingNow()
	f.rounds(rotations + 1)
	e.unnoticedSince(before)
}

// Followers wait for what is added to a stream of their own from now on.
type followers struct {
	e       *env
	n       int
	follow  func(reader int) (any, error)
	add     func(reader int, element string) error
	blocked func(context.Context) (int, error) // how many clients the servers have blocked, in real time
}

// rounds plays rounds until so many more tokens have been issued.
func (f *followers) rounds(tokens int) {
	enough := len(f.e.tap.issued()) + tokens
	for n := 1; len(f.e.tap.issued()) < enough && f.e.ctx.Err() == nil; n++ {
		f.round(n)
	}
}

// round has all of them wait. Once the servers have begun each call, an element is added for it, at once or after tokens
// have expired.
func (f *followers) round(n int) {
	e, element := f.e, fmt.Sprint("element ", n)
	pauses := []time.Duration{0, e.life / 500, e.life / 5}
	if e.virtual {
		pauses = append(pauses, 3*e.life)
	}
	crew := e.crews.add()
	for reader := range f.n {
		crew.Go(func() {
			reply, err := f.follow(reader)
			if got := elements(reply); err != nil || len(got) != 1 || got[0] != element {
				e.t.Errorf("XREAD: call %d of reader %d returned %v, %v; not %s", n, reader, reply, e.output.saw(err), element)
				e.end() // the others may wait for what never comes
			}
		})
	}
	f.awaitBegin()
	for reader := range f.n {
		crew.Go(func() {
			rest(e.ctx, e.dice.upTo(pauses[e.dice.number(len(pauses))]))
			if err := f.add(reader, element); err != nil {
				e.t.Errorf("XADD: %v", e.output.saw(err))
				e.end()
			}
		})
	}
	crew.Wait()
}

// awaitBegin waits until the servers have begun all calls.
func (f *followers) awaitBegin() {
	if f.e.virtual {
		rest(f.e.ctx, time.Second)
		return // all other goroutines are waiting
	}
	f.e.eventually("all calls have begun", func(ctx context.Context) error {
		n, err := f.blocked(ctx)
		if err == nil && n < f.n {
			err = fmt.Errorf("%d of %d clients are blocked", n, f.n)
		}
		return err
	})
}

// blockedClients reads the answer to INFO clients.
func blockedClients(info string) (int, error) {
	_, number, found := strings.Cut(info, "blocked_clients:")
	if !found {
		return 0, errors.New("INFO clients tells of no blocked clients")
	}
	number, _, _ = strings.Cut(number, "\r\n")
	return strconv.Atoi(number)
}

// askingAll returns a function that asks all servers how many clients they have blocked, on connections of its own.
func (e *clusterEnv) askingAll() func(context.Context) (int, error) {
	var all []*asker
	for server := range e.gateways {
		conn, err := e.harness.Dial(e.ctx, e.config("asking", 1), e.at(clusterSeed, server))
		if err != nil {
			e.t.Fatal(e.output.saw(err))
		}
		e.t.Cleanup(func() { _ = conn.Close() }) // after the verdict
		all = append(all, &asker{conn, bufio.NewReader(conn)})
	}
	e.conns++
	return func(ctx context.Context) (blocked int, err error) {
		for _, one := range all {
			n, err := one.blocked(ctx)
			if err != nil {
				return 0, err
			}
			blocked += n
		}
		return blocked, nil
	}
}

// An asker asks a server about its clients.
type asker struct {
	conn    net.Conn
	replies *bufio.Reader
}

func (a *asker) blocked(ctx context.Context) (int, error) {
	defer context.AfterFunc(ctx, func() { _ = a.conn.Close() })() // so that no read waits without end
	if _, err := a.conn.Write(encode([]string{"INFO", "clients"})); err != nil {
		return 0, err
	}
	length := 0
	if _, err := fmt.Fscanf(a.replies, "$%d\r\n", &length); err != nil {
		return 0, err
	}
	info := make([]byte, length+len("\r\n"))
	if _, err := io.ReadFull(a.replies, info); err != nil {
		return 0, err
	}
	return blockedClients(string(info))
}
