package overhead

import "github.com/entraredis/entraredis/bench/internal/stats"

// A comparison is one that a plan has, and what was measured for it.
type comparison struct {
	host   opener
	work   workload
	secure bool
	logins [2]login // base and ours

	records   [2]*record
	rate, cpu []float64 // ours / base, of each round
}

func (c *comparison) cell() Cell {
	return Cell{
		Host: c.host.name, Workload: c.work.name, TLS: c.secure, Goal: c.work.goal, Bare: !c.logins[0].hide,
		Rounds: len(c.rate), Slices: len(c.records[1].rates),
		Rate: stats.Median(c.rate), CPU: stats.Median(c.cpu), Base: c.records[0].side(), Ours: c.records[1].side(),
	}
}

func (p plan) comparisons() (all []*comparison) {
	static, tokens := login{name: "static", hide: true}, login{name: "tokens", tokens: true}
	add := func(h opener, w workload, secure bool, base, ours login) {
		records := [2]*record{newRecord(w.workers), newRecord(w.workers)}
		all = append(all, &comparison{host: h, work: w, secure: secure, logins: [2]login{base, ours}, records: records})
	}
	for _, h := range openers() {
		for _, w := range workloads() {
			for _, secure := range []bool{false, true} {
				if p.quick && (secure || w.what == large || w.what == hgetall || w.workers == 16) {
					continue
				}
				add(h, w, secure, static, tokens)
			}
		}
	}
	alone := workloads()[0]
	goRedis := openers()[0]
	add(goRedis, alone, false, login{name: "static"}, tokens)
	again := static
	again.name = "again"
	for _, w := range workloads() {
		if w.what == pipeline || w.what == get {
			add(goRedis, w, false, static, again)
		}
	}
	return all
}
