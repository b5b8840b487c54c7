package livepage_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// A program is one that uses Redis through go-redis, and whose page is looked at.
type program struct {
	*site
	gateway *entratest.Gateway
	src     *entra.Source
	rdb     *redis.Client
}

func run(t *testing.T, opt redis.Options) *program {
	t.Helper()
	p := &program{site: open(t, nil)}
	sts, network := entratest.NewSTS(nil), entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6380")
	if err != nil {
		t.Fatal(err)
	}
	p.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	p.src, err = entra.NewSource(cred, &entra.Options{Observer: p.page.Observer()})
	if err != nil {
		t.Fatal(err)
	}
	p.page.Watch(p.src)
	dial := entraconn.NewDialer(p.src, &entraconn.Options{Library: "go-redis", Name: "cache", AllowPlaintext: true}).DialFunc(network.DialContext)
	opt.Addr, opt.MaxRetries = p.gateway.Addr(), -1
	opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) { return dial(ctx, network, addr) }
	p.rdb = redis.NewClient(&opt)
	t.Cleanup(func() {
		_, _, _ = p.rdb.Close(), p.src.Close(), p.gateway.Close()
	})
	if err := p.rdb.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// blameless checks that the page does not answer the question with a yes, and gives no advice about identities.
func (p *program) blameless(reason string) {
	p.t.Helper()
	v := p.snapshot()
	if v.Verdict.Answer == "Yes." || strings.Contains(v.Verdict.Advice, "access policy") || !strings.Contains(v.Verdict.Reason, reason) {
		p.t.Errorf("%+v, want %q", v.Verdict, reason)
	}
	for _, e := range v.Events {
		if e.Kind == "refused" || e.Level == "bad" {
			p.t.Errorf("%+v", e)
		}
	}
}

func (p *program) pings(n int) {
	p.t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
		if p.rdb.Ping(ctx).Err() == nil {
			p.t.Error("a server that serves no client has answered")
		}
		cancel()
		time.Sleep(time.Second)
	}
}

func TestServerThatServesNoClientIsNotBlamedOnTheIdentity(t *testing.T) {
	for _, line := range []string{
		"LOADING Redis is loading the dataset in memory", "ERR max number of clients reached",
		"BUSY Redis is busy running a script", "MASTERDOWN Link with MASTER is down",
	} {
		for _, full := range []bool{false, true} {
			word, text, _ := strings.Cut(line, " ")
			if full && word != "ERR" {
				continue
			}
			t.Run(fmt.Sprintf("%s, at the door: %t", word, full), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := run(t, redis.Options{PoolSize: 4})
					p.gateway.DropAll()
					time.Sleep(time.Second)
					fault := entratest.WireFault{RefuseAuth: line}
					if full {
						fault = entratest.WireFault{MaxClients: true} // answers and closes before it reads
					}
					f := p.gateway.Inject(fault)
					p.pings(5)
					if full {
						p.blameless("") // the answer is lost when the login meets the end of the connection before it
					} else {
						p.blameless("answers " + word + " to logins")
					}
					if body := p.get(""); strings.Contains(body, text) {
						t.Error("the page shows the server's text")
					}
					f.Remove()
					if err := p.rdb.Ping(t.Context()).Err(); err != nil {
						t.Fatal(err)
					}
					p.blameless("Tokens are fine.")
				})
			})
		}
	}
}

func TestServerThatIsLoadingDuringARotationIsNotBlamedOnTheIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := run(t, redis.Options{PoolSize: 4, ConnMaxIdleTime: -1})
		_, newer := p.src.Latest()
		p.gateway.Inject(entratest.WireFault{RefuseAuth: "LOADING Redis is loading the dataset in memory", RotationOnly: true})
		<-newer
		time.Sleep(2 * time.Minute)
		p.blameless("answers LOADING to the new token")
	})
}

func TestUnansweredLoginsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := run(t, redis.Options{PoolSize: 4})
		p.gateway.DropAll()
		time.Sleep(time.Second)
		f := p.gateway.Inject(entratest.WireFault{Delay: time.Hour})
		p.pings(20)
		p.blameless("10.0.0.4:6380 did not answer the last login")
		e := p.snapshot().Events[0]
		if e.Kind != "unanswered" || e.Level != "watch" || e.Times < 10 || !strings.HasPrefix(e.Text, "10.0.0.4:6380 did not answer a login for ") {
			t.Errorf("%+v", e)
		}
		f.Remove()
		if err := p.rdb.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		p.blameless("Tokens are fine.")
	})
}

// The server closes every connection of an idle pool: a failover at night.
func TestConnectionsThatTheServerHasClosedAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := run(t, redis.Options{PoolSize: 4, MinIdleConns: 3})
		for range 4 {
			go p.rdb.BLPop(t.Context(), time.Second, "x")
		}
		time.Sleep(3 * time.Second)
		if v := p.snapshot(); len(v.Servers) != 1 || v.Servers[0].Current != 4 {
			t.Fatalf("%+v", v.Servers)
		}
		_, newer := p.src.Latest()
		p.gateway.DropAll()
		<-newer
		for range 5 { // the renewal meets them all in its 10 minutes
			time.Sleep(10 * time.Minute)
			v := p.snapshot()
			for _, s := range v.Servers {
				if open := s.Current + s.Stale + s.AtRisk + s.Expired; open != len(p.gateway.Conns()) {
					t.Errorf("%d connections in %+v, the server has %d", open, s, len(p.gateway.Conns()))
				}
			}
			if v.Verdict.Answer != "No." {
				t.Errorf("%+v", v.Verdict)
			}
		}
	})
}
