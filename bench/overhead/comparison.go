package overhead

import "github.com/entraredis/entraredis/bench/internal/stats"

// A comparison compares two logins of one client, and holds what was measured.
type comparison struct {
	index  int // among those of the plan
	opener opener
	work   workload
	secure bool
	logins [2]login // base, and ours or what else is compared with it

	outcomes []outcome // of each round
}

// An outcome is what a round of a comparison measured.
type outcome struct {
	Rate, CPU float64    // what ours has, divided by what base has: the medians of the quads
	Records   [2]*record // of base and ours
}

// rate returns how many commands a second ours has, divided by how many base has.
func (c *comparison) rate() stats.Interval {
	var rates []float64
	for _, o := range c.outcomes {
		rates = append(rates, o.Rate)
	}
	return stats.Median(rates)
}

func (c *comparison) cell() Cell {
	var cpus []float64
	base, ours := newRecord(), newRecord()
	for _, o := range c.outcomes {
		cpus = append(cpus, o.CPU)
		base.add(o.Records[0])
		ours.add(o.Records[1])
	}
	return Cell{
		Library: c.opener.name, Workload: c.work.name, TLS: c.secure, Goal: c.work.goal, Bare: c.opener.looks && !c.logins[0].hide,
		Rounds: len(c.outcomes), Slices: len(ours.Rates),
		Rate: c.rate(), CPU: stats.Median(cpus), Base: base.side(), Ours: ours.side(),
	}
}

func (p plan) comparisons() (all []*comparison) {
	add := func(h opener, w workload, secure bool, base, ours login) {
		all = append(all, &comparison{index: len(all), opener: h, work: w, secure: secure, logins: [2]login{base, ours}})
	}
	bare, hidden, tokens := login{name: "static"}, login{name: "static", hide: true}, login{name: "tokens", tokens: true}
	for _, h := range openers() {
		base := bare
		if h.looks {
			base = hidden
		}
		for _, w := range workloads() {
			for _, secure := range []bool{false, true} {
				if p.Quick && (secure || w.what == large || w.what == hgetall || w.workers == 16) {
					continue
				}
				add(h, w, secure, base, tokens)
			}
			if w.what == get && w.workers > 1 && !h.looks && !p.Quick {
				add(h, w, false, bare, login{name: "between", hide: true})
			}
		}
	}
	goRedis, again := openers()[0], login{name: "again", hide: true}
	add(goRedis, workloads()[0], false, bare, tokens)
	patient := opener{"redigo without timeouts", openPatientRedigo, false}
	for _, w := range workloads() {
		if w.what == pipeline || w.what == get {
			add(goRedis, w, false, hidden, again)
		}
		if w.what == get && !p.Quick {
			add(patient, w, false, bare, tokens)
		}
	}
	return all
}

// kept returns the list of r where the result of c belongs.
func (r *Result) kept(c *comparison) *[]Cell {
	switch base, other := c.logins[0], c.logins[1]; {
	case other.tokens:
		return &r.Cells
	case other.hide != base.hide:
		return &r.Between
	}
	return &r.Same
}
