package adaptertest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// heldAcrossRotations catches a library that renews only the idle connections of its pool (rueidis
// never renews dedicated ones), or that gives the holder another connection instead.
func heldAcrossRotations(e *env) {
	client := e.open("held", 2)
	err := e.hold(client, 2, func(i int, conn Conn) error {
		id, err := conn.Do(e.ctx, "CLIENT", "ID")
		if err != nil {
			return err
		}
		if _, err := conn.Do(e.ctx, "CLIENT", "SETNAME", "mine"); err != nil {
			return err
		}
		if i == 0 { // idle
			e.awaitRotations()
		} else {
			e.during(e.awaitRotations, 1, e.interval(1000), func(int, int) error {
				_, err := conn.Do(e.ctx, "INCR", "key")
				return err
			})
		}
		for _, check := range []struct {
			want any
			args []string
		}{{id, []string{"CLIENT", "ID"}}, {"mine", []string{"CLIENT", "GETNAME"}}} {
			got, err := conn.Do(e.ctx, check.args...)
			if err != nil || got != check.want {
				return fmt.Errorf("%s: %v, %w; want %v", strings.Join(check.args, " "), got, err, check.want)
			}
		}
		return nil
	})
	if err != nil {
		e.t.Error(err)
	}
	e.renewed(2)
	e.unnoticed()
}

// oneByOne catches a library that throws its connections away when it takes them out of the pool for a single call
// and a renewal is due (rueidis without pipelining).
func oneByOne(e *env) {
	const conns = 8
	e.cfg.OneByOne = true
	client := e.open("one by one", conns)
	e.during(e.awaitRotations, conns, e.interval(500), func(worker, iteration int) error {
		want := fmt.Sprint(worker, ".", iteration)
		got, err := client.Do(e.ctx, "ECHO", want)
		if err == nil && got != want {
			err = fmt.Errorf("ECHO: %q, want %q", got, want)
		}
		return err
	})
	e.unnoticed()
}

// streamed catches a library that takes a part of a long reply for the answer to its AUTH, or the other way around.
func streamed(e *env) {
	client := e.open("streams", 2)
	streamer, ok := client.(Streamer)
	if !ok {
		e.t.Fatal("the client is no Streamer, and Harness.Lacks does not say why")
	}
	value := strings.Repeat("0123456789abcdef", 64<<10)
	if _, err := client.Do(e.ctx, "SET", "value", value); err != nil {
		e.t.Fatal(e.output.saw(err))
	}
	pause := time.Second
	if !e.virtual {
		pause = 20 * time.Millisecond
	}
	e.during(func() { e.awaitTokens(2) }, 1, 0, func(int, int) error {
		reader := &slowReader{ctx: e.ctx, pause: pause, every: len(value) / 8}
		if err := streamer.Stream(e.ctx, reader, "GET", "value"); err != nil {
			return err
		}
		if reader.got.String() != value {
			return fmt.Errorf("%d bytes came that are not the value's %d", reader.got.Len(), len(value))
		}
		return nil
	})
	e.unnoticed()
}

// A slowReader is what a stream goes to: it rests now and then. rueidis reads a stream for ten seconds at most.
type slowReader struct {
	ctx   context.Context
	pause time.Duration
	every int // bytes

	got  bytes.Buffer
	next int
}

func (r *slowReader) Write(p []byte) (int, error) {
	n, err := r.got.Write(p)
	for r.got.Len() > r.next+r.every {
		r.next += r.every
		rest(r.ctx, r.pause)
	}
	return n, err
}
