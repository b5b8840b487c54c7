package otelentra_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// anyFailure is on the durations of what failed.
func anyFailure() attribute.KeyValue { return attribute.String("error.type", "_OTHER") }

func refused(words string) error {
	return &entra.AuthError{Addr: serverAddr, Err: errors.New(words)}
}

func TestLoginSpanIsBelowTheDialAndLinksToItsToken(t *testing.T) {
	tel := newTelemetry(t)
	token := life(time.Now())
	tel.refresh(entra.TriggerInitial, token, nil)
	ctx, dial := tel.tracers.Tracer("program").Start(t.Context(), "dial")
	tel.login(ctx, conn(1), token, nil)
	dial.End()
	if !tel.records {
		return
	}
	auth := tel.one("AUTH")
	if auth.Parent().SpanID() != dial.SpanContext().SpanID() || auth.SpanKind() != trace.SpanKindClient || auth.Status().Code != codes.Unset {
		t.Errorf("parent %v, kind %v, status %v", auth.Parent(), auth.SpanKind(), auth.Status())
	}
	tel.links(auth, tel.one("refresh token"))
	tel.has(auth, "db.system.name", "redis", "server.address", "cache.example", "server.port", "6380", "db.operation.name", "AUTH",
		"db.client.connection.pool.name", "cache", "entraredis.client.library", "go-redis", "entraredis.auth.phase", "initial", "error.type", "",
		"network.peer.address", "10.0.0.4", "network.peer.port", "6380")
}

func TestErrorTypesOfAUTH(t *testing.T) {
	tests := []struct {
		name         string
		err          error
		want, status string
	}{
		{"refused", refused("WRONGPASS invalid username-password pair"), "WRONGPASS", "WRONGPASS"},
		{"full", refused("ERR max number of clients reached"), "ERR", "ERR"},
		{"a code alone", refused("NOAUTH"), "NOAUTH", "NOAUTH"},
		{"words that Redis does not know", refused("eyJhbGciOi is no token of mine"), "_OTHER", ""},
		{"no words", &entra.AuthError{Addr: serverAddr}, "_OTHER", ""},
		{"timeout", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "timeout", ""},
		{"closed by the client", net.ErrClosed, "closed", ""},
		{"closed by the client, in a call", &net.OpError{Op: "read", Err: net.ErrClosed}, "closed", ""},
		{"closed by the server", io.EOF, "connection_lost", ""},
		{"closed by the server in an answer", io.ErrUnexpectedEOF, "connection_lost", ""},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "connection_lost", ""},
		{"not understood", errors.New("an answer that is none"), "_OTHER", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tel := newTelemetry(t)
			tel.login(t.Context(), conn(1), life(time.Now()), test.err)
			failed := int64(1)
			if test.want == "closed" {
				failed = -1
			}
			if n := tel.count("entraredis.connection.auth.duration", pool(anyFailure())); n != failed {
				t.Errorf("%d on the metric", n)
			}
			if !tel.records {
				return
			}
			auth := tel.one("AUTH")
			tel.has(auth, "error.type", test.want, "db.response.status_code", test.status)
			if auth.Status().Code != codes.Error || auth.Status().Description != test.want {
				t.Errorf("status %v", auth.Status())
			}
		})
	}
}

// rotation of 1,000 connections in which 40 AUTHs are refused, 20 are slow, and those refused are accepted later.
func rotateThousand(tel *telemetry) {
	start := time.Now()
	old, recent := life(start), life(start.Add(time.Hour))
	tel.refresh(entra.TriggerInitial, old, nil)
	for id := range uint64(1000) {
		tel.login(tel.Context(), conn(id), old, nil)
	}
	tel.spans.Reset()
	tel.refresh(entra.TriggerScheduled, recent, nil)
	ctx := tel.rotate(1000, recent)
	for id := range uint64(1000) {
		took, err := time.Millisecond, error(nil)
		switch {
		case id < 40:
			err = refused("NOPERM not yet")
		case id < 60:
			took = 100 * time.Millisecond
		}
		tel.auth(tel.Context(), conn(id), entra.AuthRotation, recent, took, err)
	}
	for id := range uint64(40) {
		tel.auth(tel.Context(), conn(id), entra.AuthRetry, recent, time.Millisecond, nil)
	}
	tel.rotated(ctx, 1000, 0)
}

