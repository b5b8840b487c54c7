package entra_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A faultCase is trouble, and what is promised for it.
type faultCase struct {
	name  string
	fault entratest.Fault
	life  time.Duration // of the tokens while it lasts, if not the usual one
	// direct: HTTP cannot carry it.
	direct bool

	kinds    []entra.Kind  // that the error of Token may have
	most     int           // requests in an hour, in the background
	mostWant int           // and while a caller waits
	alone    time.Duration // to the recovery, in the background
	wanted   time.Duration // and while a caller waits
	accepted bool          // it gives tokens that are taken
}

// begin makes the fault strike. It returns what blocks until the fault has struck once, and what
// ends the fault.
func (f *faultCase) begin(t *testing.T, sts *entratest.STS) (await, remove func()) {
	handle := sts.Inject(f.fault)
	if f.life != 0 {
		sts.SetLifetime(f.life)
	}
	await = func() {
		if err := handle.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return await, func() {
		if f.life != 0 {
			sts.SetLifetime(0)
		}
		handle.Remove()
	}
}

const otherObjectID = "11111111-2222-4333-8444-555555555555"

func faultCases() []faultCase {
	outage := func(name string, f entratest.Fault, kinds ...entra.Kind) faultCase {
		// A request every 1 to 15 seconds in the background, every second or two while a caller
		// waits.
		return faultCase{name: name, fault: f, kinds: kinds, most: 600, mostWant: 3600, alone: 15 * time.Second, wanted: 2 * time.Second}
	}
	refusal := func(name string, f entratest.Fault, kind entra.Kind) faultCase {
		return faultCase{name: name, fault: f, kinds: []entra.Kind{kind}, most: 64, mostWant: 64, alone: 5 * time.Minute, wanted: 75 * time.Second}
	}
	throttled := func(retryAfter string, floor time.Duration) faultCase {
		most := int(faultLength/floor) + 1
		slow := floor + floor/10 // its jitter
		return faultCase{
			name: "429, Retry-After " + retryAfter, fault: entratest.Fault{Status: 429, RetryAfter: retryAfter}, kinds: []entra.Kind{entra.KindThrottled},
			most: most, mostWant: most, alone: max(15*time.Second, slow), wanted: slow,
		}
	}
	hang := func(name string, f entratest.Fault) faultCase {
		c := outage(name, f, entra.KindTimedOut)
		c.most, c.mostWant = 120, 120 // each holds the Source for 30 seconds
		return c
	}
	// azidentity caches whatever token it is given, so every other call comes with claims: only
	// these reach Entra.
	unnamed := func(name string, f entratest.Fault) faultCase {
		c := refusal(name, f, entra.KindMalformed)
		c.alone, c.wanted = 2*c.alone, 2*c.wanted
		return c
	}
	stuck := hang("hangs and ignores its context", entratest.Fault{HangIgnoringContext: true})
	stuck.direct, stuck.most, stuck.mostWant = true, 9, 9 // 8 calls are left behind, and no more made
	// One JWT for all answers: the STS would sign thousands, and that took most of the time of the
	// whole test.
	expired := outage("token that has expired", entratest.Fault{Token: jwt(map[string]any{"oid": entratest.ObjectID, "exp": 946684740})}, entra.KindMalformed, entra.KindNetwork)
	expired.life = -time.Minute
	return []faultCase{
		refusal("400", entratest.Fault{Status: 400}, entra.KindRejected),
		refusal("401", entratest.Fault{Status: 401}, entra.KindRejected),
		refusal("403", entratest.Fault{Status: 403}, entra.KindRejected),
		outage("429", entratest.Fault{Status: 429}, entra.KindThrottled),
		throttled("7", 7*time.Second),
		throttled("20", 20*time.Second),
		throttled("120", 60*time.Second),
		outage("500", entratest.Fault{Status: 500}, entra.KindNetwork),
		outage("503", entratest.Fault{Status: 503}, entra.KindNetwork),
		outage("connection refused", entratest.Fault{Refuse: true}, entra.KindNetwork),
		hang("hangs", entratest.Fault{Hang: true}),
		stuck,
		outage("garbage", entratest.Fault{Status: 200, Body: "<html>"}, entra.KindNetwork),
		outage("empty token", entratest.Fault{Status: 200, Body: `{"token_type":"Bearer","access_token":"","expires_in":"4500","expires_on":"4102444800"}`}, entra.KindMalformed, entra.KindNetwork),
		expired,
		unnamed("opaque token", entratest.Fault{Token: "opaque"}),
		unnamed("token without oid", entratest.Fault{NoObjectID: true}),
		{name: "token with another oid", fault: entratest.Fault{Claims: map[string]any{"oid": otherObjectID}}, most: 3, mostWant: 3, accepted: true},
	}
}

// A faultVictim is a credential and a caller that a fault meets.
type faultVictim struct {
	name    string
	make    func(testing.TB, *entratest.STS) azcore.TokenCredential
	waiting bool // there is a caller who wants a token all the time
}

func faultVictims(direct bool) []faultVictim {
	if direct {
		direct := func(_ testing.TB, sts *entratest.STS) azcore.TokenCredential { return sts.Credential() }
		return []faultVictim{{"direct", direct, false}, {"direct", direct, true}}
	}
	return []faultVictim{
		{"client secret", secretCredential, false}, {"managed identity", managedIdentity, true},
		{"client secret", secretCredential, true}, {"managed identity", managedIdentity, false},
	}
}

var victims = flag.Int("victims", 1, "how many pairs of a credential and a caller each fault meets in each situation; with 4, which are all, the table of docs/outages.md is printed")

// Every fault, in every situation, with real credentials: how many requests it costs, what callers
// get, how soon the Source recovers. One fault meets different victims in different situations, so
// that it meets each once.
func TestFaultsInEverySituation(t *testing.T) {
	table := []string{"| fault | begins | Token within 10 s | requests in an hour | back after |", "|---|---|---|---|---|"}
	complete := true
	for i, f := range faultCases() {
		all := faultVictims(f.direct)
		for j, s := range situations() {
			row := faultRow{fault: f.name, begins: s}
			for k := range min(max(*victims, 1), len(all)) {
				v := all[(i+j+k)%len(all)]
				t.Run(fmt.Sprintf("%s/%s/%s/waiting %v", f.name, s, v.name, v.waiting), func(t *testing.T) {
					o := sufferInBubble(t, f, s, v)
					row.add(o, v.waiting)
					f.judge(t, s, o, v.waiting)
				})
			}
			complete = complete && *victims >= len(all)
			table = append(table, row.String())
		}
	}
	if complete {
		t.Log("\n" + strings.Join(table, "\n"))
	}
	text, err := os.ReadFile("../../docs/outages.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faultCases() {
		for _, s := range situations() {
			if row := fmt.Sprintf("\n| %s | %s |", f.name, s); !strings.Contains(string(text), row) {
				t.Errorf("docs/outages.md has no row %q", row)
			}
		}
	}
}

func (f *faultCase) judge(t *testing.T, s situation, o outcome, waiting bool) {
	if f.accepted {
		if o.username != otherObjectID || o.requests > f.most {
			t.Errorf("user name %q, %d requests", o.username, o.requests)
		}
		if follows := strings.Contains(o.log, "another identity"); follows == (s == coldStart) {
			t.Errorf("log: %s", o.log)
		}
		return
	}
	if has := s == beforeRenewal || s == lastMinutes; o.immediate != has {
		t.Errorf("a token at once: %v", o.immediate)
	} else if !has && !f.tells(o.kind) && !(s == afterExpiry && o.kind == entra.KindNetwork) { // the trouble before it
		t.Errorf("the error of Token is %q, want %v", o.kind, f.kinds)
	}
	most, slowest := f.most, f.alone
	if waiting {
		most, slowest = f.mostWant, f.wanted
	}
	if o.requests > most {
		t.Errorf("%d requests in an hour, want at most %d", o.requests, most)
	}
	if o.recovered > slowest+time.Second/10 {
		t.Errorf("back after %v, want %v", o.recovered, slowest)
	}
	if warned := strings.Count(o.log, "level=WARN") + strings.Count(o.log, "level=ERROR"); warned < 1 || warned > 2 {
		t.Errorf("%d lines of trouble: %s", warned, o.log)
	}
}

func (f *faultCase) tells(kind entra.Kind) bool {
	for _, k := range f.kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// A faultRow is one of docs/outages.md: the extremes of all credentials, in the background and
// while a caller waits.
type faultRow struct {
	fault     string
	begins    situation
	token     string
	requests  [2]span[int]
	recovered [2]span[time.Duration]
}

type span[T int | time.Duration] struct {
	least, most T
	known       bool
}

func (s *span[T]) add(v T) {
	if !s.known {
		s.least, s.most, s.known = v, v, true
	}
	s.least, s.most = min(s.least, v), max(s.most, v)
}

func (s span[T]) String() string {
	if s.least == s.most {
		return fmt.Sprint(s.most)
	}
	return fmt.Sprintf("%v to %v", s.least, s.most)
}

func (r *faultRow) add(o outcome, waiting bool) {
	i := 0
	if waiting {
		i = 1
	}
	r.requests[i].add(o.requests)
	r.recovered[i].add(o.recovered.Round(time.Second / 10))
	said := "waits; " + string(o.kind)
	switch {
	case o.immediate:
		said = "a token at once"
	case o.kind == "" && o.username != "":
		said = "a token"
	}
	kind := strings.TrimPrefix(said, "waits; ")
	if r.token == "" {
		r.token = said
	} else if !strings.Contains(r.token, kind) {
		r.token += " or " + kind
	}
}

func (r *faultRow) String() string {
	return fmt.Sprintf("| %s | %s | %s | %v; wanted: %v | %v; wanted: %v |", r.fault, r.begins, r.token,
		r.requests[0], r.requests[1], r.recovered[0], r.recovered[1])
}
