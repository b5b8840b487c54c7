package entraconn_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// A wireTest is a connection to a model server, in a bubble.
type wireTest struct {
	t      *testing.T
	src    *entra.Source
	opened time.Time // when the connection was
	closed []entra.ConnClosedInfo
	conn   net.Conn
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
		l, err := network.Listen("127.0.0.4:6379")
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
		w.opened = time.Now()
		c, err := entraconn.NewDialer(w.src, nil).DialFunc(network.DialContext)(t.Context(), "tcp", "127.0.0.4:6379")
		if err != nil {
			t.Fatal(err)
		}
		w.conn, w.r = c, bufio.NewReader(c)
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
