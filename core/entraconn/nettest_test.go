package entraconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/net/nettest"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A Conn keeps the promises of net.Conn, deadlines above all. nettest sends bytes that are not
// RESP, which a Conn passes on as they are.
func TestConnIsANetConn(t *testing.T) {
	src, err := entra.NewSource(opaqueToken{}, &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dialer := entraconn.NewDialer(src, nil)
	for kind, dial := range map[string]func() (c1, c2 net.Conn, err error){"pipe": pipe, "tcp": loopback} {
		t.Run(kind, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				if c1, c2, err = dial(); err != nil {
					return nil, nil, nil, err
				}
				a, err := untracked(dialer, c1)
				if err != nil {
					return nil, nil, nil, err
				}
				b, err := untracked(dialer, c2)
				return a, b, func() { a.Close(); b.Close() }, err
			})
		})
	}
}

// opaqueToken is a credential whose token says nothing about itself.
type opaqueToken struct{}

func (opaqueToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// untracked returns a connection that has logged in and sent an inline command, after which it
// looks at nothing any more.
func untracked(dialer *entraconn.Dialer, conn net.Conn) (net.Conn, error) {
	c := dialer.Wrap(&answersFirst{Conn: conn, reply: "+OK\r\n+PONG\r\n"})
	_, err := io.WriteString(c, "PING\r\n")
	got := make([]byte, len("+PONG\r\n"))
	if _, readErr := io.ReadFull(c, got); err != nil || readErr != nil || string(got) != "+PONG\r\n" {
		return nil, fmt.Errorf("logging in: %w, %q", errors.Join(err, readErr), got)
	}
	return c, nil
}

// answersFirst answers the first write itself, and passes on all that follows. So what nettest
// writes, in KiBs, is the first that a socket takes, which then takes none of them in part: nettest
// goes on after a timeout that has cut a write in two, and a Conn does not.
type answersFirst struct {
	net.Conn
	written bool
	reply   string
}

func (c *answersFirst) Write(p []byte) (int, error) {
	if c.written {
		return c.Conn.Write(p)
	}
	c.written = true
	return len(p), nil
}

func (c *answersFirst) Read(p []byte) (int, error) {
	if c.reply == "" {
		return c.Conn.Read(p)
	}
	n := copy(p, c.reply)
	c.reply = c.reply[n:]
	return n, nil
}

func pipe() (c1, c2 net.Conn, err error) {
	c1, c2 = net.Pipe()
	return c1, c2, nil
}

func loopback() (c1, c2 net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if c1, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	c2, err = l.Accept()
	return c1, c2, err
}
