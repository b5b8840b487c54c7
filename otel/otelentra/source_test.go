package otelentra_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A real Source and a real client live through a token, an outage of Entra, and the loss of every connection.
func TestReportsWhatReallyHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, redis.Options{PoolSize: 1})
		defer s.close()
		tel := s.telemetry
		ping := func() {
			t.Helper()
			if err := s.client.Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
		ping()
		synctest.Wait()

		first, newer := s.src.Latest()
		outage := s.sts.Inject(entratest.Fault{Status: 503})
		time.Sleep(time.Until(first.ExpiresOn().Add(-10 * time.Minute)))
		synctest.Wait()
		if p := tel.metrics()["entraredis.token.refresh.consecutive_failures"].Data.(metricdata.Gauge[int64]).DataPoints; p[0].Value < 3 {
			t.Errorf("%d failures in a row during an outage", p[0].Value)
		}
		outage.Remove()
		<-newer
		time.Sleep(time.Until(first.RenewBy()))
		synctest.Wait()
		if tel.records {
			refreshes := tel.named("refresh token")
			last := refreshes[len(refreshes)-1]
			tel.isRoot(tel.one("rotate connections"), last)
			requests := tel.named("request token")
			tel.has(requests[1], "error.type", "", "entraredis.token.request.unchanged", "true") // out of the credential's cache
			tel.has(requests[2], "error.type", "network", "http.response.status_code", "503", "entraredis.token.request.claims", "true")
			tel.has(refreshes[1], "error.type", "network", "entraredis.token.refresh.trigger", "scheduled")
			tel.has(last, "error.type", "", "entraredis.token.refresh.trigger", "scheduled")
		}

		ping() // on a fresh connection: go-redis closes those that were idle for half an hour
		s.gateway.DropAll()
		time.Sleep(time.Second)
		ping()
		synctest.Wait()
		if tel.records {
			back := tel.named("reconnect")
			if len(back) == 0 {
				t.Fatal("no reconnect is reported")
			}
			tel.has(back[0], "entraredis.connection.retire.reason", "server_closed", "server.address", "10.0.0.4", "entraredis.server", "10.0.0.4:6380",
				"network.peer.address", "10.0.0.4", "network.peer.port", "6380")
			if len(back[0].Links()) != 1 {
				t.Error("it does not say which login made up for the loss")
			}
		}

		if n := tel.count("entraredis.connection.auth.duration", atGateway(attribute.String("entraredis.auth.phase", "rotation"))); n < 1 {
			t.Errorf("%d renewals", n)
		}
		if n := tel.count("entraredis.connection.reconnections", atGateway(reasonKey(entra.CloseByServer))); n < 1 {
			t.Errorf("%d reconnections", n)
		}
		token, _ := s.src.Latest()
		_, secret := token.Credentials()
		if all := printed(tel); strings.Contains(all, secret) || strings.Contains(all, entratest.ObjectID) {
			t.Error("the token or the object id is reported")
		}
	})
}

// spanning is a credential that makes a span of each call, as those of azidentity do.
type spanning struct {
	azcore.TokenCredential
	tracer trace.Tracer
}

func (c spanning) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, span := c.tracer.Start(ctx, "GetToken")
	defer span.End()
	return c.TokenCredential.GetToken(ctx, opts)
}

// The Source waits for the span of a request before it calls the credential, and the log handler
// finds the span of the refresh.
func TestSourceCallsTheCredentialBelowItsSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		sts := entratest.NewSTS(nil)
		sts.Inject(entratest.Fault{Status: 503, Count: 1})
		log := &traceLog{}
		src, err := entra.NewSource(spanning{sts.Credential(), tel.tracers.Tracer("program")}, &entra.Options{
			Observer: tel.given, Logger: slog.New(log),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = src.Close() // it waits for the observer and the log
		if !tel.records {
			return
		}
		requests, calls := tel.named("request token"), tel.named("GetToken")
		if len(requests) != 2 || len(calls) != 2 {
			t.Fatalf("%d requests and %d calls", len(requests), len(calls))
		}
		for i := range requests {
			if calls[i].Parent().SpanID() != requests[i].SpanContext().SpanID() {
				t.Errorf("call %d is not below its request", i)
			}
		}
		if len(log.traces) == 0 {
			t.Error("nothing was logged")
		}
		for _, id := range log.traces {
			if id != tel.one("refresh token").SpanContext().TraceID() {
				t.Errorf("a line has the trace %v", id)
			}
		}
	})
}

// A traceLog is a log handler that keeps the trace of each line.
type traceLog struct{ traces []trace.TraceID }

// Enabled implements [slog.Handler].
func (l *traceLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (l *traceLog) Handle(ctx context.Context, _ slog.Record) error {
	l.traces = append(l.traces, trace.SpanContextFromContext(ctx).TraceID())
	return nil
}

// WithAttrs implements [slog.Handler].
func (l *traceLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements [slog.Handler].
func (l *traceLog) WithGroup(string) slog.Handler { return l }
