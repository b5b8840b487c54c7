package entraconn_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

const addr = "10.0.0.4:6380"

// A site is a fake Entra, a Source, a gateway over miniredis and the network between, all in one bubble.
type site struct {
	t       *testing.T
	network *entratest.Network
	sts     *entratest.STS
	gateway *entratest.Gateway
	events  *events
	src     *entra.Source
}

// inBubble runs a test with tokens of 75 minutes, in virtual time. The bubble fails if a goroutine is left.
func inBubble(t *testing.T, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(nil), events: &events{}}
		l, err := s.network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
		defer s.gateway.Close()
		s.src, err = entra.NewSource(s.sts.Credential(), &entra.Options{Observer: s.events.observer()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.src.Close()
		test(s)
	})
}

func (s *site) dialer(opts *entraconn.Options) func() *client {
	dial := entraconn.NewDialer(s.src, opts).DialFunc(s.network.DialContext)
	return func() *client { return s.client(dial) }
}

// A dialFunc is the dial hook of a client library.
type dialFunc = func(context.Context, string, string) (net.Conn, error)

func (s *site) client(dial dialFunc) *client {
	s.t.Helper()
	c, err := dial(s.t.Context(), "tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{s.t, c, bufio.NewReader(c)}
}

// A client is a host of few words: inline text in, a line out.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func encode(words ...string) []byte {
	var b strings.Builder
	b.WriteString("*" + itoa(len(words)) + "\r\n")
	for _, w := range words {
		b.WriteString("$" + itoa(len(w)) + "\r\n" + w + "\r\n")
	}
	return []byte(b.String())
}

func (c *client) send(command string) error {
	_, err := c.Write(encode(strings.Fields(command)...))
	return err
}

func (c *client) line() (string, error) {
	l, err := c.r.ReadString('\n')
	return strings.TrimSuffix(l, "\r\n"), err
}

// do sends a command whose reply is one line.
func (c *client) do(command, want string) {
	c.t.Helper()
	if err := c.send(command); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	if got, err := c.line(); err != nil || got != want {
		c.t.Fatalf("%s: %q, %v; want %q", command, got, err, want)
	}
}

// nextToken waits until the Source has a newer token.
func (s *site) nextToken() entra.Token {
	s.t.Helper()
	_, newer := s.src.Latest()
	<-newer
	tok, _ := s.src.Latest()
	return tok
}

// afterRotation waits until every connection that can be renewed has the newest token.
func (s *site) afterRotation() {
	s.t.Helper()
	old, newer := s.src.Latest()
	<-newer
	time.Sleep(time.Until(old.RenewBy()))
	synctest.Wait()
}

// rest lets time pass, which takes none in a bubble.
func (s *site) rest(d time.Duration) { time.Sleep(d) }
