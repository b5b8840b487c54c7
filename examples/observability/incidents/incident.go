package main

import (
	"net/http"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// Times since the start of the program.
const (
	begin = 4 * time.Minute // of every incident
	stop  = 23 * time.Minute

	firstLife = 3 * time.Minute                // a first token is renewed at any time from 30 % to 80 % of its life
	refreshIn = 5*time.Minute + 30*time.Second // the second token lives long, and Entra asks to have it renewed that early, once
	wrongPass = "WRONGPASS invalid username-password pair"
)

// An incident is trouble that one service has.
type incident struct {
	job, title string
	story      string // what is done, for the reader of the page
	life       time.Duration
	caches     []string
	conns      int
	patience   time.Duration
	lasts      time.Duration
	trouble    func(*azure) *entratest.FaultHandle
	refuses    bool // it is a cache that makes trouble, not Entra
	restart    bool // the service restarts when trouble begins, and whenever it ends, as Kubernetes would start it
}

// incidents are what the page tells of, in its order.
func incidents() []incident {
	outage := func(a *azure) *entratest.FaultHandle {
		return a.sts.Inject(entratest.Fault{Status: http.StatusServiceUnavailable})
	}
	refusal := func(cache int) func(*azure) *entratest.FaultHandle {
		return func(a *azure) *entratest.FaultHandle {
			return a.caches[cache].gateway.Inject(entratest.WireFault{RefuseAuth: wrongPass})
		}
	}
	return []incident{
		{
			job: "orders", title: "Entra is down for 12 minutes, tokens live 75",
			story: "Entra answers 503 for 12 minutes. The token lives 75 minutes; Entra had asked to renew it 5 and a half minutes after it was issued.",
			life:  firstLife, caches: []string{"orders"}, conns: 10, lasts: 12 * time.Minute, trouble: outage,
		},
		{
			job: "carts", title: "Entra is down for 12 minutes, tokens live 5",
			story: "Entra answers 503 for 12 minutes. Tokens live 5 minutes instead of 75, so the outage outlives the last one.",
			life:  5 * time.Minute, caches: []string{"carts"}, conns: 10, lasts: 12 * time.Minute, trouble: outage,
		},
		{
			job: "search", title: "One of two caches refuses",
			story: "Cache \"suggestions\" refuses every AUTH with WRONGPASS for 8 minutes, \"results\" accepts all. The token lives 75 minutes; Entra had asked to renew it 5 and a half minutes after it was issued.",
			life:  firstLife, caches: []string{"results", "suggestions"}, conns: 10, lasts: 8 * time.Minute, trouble: refusal(1), refuses: true,
		},
		{
			job: "billing", title: "A crash loop",
			story: "The service is restarted, and its cache refuses every AUTH with WRONGPASS for 8 minutes. Without a command that succeeds the service ends after 20 seconds, and is started again after 10 seconds, 20, 40 and so on to 5 minutes, as Kubernetes does.",
			life:  entratest.DefaultLifetime, caches: []string{"billing"}, conns: 4, patience: 20 * time.Second,
			lasts: 8 * time.Minute, trouble: refusal(0), refuses: true, restart: true,
		},
		{
			job: "feed", title: "A rotation of 200 connections",
			story: "All is well. The token lives 75 minutes; Entra had asked to renew it 5 and a half minutes after it was issued, and 200 connections get a newer one. There should be no alert.",
			life:  firstLife, caches: []string{"feed"}, conns: 200,
		},
	}
}
