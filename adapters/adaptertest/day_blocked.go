package adaptertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lastElement is pushed at the end of the day, so that the consumer stops.
const lastElement = -1

// blocked has a consumer wait without end in each kind of blocking command, and one more wait for two hours at a time.
func (d *day) blocked() {
	for _, q := range d.queues("day") {
		if q.prepare != nil {
			if _, err := d.client.Do(d.ctx, q.prepare...); err != nil {
				d.t.Fatal(d.output.saw(err))
			}
		}
		o := &order{}
		d.workers.Go(func() { d.consumes(q, o) })
		d.workers.Go(func() { d.produces(q, o) })
		d.judges = append(d.judges, func() { d.judgeQueue(q, o) })
	}
	d.work("BLPOP of two hours", 10*time.Minute, func(int) error { return d.waitsInVain(2 * time.Hour) })
}

func (d *day) consumes(q queue, o *order) {
	for n := 0; n != lastElement; {
		err := d.call(func() error {
			reply, err := d.client.Block(d.ctx, q.pop...)
			if err != nil {
				return err
			}
			got := elements(reply)
			if len(got) != 1 {
				return fmt.Errorf("it returned %v", reply)
			}
			if n, err = strconv.Atoi(strings.TrimPrefix(got[0], "element ")); err == nil && n != lastElement {
				o.came(n)
			}
			return err
		})
		if err != nil {
			d.failed(q.pop[0], err)
			return
		}
	}
}

// produces pushes elements with pauses from none to hours.
func (d *day) produces(q queue, o *order) {
	pauses := []time.Duration{time.Nanosecond, 10 * time.Second, 10 * time.Second, 10 * time.Minute, 3 * time.Hour}
	s := &shift{day: d, called: d.reboot.called}
	push := func(n int) bool {
		err := d.call(func() error {
			_, err := d.client.Do(d.ctx, q.pushing(n)...)
			return err
		})
		if err != nil {
			d.failed(q.push[0], err)
		}
		return err == nil
	}
	for s.pause(d.dice.upTo(pauses[d.dice.number(len(pauses))])) {
		began := time.Now()
		if !push(o.next()) {
			return
		}
		o.sent(d.reboot.touches(began, time.Now()))
	}
	push(lastElement)
}

// judgeQueue requires that what was moved is complete whatever happened, for its result is in Redis, and that
// what was popped is, except in the reboot's moment.
func (d *day) judgeQueue(q queue, o *order) {
	sent, lost, err := o.judge()
	d.tally.elements += sent
	d.tally.elementsLost += lost
	if err != nil {
		d.t.Errorf("%s: %v", q.pop[0], err)
	}
	if !q.moves {
		return
	}
	list, err := d.client.Do(d.ctx, "LRANGE", q.pop[2], "0", "-1")
	moved := elements(list)
	if q.pop[0] == "BRPOPLPUSH" { // which puts the newest first
		slices.Reverse(moved)
	}
	want := []string{}
	for n := range sent {
		want = append(want, fmt.Sprint("element ", n))
	}
	if want = append(want, fmt.Sprint("element ", lastElement)); err != nil || !slices.Equal(moved, want) {
		d.t.Errorf("%s moved %v, %v; want %v", q.pop[0], moved, d.output.saw(err), want)
	}
}

// waitsInVain waits for as long as it takes, if the day has so much left.
func (d *day) waitsInVain(timeout time.Duration) error {
	began := time.Now()
	if began.Add(timeout).After(d.ends) {
		return nil
	}
	reply, err := d.client.Block(d.ctx, "BLPOP", "day:none", strconv.Itoa(int(timeout/time.Second)))
	if err != nil {
		return err
	}
	took := time.Since(began)
	if reply != nil {
		return fmt.Errorf("it returned %v", reply)
	}
	if d.reboot.touches(began, time.Now()) {
		return nil // the library has begun again
	}
	if took < timeout || took > timeout+200*time.Millisecond {
		return errors.New("it took " + took.String())
	}
	return nil
}
