package adaptertest

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// virtualLife is how long Entra's tokens live as a rule.
const virtualLife = 75 * time.Minute

// shortLife is long enough for the scenarios that are too much work for the whole of virtualLife.
const shortLife = 5 * time.Minute

// In real time tokens are renewed after two seconds, so that a scenario sees a few rotations. They
// live thirteen seconds more, so that a Source and its connections have enough time on a busy
// machine. The server does not count time in which the machine kept the program from running, see
// [entratest.Watchdog].
const (
	realRefresh = 2 * time.Second
	realLife    = 15 * time.Second
)

// hangs is how long a scenario waits for what comes at once or never. Only hangs are judged by it.
const hangs = 10 * time.Minute

// defaultUser is whom a server without passwords knows.
const defaultUser = "default"

// An env is the world of one scenario: Entra, Redis, and one Source for the client under test.
type env struct {
	t        *testing.T
	ctx      context.Context // ends when the scenario hangs, and with it
	end      func()          // ends ctx
	crews    *crews
	harness  Harness
	protocol int
	dialect  entratest.Dialect
	username string // for the Source; empty for that of the token
	virtual  bool
	life     time.Duration       // of the tokens of scenarios that wait for their end
	fed      time.Time           // when the Source began
	watchdog *entratest.Watchdog // nil in virtual time
	starved  time.Duration       // as the watchdog had seen when the scenario began

	dice    *dice
	sts     *entratest.STS
	gateway *entratest.Gateway
	source  *entra.Source
	tap     *tap
	output  *output
	cfg     Config
}

func newVirtual(t *testing.T, h Harness, s scenario, protocol int, dialect entratest.Dialect) *env {
	// No name: go-redis looks up names for its maintenance notifications, and that is real.
	const addr = "10.6.3.80:6380"
	e := &env{t: t, harness: h, protocol: protocol, dialect: dialect, virtual: true, life: virtualLife}
	if s.short {
		e.life = shortLife
	}
	network := entratest.NewNetwork()
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	backend := entratest.NewMiniredis()
	if _, isNewer := any(backend.Miniredis()).(interface{ ClockTTL(bool) }); !isNewer { // before v2.40 miniredis has no ZMPOP
		e.dialect.Unknown = append(slices.Clone(e.dialect.Unknown), "BZMPOP", "ZMPOP")
	}
	opts := &entratest.GatewayOptions{Backend: backend}
	e.cfg = Config{Addr: addr, Dial: network.DialContext}
	if s.tls {
		server, client, err := entratest.TLSConfigs("10.6.3.80")
		if err != nil {
			t.Fatal(err)
		}
		client.ServerName = "10.6.3.80"
		opts.TLS = server
		e.cfg.Dial = func(ctx context.Context, nw, addr string) (net.Conn, error) {
			conn, err := network.DialContext(ctx, nw, addr)
			if err != nil {
				return nil, err
			}
			return tls.Client(conn, client), nil
		}
	}
	e.start(listener, opts, s, &entratest.STSOptions{Lifetime: e.life}, 40*virtualLife)
	return e
}

