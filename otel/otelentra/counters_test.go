package otelentra_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/otelentra"
)

func triggerKey(t entra.RefreshTrigger) attribute.KeyValue {
	return attribute.String("entraredis.token.refresh.trigger", string(t))
}

func kindKey(k entra.Kind) attribute.KeyValue { return attribute.String("error.type", string(k)) }

func codeKey(code string) attribute.KeyValue {
	return attribute.String("db.response.status_code", code)
}

// counts checks a counter: the values that are named, and 0 for each other value of the key.
func counts(tel *telemetry, name string, key func(value string) attribute.Set, values []string, want map[string]int64) {
	tel.Helper()
	for _, v := range values {
		if n := tel.count(name, key(v)); n != want[v] {
			tel.Errorf("%s of %s is %d, want %d", name, v, n, want[v])
		}
	}
}

func (t *telemetry) renewals(want map[string]int64) {
	t.Helper()
	counts(t, "entraredis.token.renewals", func(v string) attribute.Set { return identity(triggerKey(entra.RefreshTrigger(v))) },
		[]string{"initial", "scheduled", "forced"}, want)
}

func (t *telemetry) failures(want map[string]int64) {
	t.Helper()
	counts(t, "entraredis.token.request.failures", func(v string) attribute.Set { return identity(kindKey(entra.Kind(v))) },
		[]string{"network", "throttled", "rejected", "malformed", "timed_out"}, want)
}

func (t *telemetry) refusals(want map[string]int64) {
	t.Helper()
	counts(t, "entraredis.connection.auth.refusals", func(v string) attribute.Set { return pool(codeKey(v)) },
		[]string{"WRONGPASS", "NOAUTH", "NOPERM", "ERR", "_OTHER"}, want)
}

func (t *telemetry) refusing(want int64) {
	t.Helper()
	gauge(t, "entraredis.connection.auth.refusing", "{server}", true, at(want, pool()))
}

func TestCountersOfTokensBeginAtZero(t *testing.T) {
	tel := newTelemetry(t)
	tel.renewals(nil)
	tel.failures(nil)
}

func TestRenewalsAreCountedByTrigger(t *testing.T) {
	tel := newTelemetry(t)
	tel.refresh(entra.TriggerInitial, life(time.Now()), nil)
	tel.refresh(entra.TriggerScheduled, life(time.Now()), nil)
	tel.refresh(entra.TriggerScheduled, life(time.Now()), nil)
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerForced})
	tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Trigger: entra.TriggerForced, Err: entra.ErrClosed})
	tel.renewals(map[string]int64{"initial": 1, "scheduled": 2})
}

func TestFailedRequestsAreCountedByKind(t *testing.T) {
	tel := newTelemetry(t)
	var failed []error
	for i, kind := range []entra.Kind{entra.KindNetwork, entra.KindThrottled, entra.KindRejected, entra.KindMalformed, entra.KindTimedOut, entra.KindNetwork} {
		failed = append(failed, &entra.RefreshError{Kind: kind, Attempt: i + 1})
	}
	tel.refresh(entra.TriggerInitial, life(time.Now()), append(failed, entra.ErrClosed, nil)...)
	tel.refresh(entra.TriggerScheduled, life(time.Now()), &entra.RefreshError{Kind: entra.KindNetwork, Attempt: 1}, nil)
	tel.failures(map[string]int64{"network": 3, "throttled": 1, "rejected": 1, "malformed": 1, "timed_out": 1})
}

// A credential that takes no claims is asked again without them, with success.
func TestRefusedClaimsAreNoFailedRequest(t *testing.T) {
	tel := newTelemetry(t)
	tel.refresh(entra.TriggerScheduled, life(time.Now()), &entra.RefreshError{Kind: entra.KindRejected, Attempt: 0}, nil)
	tel.failures(nil)
}

func TestRefusalsAreCountedByCode(t *testing.T) {
	tel := newTelemetry(t)
	for id, words := range []string{"WRONGPASS invalid", "NOAUTH first", "NOPERM no", "ERR unknown command 'AUTH'", "DENIED by a proxy", "never heard of", "WRONGPASS again"} {
		tel.login(t.Context(), conn(uint64(id)), life(time.Now()), refused(words))
	}
	for id, err := range []error{nil, io.EOF, refused("LOADING Redis is loading"), refused("BUSY a script runs"), refused("ERR max number of clients reached")} {
		tel.login(t.Context(), conn(uint64(10+id)), life(time.Now()), err)
	}
	tel.refusals(map[string]int64{"WRONGPASS": 2, "NOAUTH": 1, "NOPERM": 1, "ERR": 1, "_OTHER": 2})
}

func TestRefusingCountsServersByTheirLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		token := life(time.Now())
		at := func(id uint64, addr string) entra.ConnInfo {
			c := conn(id)
			c.ServerAddr, c.PoolAddr = addr, serverAddr
			return c
		}
		tel.login(t.Context(), at(1, serverAddr), token, nil)
		tel.refusing(0)
		tel.login(t.Context(), at(2, "10.0.0.1:6380"), token, refused("WRONGPASS"))
		tel.login(t.Context(), at(3, "10.0.0.1:6380"), token, refused("WRONGPASS"))
		tel.login(t.Context(), at(4, "10.0.0.2:6380"), token, refused("NOPERM"))
		tel.refusing(2)
		tel.login(t.Context(), at(5, "10.0.0.2:6380"), token, refused("LOADING"))
		tel.auth(t.Context(), at(5, "10.0.0.2:6380"), entra.AuthRetry, token, time.Millisecond, io.EOF)
		tel.refusing(2) // neither takes the refusal back
		tel.login(t.Context(), at(6, "10.0.0.2:6380"), token, nil)
		tel.refusing(1)
		time.Sleep(10*time.Minute - time.Second)
		tel.refusing(1)
		time.Sleep(2 * time.Second)
		tel.refusing(0) // the client has no use for that server any more
	})
}

// A program may set its meter provider long after it has made its Source.
func TestCountersAreThereWithAMeterProviderThatIsSetLate(t *testing.T) {
	tel := newTelemetry(t)
	obs, err := otelentra.NewObserver()
	if err != nil {
		t.Fatal(err)
	}
	tel.obs = stamped(obs)
	tel.refresh(entra.TriggerInitial, life(time.Now()), &entra.RefreshError{Kind: entra.KindNetwork, Attempt: 1}, nil)
	tel.login(t.Context(), conn(1), life(time.Now()), nil)
	tel.login(t.Context(), conn(2), life(time.Now()), refused("NOPERM no"))
	tel.closed(conn(2), entra.CloseAuthRejected, entra.TokenTimes{})

	meters, reader := measuring()
	otel.SetMeterProvider(meters)
	tel.reader = reader
	tel.renewals(map[string]int64{"initial": 1})
	tel.failures(map[string]int64{"network": 1})
	tel.refusals(map[string]int64{"NOPERM": 1})
	tel.refusing(1)
	for name, reasons := range map[string][]entra.CloseReason{
		"retirements":   {entra.CloseAuthTimeout, entra.CloseExpired, entra.CloseUnsupported, entra.CloseProtocol},
		"reconnections": {entra.CloseAuthRejected, entra.CloseAuthTimeout, entra.CloseExpired, entra.CloseUnsupported, entra.CloseProtocol, entra.CloseByServer},
	} {
		for _, reason := range reasons {
			if n := tel.count("entraredis.connection."+name, pool(reasonKey(reason))); n != 0 {
				t.Errorf("%s for %s are %d, want 0", name, reason, n)
			}
		}
	}
	if n := tel.count("entraredis.connection.retirements", pool(reasonKey(entra.CloseAuthRejected))); n != 1 {
		t.Errorf("%d retirements, want 1", n)
	}
}

// A real server refuses all logins, accepts them, and refuses the renewals.
func TestRefusalsOfARealServerAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, redis.Options{PoolSize: 1, MaxRetries: -1, ConnMaxIdleTime: -1})
		defer s.close()
		check := func(when string, code string, wantRefused bool) {
			t.Helper()
			synctest.Wait()
			refusing := s.count("entraredis.connection.auth.refusing", atGateway())
			refusals := s.count("entraredis.connection.auth.refusals", atGateway(codeKey(code)))
			if (refusing == 1) != wantRefused || (code != "" && refusals < 1) {
				t.Errorf("%s: %d servers refuse, %d refusals with %s", when, refusing, refusals, code)
			}
		}
		fault := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
		if err := s.client.Ping(t.Context()).Err(); err == nil {
			t.Fatal("the server was to refuse")
		}
		check("refused login", "WRONGPASS", true)
		fault.Remove()
		for range 20 {
			if s.client.Ping(t.Context()).Err() == nil {
				break
			}
			time.Sleep(time.Second)
		}
		check("accepted login", "WRONGPASS", false)
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "NOPERM not any more"})
		for range 72 { // minutes: the renewal begins after 60, and its window is 10
			s.client.Ping(t.Context())
			time.Sleep(time.Minute)
		}
		check("refused renewals", "NOPERM", true)
	})
}

// atGateway is the attributes of a pool of [newService], and more.
func atGateway(more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more,
		attribute.String("db.system.name", "redis"), attribute.String("server.address", "10.0.0.4"), attribute.Int("server.port", 6380),
		attribute.String("db.client.connection.pool.name", "cache"), attribute.String("entraredis.client.library", "go-redis"))...)
}
