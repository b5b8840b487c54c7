package entra_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A situation is the moment at which a fault begins.
type situation string

const (
	coldStart     situation = "cold start"
	beforeRenewal situation = "before renewal"
	lastMinutes   situation = "last 5 minutes"
	afterExpiry   situation = "after expiry"
)

func situations() []situation { return []situation{coldStart, beforeRenewal, lastMinutes, afterExpiry} }

// faultLength is how long a fault lasts.
const faultLength = time.Hour

// An outcome is what became of a Source in an hour of a fault, and when that was over.
type outcome struct {
	immediate bool          // Token returned a token without waiting
	kind      entra.Kind    // of the error of Token after 10 seconds, empty if it told of no failure
	username  string        // of the token at the end of the hour
	requests  int           // in that hour
	recovered time.Duration // from the end of the fault to the next token
	log       string
}

// sufferInBubble calls suffer in a bubble of its own.
func sufferInBubble(t *testing.T, f faultCase, s situation, v faultVictim) (o outcome) {
	synctest.Test(t, func(t *testing.T) { o = suffer(t, f, s, v) })
	return o
}

// suffer has a Source live through an hour of a fault.
func suffer(t *testing.T, f faultCase, s situation, v faultVictim) (o outcome) {
	sts := entratest.NewSTS(nil)
	var log bytes.Buffer
	opts := &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	var src *entra.Source
	var remove func()
	var before int
	if s == coldStart {
		_, remove = f.begin(t, sts)
		src = newSource(t, v.make(t, sts), opts)
	} else {
		src = newSource(t, v.make(t, sts), opts)
		expires := mustToken(t, src).ExpiresOn()
		time.Sleep(life / 4)
		if s == beforeRenewal {
			before = requestsTo(sts)
			var await func()
			await, remove = f.begin(t, sts)
			await()
		} else {
			// No renewal before its moment, whatever the fault then is.
			earlier := sts.Inject(entratest.Fault{Status: 503})
			time.Sleep(time.Until(expires) + map[situation]time.Duration{lastMinutes: -270 * time.Second, afterExpiry: time.Minute}[s])
			earlier.Remove()
			before = requestsTo(sts)
			_, remove = f.begin(t, sts)
		}
	}
	began := time.Now()
	err := within(t, src, 10*time.Second)
	o.immediate = err == nil && time.Since(began) == 0
	var refresh *entra.RefreshError
	if errors.As(err, &refresh) {
		o.kind = refresh.Kind
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if v.waiting {
		go want(ctx, src)
	}
	time.Sleep(time.Until(began.Add(faultLength)))
	o.requests = requestsTo(sts) - before
	token, changed := src.Latest()
	o.username = token.Username()
	ended := time.Now()
	remove()
	if token.IsZero() {
		<-changed
		o.recovered = time.Since(ended)
	}
	_ = src.Close() // which ends the writing to log
	o.log = log.String()
	return o
}

// want wants a token at every moment until ctx ends or the Source is closed.
func want(ctx context.Context, src *entra.Source) {
	for {
		token, err := src.Token(ctx)
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(token.ExpiresOn()) + time.Millisecond):
		}
	}
}

func requestsTo(sts *entratest.STS) (n int) {
	for _, r := range sts.Requests() {
		switch r.Endpoint {
		case entratest.Token, entratest.IMDS, entratest.Direct:
			n++
		}
	}
	return n
}
