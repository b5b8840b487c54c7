package entraconn_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// wrongSecret is what Entra says of one.
const wrongSecret = `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`

// A dial that waits for the first token hears why there is none as soon as that is known, and a later
// one after a second.
func TestDialHearsWhyThereIsNoToken(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		fault   entratest.Fault
		timeout time.Duration   // of each dial, 0 for none
		waits   []time.Duration // of dials one after the other
		kind    entra.Kind
		known   bool // from the first dial on
	}{
		"rejected":            {entratest.Fault{Delay: 10 * ms, Status: 401, Body: wrongSecret}, 5 * time.Second, []time.Duration{10 * ms, time.Second, time.Second}, entra.KindRejected, true},
		"rejected late":       {entratest.Fault{Delay: 2 * time.Second, Status: 401, Body: wrongSecret}, 5 * time.Second, []time.Duration{2 * time.Second, time.Second}, entra.KindRejected, true},
		"no network":          {entratest.Fault{Refuse: true}, 5 * time.Second, []time.Duration{time.Second, time.Second, time.Second}, entra.KindNetwork, true},
		"never answers":       {entratest.Fault{Hang: true}, 5 * time.Second, []time.Duration{2500 * ms, 500 * ms, time.Second}, entra.KindTimedOut, false},
		"as rueidis dials":    {entratest.Fault{Hang: true}, 3 * time.Second, []time.Duration{1500 * ms, 1500 * ms}, entra.KindTimedOut, false},
		"as redigo dials":     {entratest.Fault{Hang: true}, 0, []time.Duration{3 * time.Second, time.Second}, entra.KindTimedOut, false},
		"little time to dial": {entratest.Fault{Hang: true}, 100 * ms, []time.Duration{50 * ms, 50 * ms}, entra.KindTimedOut, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.src.Close() // it has asked before the fault
				s.sts.Inject(tt.fault)
				src, err := entra.NewSource(s.sts.Credential(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				dial := entraconn.NewDialer(src, nil).DialFunc(s.network.DialContext)
				for i, want := range tt.waits {
					ctx, cancel := s.t.Context(), context.CancelFunc(func() {})
					if tt.timeout > 0 {
						ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					}
					began := time.Now()
					c, err := dial(ctx, "tcp", addr)
					took := time.Since(began)
					cancel()
					if err != nil {
						t.Fatalf("dial %d itself failed: %v", i+1, err)
					}
					_, err = c.Write(encode("PING"))
					var refresh *entra.RefreshError
					if !errors.As(err, &refresh) || refresh.Kind != tt.kind || took != want || errors.Unwrap(err) != nil || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("dial %d: after %v, want %v: %v", i+1, took, want, err)
					}
					if isKnown := src.Status().Err != nil; isKnown != tt.known {
						t.Errorf("dial %d: known %v", i+1, isKnown)
					}
				}
			})
		})
	}
}

// The first write of a connection whose token has expired waits by the same rule.
func TestFirstWriteHearsWhyThereIsNoToken(t *testing.T) {
	inBubble(t, func(s *site) {
		dial := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
		c, err := dial(s.t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s.sts.Inject(entratest.Fault{Status: 401, Body: wrongSecret})
		s.rest(3 * time.Hour)
		began := time.Now()
		_, err = c.Write(encode("PING"))
		var refresh *entra.RefreshError
		if !errors.As(err, &refresh) || refresh.Kind != entra.KindRejected || time.Since(began) != time.Second || errors.Unwrap(err) != nil {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// The Source's options say how long a connection waits. A dial leaves its caller half of its time, and a first write ends
// with its client's deadline.
func TestTokenWaitOfTheSourceBoundsDialAndFirstWrite(t *testing.T) {
	inBubble(t, func(s *site) {
		src, err := entra.NewSource(s.sts.Credential(), &entra.Options{TokenWait: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		dial := entraconn.NewDialer(src, nil).DialFunc(s.network.DialContext)
		var conns []net.Conn // that log in later
		for range 2 {
			c, err := dial(s.t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
		}
		s.sts.Inject(entratest.Fault{Refuse: true})
		s.rest(3 * time.Hour)
		if err := conns[1].SetWriteDeadline(time.Now().Add(22 * time.Second)); err != nil {
			t.Fatal(err)
		}
		waits := func(what string, want time.Duration, c net.Conn, err error, began time.Time) {
			if err == nil {
				_, err = c.Write(encode("PING"))
			}
			refresh := (*entra.RefreshError)(nil)
			if took := time.Since(began); took != want || !errors.As(err, &refresh) || refresh.Kind != entra.KindNetwork {
				t.Errorf("%s: after %v, want %v: %v", what, took, want, err)
			}
		}
		began := time.Now()
		waits("first write", 20*time.Second, conns[0], nil, began)
		waits("first write with a deadline", 22*time.Second, conns[1], nil, began)
		for what, limits := range map[string][2]time.Duration{"dial": {time.Minute, 20 * time.Second}, "short dial": {10 * time.Second, 5 * time.Second}} {
			ctx, cancel := context.WithTimeout(s.t.Context(), limits[0])
			began := time.Now()
			c, err := dial(ctx, "tcp", addr)
			waits(what, limits[1], c, err, began)
			cancel()
		}
	})
}