func TestSpansOfARotationOfAThousandConnections(t *testing.T) {
	tests := []struct {
		name          string
		policy        otelentra.SpanPolicy
		auths         int
		dropped       string
		withoutErrors int
	}{
		{"failures and slow", otelentra.SpansFailuresAndSlow, 10, "50", 0},
		{"all", otelentra.SpansAll, 512, "528", 472},
		{"none", otelentra.SpansNone, 0, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tel := newTelemetry(t, otelentra.WithSpans(test.policy))
			rotateThousand(tel)
			phase := func(p string) int64 {
				return tel.count("entraredis.connection.auth.duration", pool(attribute.String("entraredis.auth.phase", p)))
			}
			f := tel.count("entraredis.connection.auth.duration", pool(anyFailure()))
			if i, r, again := phase("initial"), phase("rotation"), phase("retry"); i != 1000 || r != 960 || f != 40 || again != 40 {
				t.Errorf("metrics saw %d logins, %d renewals, %d refusals and %d retries", i, r, f, again)
			}
			if n := tel.count("entraredis.rotation.duration", pool()); n != 1 {
				t.Errorf("metrics saw %d rotations", n)
			}
			if test.policy == otelentra.SpansNone {
				if n := len(tel.spans.Started()); n != 0 {
					t.Errorf("there are %d spans", n)
				}
				return
			}
			if !tel.records {
				return
			}
			auths := tel.named("AUTH")
			if len(auths) != test.auths {
				t.Fatalf("%d spans of AUTHs, want %d", len(auths), test.auths)
			}
			rotation := tel.one("rotate connections")
			tel.isRoot(rotation, tel.one("refresh token"))
			tel.has(rotation, "entraredis.rotation.dropped_spans", test.dropped, "entraredis.rotation.connections", "1000", "entraredis.rotation.window", "600",
				"entraredis.rotation.renewed", "1000", "entraredis.rotation.refused", "0", "server.port", "6380")
			fine := 0
			for _, auth := range auths {
				tel.isRoot(auth, rotation)
				if auth.SpanKind() != trace.SpanKindClient || valueOf(auth.Attributes(), "entraredis.auth.phase") != "rotation" {
					t.Errorf("kind %v, attributes %v", auth.SpanKind(), auth.Attributes())
				}
				if auth.Status().Code == codes.Unset {
					fine++
				}
			}
			if fine != test.withoutErrors {
				t.Errorf("%d spans of successes, want %d", fine, test.withoutErrors)
			}
		})
	}
}

func TestLateSpanHasTheTimesOfItsAuth(t *testing.T) {
	tel := newTelemetry(t)
	tel.auth(t.Context(), conn(1), entra.AuthRotation, life(time.Now()), 3*time.Second, nil)
	if !tel.records {
		return
	}
	auth := tel.one("AUTH")
	if took := auth.EndTime().Sub(auth.StartTime()); took != 3*time.Second {
		t.Errorf("it lasts %s", took)
	}
	tel.isRoot(auth) // no rotation is known, so there is nothing to link to
}

func TestTheNextRotationHasABudgetOfItsOwn(t *testing.T) {
	tel := newTelemetry(t)
	rotateThousand(tel)
	rotateThousand(tel)
	if !tel.records {
		return
	}
	if n := len(tel.named("AUTH")); n != 10 {
		t.Errorf("%d spans in the second", n)
	}
	tel.has(tel.one("rotate connections"), "entraredis.rotation.dropped_spans", "50")
}

func TestExemplarsLeadToTheSpanOrTheRotation(t *testing.T) {
	tel := newTelemetry(t)
	recent := life(time.Now())
	ctx := tel.rotate(2, recent)
	tel.auth(t.Context(), conn(1), entra.AuthRotation, recent, time.Millisecond, nil)
	tel.auth(t.Context(), conn(2), entra.AuthRotation, recent, time.Second, nil)
	tel.rotated(ctx, 2, 0)
	if !tel.records {
		return
	}
	leadsTo := map[float64]string{.001: "rotate connections", 1: "AUTH"}
	found := 0
	for _, p := range tel.metrics()["entraredis.connection.auth.duration"].Data.(metricdata.Histogram[float64]).DataPoints {
		for _, e := range p.Exemplars {
			want := tel.one(leadsTo[e.Value]).SpanContext().SpanID()
			if string(e.SpanID) != string(want[:]) {
				t.Errorf("the exemplar of %v s leads elsewhere than %q", e.Value, leadsTo[e.Value])
			}
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d exemplars", found)
	}
}

// An observer between the Source and this one may give back a context of its own making.
func TestSpanOfTheProgramIsLeftAlone(t *testing.T) {
	tel := newTelemetry(t)
	ctx, program := tel.tracers.Tracer("program").Start(t.Context(), "program")
	tel.obs.AuthDone(ctx, entra.AuthDoneInfo{Conn: conn(1), Phase: entra.AuthInitial, Err: io.EOF})
	tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Err: entra.ErrClosed})
	tel.obs.AttemptDone(ctx, entra.AttemptDoneInfo{})
	tel.rotated(ctx, 0, 0)
	if !tel.records {
		return
	}
	if !program.IsRecording() {
		t.Error("it was ended")
	}
	program.End()
	if s := tel.one("program"); s.Status().Code != codes.Unset || len(s.Attributes()) != 0 {
		t.Errorf("it was changed: %v %v", s.Status(), s.Attributes())
	}
}