func newReal(t *testing.T, h Harness, s scenario, protocol int, dialect entratest.Dialect, watchdog *entratest.Watchdog) *env {
	e := &env{t: t, harness: h, protocol: protocol, dialect: dialect, life: realLife, watchdog: watchdog, starved: watchdog.Starved()}
	redis, err := entratest.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := redis.Close(); err != nil {
			t.Error(err)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := entratest.TLSConfigs()
	if err != nil {
		t.Fatal(err)
	}
	e.cfg = Config{Addr: listener.Addr().String(), TLS: client, Timeout: hangs}
	tokens := realTokens(watchdog)
	if s.long {
		tokens.Lifetime, tokens.RefreshIn = virtualLife, 0 // e.life stays what scenarios measure pauses by
	}
	e.start(listener, &entratest.GatewayOptions{Backend: redis, TLS: server, Rights: s.rights}, s, tokens, hangs)
	return e
}

func realTokens(watchdog *entratest.Watchdog) *entratest.STSOptions {
	return &entratest.STSOptions{Lifetime: realLife, RefreshIn: realRefresh, Starved: watchdog.Starved}
}

// startWatchdog watches the machine for the scenarios of a group that run in real time. It returns how the servers that
// StartRedis starts speak. The test is skipped where there is none.
func startWatchdog(t *testing.T) (*entratest.Watchdog, entratest.Dialect) {
	t.Helper()
	redis, err := entratest.StartRedis(t.Context())
	if errors.Is(err, entratest.ErrNoRedisServer) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	watchdog, err := entratest.NewWatchdog(redis)
	if err != nil {
		t.Fatal(errors.Join(err, redis.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(watchdog.Close(), redis.Close()); err != nil {
			t.Error(err)
		}
	})
	return watchdog, askDialect(t, redis)
}

func (e *env) start(listener net.Listener, opts *entratest.GatewayOptions, s scenario, tokens *entratest.STSOptions, limit time.Duration) {
	e.prepare(tokens, limit)
	switch {
	case s.passwordless:
		e.dialect = entratest.Passwordless() // which does not know the user of the token
	case e.dialect.Passwordless:
		e.username = defaultUser
	}
	opts.STS, opts.Dialect = e.sts, e.dialect
	e.gateway = entratest.NewGateway(listener, opts)
	e.t.Cleanup(func() {
		if err := e.gateway.Close(); err != nil {
			e.t.Error(err)
		}
		e.countAuths(e.gateway)
	})
	e.cfg.Protocol = e.protocol
	if s.cold {
		e.feedCold(e.sts.Credential())
	} else {
		e.feed(e.sts.Credential())
	}
	e.keepSecrets()
}

// prepare makes what a scenario needs before its first server: its context, output, dice and fake
// Entra.
func (e *env) prepare(tokens *entratest.STSOptions, limit time.Duration) {
	e.ctx, e.end = context.WithTimeout(e.t.Context(), limit)
	e.output, e.dice, e.crews = &output{}, newDice(e.t), &crews{}
	e.sts = entratest.NewSTS(tokens)
	e.t.Cleanup(func() { // the servers are closed by now
		e.end()
		e.crews.wait()
	})
}

// countAuths says, in real time, how many AUTHs a server has accepted. scripts/servers-test.sh adds them up.
func (e *env) countAuths(gateway *entratest.Gateway) {
	if !e.virtual {
		e.t.Logf("AUTHs: %d", gateway.Stats().Auths)
	}
}

// awake returns the time since the scenario's Source began, less what the machine kept the program from running. It is for
// real time.
func (e *env) awake() time.Duration { return time.Since(e.fed) - e.watchdog.Starved() }

// keepSecrets fails the scenario, at its end, if a token was logged, reported or returned in an
// error.
func (e *env) keepSecrets() {
	e.t.Cleanup(func() {
		_ = e.source.Close() // always nil; it waits for the observer and the log
		for _, secret := range e.tap.secrets() {
			if e.output.holds(secret) {
				e.t.Error("an access token, or a part of one, stands in a log, in an error or in what the observer was told")
			}
		}
	})
}

// feed makes e.source, from cred, and waits for its first token: a busy machine may take longer for it than a login waits.
func (e *env) feed(cred azcore.TokenCredential) {
	e.t.Helper()
	e.feedCold(cred)
	if _, err := e.source.Token(e.ctx); err != nil {
		e.t.Fatal(err)
	}
}

// feedCold makes e.source, from cred.
func (e *env) feedCold(cred azcore.TokenCredential) {
	e.tap, e.fed = &tap{cred: cred, sts: e.sts}, time.Now()
	opts := &entra.Options{
		Username: e.username,
		Observer: e.output.observer(),
		Logger:   slog.New(slog.NewTextHandler(e.output, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if !e.virtual {
		opts.AttemptTimeout = hangs // tokens of realLife would allow an attempt no longer than a busy machine stands still
	}
	source, err := entra.NewSource(e.tap, opts)
	if err != nil {
		e.t.Fatal(err)
	}
	e.source, e.cfg.Source = source, source
	e.t.Cleanup(func() { _ = source.Close() }) // always nil
}

// open opens a client that can hold conns connections at once.
func (e *env) open(name string, conns int) Client {
	e.t.Helper()
	cfg := e.cfg
	cfg.Name, cfg.Conns = name, conns
	client, err := e.harness.Open(e.ctx, cfg)
	if err != nil {
		e.output.saw(err)
		e.t.Fatalf("open: %v", err)
	}
	e.t.Cleanup(func() {
		e.end()            // a goroutine of a scenario that has failed may be in a call
		_ = client.Close() // some libraries refuse a second Close
		if e.virtual {
			time.Sleep(time.Minute) // go-redis lets a dial that is under way try to the end, five times
		}
	})
	return client
}

// through puts something between the library and every connection that clients opened from now on make, as a dial
// function of the user's would.
func (e *env) through(wrap func(net.Conn) net.Conn) {
	dial := e.cfg.Dial
	if dial == nil {
		dial = (&tls.Dialer{Config: e.cfg.TLS}).DialContext
	}
	e.cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return wrap(conn), nil
	}
}
