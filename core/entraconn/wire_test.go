package entraconn

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// minted gives tokens that live so long, all with the password that the model server knows as ours.
type minted time.Duration

func (m minted) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	// The model tells our AUTH by its password, so the token is opaque and the user name is given.
	return azcore.AccessToken{Token: modelserver.Token, ExpiresOn: time.Now().Add(time.Duration(m))}, nil
}

// A wireTest is a connection to a model server, in a bubble.
type wireTest struct {
	t      *testing.T
	dialer *Dialer
	src    *entra.Source
	closed []entra.ConnClosedInfo
	conn   *Conn
	r      *bufio.Reader
	server net.Conn
	served chan struct{} // closed when the server has seen the end
}

// onModel runs a test with a connection to a model server and tokens of the given life.
func onModel(t *testing.T, life time.Duration, test func(w *wireTest)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wireTest{t: t}
		var err error
		w.src, err = entra.NewSource(minted(life), &entra.Options{Username: "us", Observer: &entra.Observer{
			ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) { w.closed = append(w.closed, i) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer w.src.Close()
		network := entratest.NewNetwork()
		l, err := network.Listen("10.0.0.4:6379")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w.served = make(chan struct{})
		go func() {
			defer close(w.served)
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.server = c
			defer c.Close()
			model, buf := modelserver.New(), make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if strings.HasPrefix(string(buf[:n]), "PING\r\n") { // inline
					_, _ = io.WriteString(c, "+PONG\r\n")
					continue
				}
				if _, err := c.Write(model.Feed(buf[:n])); err != nil {
					return
				}
			}
		}()
		w.dialer = NewDialer(w.src, nil)
		c, err := w.dialer.DialFunc(network.DialContext)(t.Context(), "tcp", "10.0.0.4:6379")
		if err != nil {
			t.Fatal(err)
		}
		w.conn, w.r = c.(*Conn), bufio.NewReader(c)
		test(w)
		w.conn.Close()
		<-w.served
	})
}

func (w *wireTest) write(commands string) {
	w.t.Helper()
	if _, err := w.conn.Write(modelserver.Encode(strings.Split(commands, ", ")...)); err != nil {
		w.t.Fatal(err)
	}
}
