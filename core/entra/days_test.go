package entra_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

var hours = flag.Int("hours", 8, "for how many hours each credential keeps a program in tokens, and for two of its tokens' lives at least; docs/measurements.md has the table of 48")

// days are what happened to one credential.
type days struct {
	kind            string
	life, refreshIn time.Duration
	length          time.Duration
	tokens          int           // that the Source took
	requests        int           // that reached Entra or its stand-in, discovery aside
	looks           int           // calls of the credential that brought no token
	least           time.Duration // to the expiry of a token when its successor came
	bad             []string
}

// Every kind of credential keeps a program in valid tokens for days, at the price of one request
// for each token.
func TestDaysOfEveryCredential(t *testing.T) {
	var table []days
	for _, kind := range credentialKinds(t) {
		t.Run(kind.name, func(t *testing.T) {
			for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"} {
				t.Setenv(name, "") // which restores it; whatever this machine is, the kinds are not to see
				if err := os.Unsetenv(name); err != nil {
					t.Fatal(err)
				}
			}
			if kind.prepare != nil {
				kind.prepare(t)
			}
			for _, opts := range daysOf(kind) {
				synctest.Test(t, func(t *testing.T) {
					d := liveDays(t, kind, opts)
					table = append(table, d)
					for _, bad := range d.bad {
						t.Errorf("life %v, refresh_in %v: %s", d.life, d.refreshIn, bad)
					}
				})
			}
		})
	}
	t.Log("\n" + daysTable(table))
	checkDaysTable(t, table)
}

// daysOf lists the tokens that a kind is tried with.
func daysOf(k credentialKind) (all []entratest.STSOptions) {
	lives := []time.Duration{time.Hour, 75 * time.Minute, 90 * time.Minute}
	if k.managed {
		lives = append(lives, 24*time.Hour)
	}
	if k.name == "client secret" {
		lives = append(lives, 5*time.Minute, 10*time.Minute)
	}
	for _, life := range lives {
		all = append(all, entratest.STSOptions{Lifetime: life, ArcKeyFolder: entratest.ArcKeyFolder})
		if !k.command {
			all = append(all, entratest.STSOptions{Lifetime: life, RefreshIn: life / 2, ArcKeyFolder: entratest.ArcKeyFolder})
		}
	}
	return all
}

// liveDays runs a Source and watches it: at each of its tokens, at the moment each should have been
// renewed by, and every minute.
func liveDays(t *testing.T, kind credentialKind, opts entratest.STSOptions) days {
	d := days{kind: kind.name, life: opts.Lifetime, refreshIn: opts.RefreshIn, least: opts.Lifetime}
	d.length = max(time.Duration(*hours)*time.Hour, 2*opts.Lifetime)
	sts := entratest.NewSTS(&opts)
	attempts := 0
	var mu sync.Mutex // the observer's goroutine is another
	observer := &entra.Observer{AttemptDone: func(context.Context, entra.AttemptDoneInfo) {
		mu.Lock()
		defer mu.Unlock()
		attempts++
	}}
	src := newSource(t, kind.make(t, sts), &entra.Options{Observer: observer})
	token := mustToken(t, src)
	d.tokens = 1
	end := time.NewTimer(d.length)
	defer end.Stop()
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	never, cancel := context.WithCancel(t.Context())
	cancel()
	for running := true; running; {
		_, changed := src.Latest()
		select {
		case <-end.C:
			running = false
			continue
		case <-minute.C:
			if _, err := src.Token(never); err != nil {
				d.bad = append(d.bad, fmt.Sprintf("no token at once: %v", err))
			}
			continue
		case <-changed:
		}
		next, _ := src.Latest()
		remaining := time.Until(token.ExpiresOn())
		d.tokens++
		d.least = min(d.least, remaining)
		if time.Now().After(token.RenewBy()) {
			d.bad = append(d.bad, fmt.Sprintf("token %d came %v before the expiry of the one before", d.tokens, remaining))
		}
		if next.IsZero() || !next.ExpiresOn().After(token.ExpiresOn()) {
			d.bad = append(d.bad, fmt.Sprintf("token %d: %v", d.tokens, next))
		}
		token = next
	}
	_ = src.Close()
	for _, r := range sts.Requests() {
		switch r.Endpoint {
		case entratest.Token, entratest.IMDS, entratest.AppService, entratest.Arc, entratest.Direct:
			d.requests++
		}
	}
	d.looks = attempts - d.tokens
	d.judge(kind)
	return d
}

// judge adds what is wrong with the numbers.
func (d *days) judge(k credentialKind) {
	if d.requests != d.tokens {
		d.bad = append(d.bad, fmt.Sprintf("%d requests for %d tokens", d.requests, d.tokens))
	}
	// A renewal comes between 30 % of a life, after a start or an outage, and its end.
	from, to := d.life*3/10, d.life
	if d.refreshIn > 0 {
		from = d.refreshIn
	}
	if least, most := int(d.length/to), 1+int(d.length/from); d.tokens < least || d.tokens > most {
		d.bad = append(d.bad, fmt.Sprintf("%d tokens, want %d to %d", d.tokens, least, most))
	}
	// For each token one call meets a cache. Where claims are refused as well, there is a second
	// one once a day.
	if most := d.tokens + int((d.length+24*time.Hour-1)/(24*time.Hour)); d.looks > most {
		d.bad = append(d.bad, fmt.Sprintf("%d extra looks, want at most %d", d.looks, most))
	}
}

// row is how the tables name the days.
func (d *days) row() string {
	refreshIn := "none"
	if d.refreshIn > 0 {
		refreshIn = short(d.refreshIn)
	}
	return fmt.Sprintf("| %s | %s | %s |", d.kind, short(d.life), refreshIn)
}

func daysTable(all []days) string {
	var b strings.Builder
	b.WriteString("| credential | life | refresh_in | tokens | requests | extra looks | least left at a renewal |\n|---|---|---|---|---|---|---|\n")
	for _, d := range all {
		fmt.Fprintf(&b, "%s %d | %d | %d | %s |\n", d.row(), d.tokens, d.requests, d.looks, short(d.least.Truncate(time.Second)))
	}
	return b.String()
}

// short writes a duration without the units that are zero.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// checkDaysTable keeps docs/measurements.md complete. Its numbers are those of one run: they are
// random.
func checkDaysTable(t *testing.T, all []days) {
	text, err := os.ReadFile("../../docs/measurements.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if !strings.Contains(string(text), "\n"+d.row()+" ") {
			t.Errorf("docs/measurements.md has no row %q", d.row())
		}
	}
}
