package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

const (
	startTimeout = time.Minute      // for the first token and the first connections, on a machine however busy
	drainTimeout = 30 * time.Second // for messages under way when the publishers stop
	aftermath    = 2 * time.Second  // how long to look at a failure before giving up
)

// show runs the three clients and the control for as long as the plan says, and returns the
// results. An error means that they could not begin.
func show(ctx context.Context, p plan, out *os.File) (verdict, error) {
	redis.SetLogger(silent{}) // go-redis reports lost connections on stderr, in the middle of the table
	st, err := build(p)
	if err != nil {
		return verdict{}, err
	}
	defer st.close()

	board := newBoard()
	src, err := entra.NewSource(st.cred, &entra.Options{Observer: board.observer()})
	if err != nil {
		return verdict{}, err
	}
	defer closeQuietly(src)

	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	first, err := src.Token(starting)
	if err != nil {
		return verdict{}, fmt.Errorf("no first token: %w", err)
	}
	acts, err := openActs(starting, server{st.addr, st.tls, src}, board)
	defer closeActs(acts) // before the Source, which they are fed from
	if err != nil {
		return verdict{}, err
	}

	post := newPostOffice()
	listening, unsubscribe := context.WithCancel(context.WithoutCancel(ctx)) // longer than the work, to drain
	var workers, listeners sync.WaitGroup
	defer listeners.Wait()
	defer unsubscribe()
	if err := subscribeAll(starting, listening, acts, post, &listeners); err != nil {
		return verdict{}, err
	}

	work, stop := context.WithTimeout(ctx, p.duration)
	defer stop()
	began := time.Now()
	busy := watchBusyness(work, st.starved, first.Lifetime())
	ctl := openControl(st.addr, st.tls, first)
	workers.Go(func() { ctl.run(work) })
	firstIterationDone := startLoad(work, acts, post, &workers)
	workers.Go(func() { // the connections that are open by now are the ones that have to last
		select {
		case <-firstIterationDone:
			board.markStart()
			if p.fault != "" {
				st.refuse()
			}
		case <-work.Done():
		}
	})
	workers.Go(func() { // a failed run stays failed, so it ends soon
		board.waitFailed(work)
		select {
		case <-time.After(aftermath):
			stop()
		case <-work.Done():
		}
	})

	picture := table{st.name + " at " + st.addr, p.duration, began, board, post, ctl, src}
	newScreen(out, board, picture.lines).run(work)
	ended := time.Now()
	workers.Wait()
	select {
	case <-board.failed: // what did not arrive will not
		post.drain(aftermath)
	default:
		post.drain(drainTimeout)
	}
	expired := 0
	if st.expired != nil { // the server's own count, whatever the library says
		expired = st.expired()
	}
	report := ctl.finish() // which knows if one of those was its own
	v := judge(board, post, report, first, began, ended, <-busy)
	v.expired = max(0, expired-report.cut)
	v.fault = p.fault
	return v, nil
}

// silent is a logger for go-redis that prints nothing.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// An act is one client at work.
type act struct {
	client client
	tally  *tally
}

func openActs(ctx context.Context, s server, board *board) ([]act, error) {
	var acts []act
	for _, o := range openings() {
		c, err := o.open(s)
		if err != nil {
			return acts, fmt.Errorf("%s: %w", o.library, err)
		}
		acts = append(acts, act{c, board.tally(o.library)})
		if err := c.warm(ctx); err != nil {
			return acts, fmt.Errorf("%s: %w", o.library, err)
		}
	}
	return acts, nil
}

func closeActs(acts []act) {
	for _, a := range acts {
		a.client.close()
	}
}
