package tokendial

import (
	"context"
	"net"
	"sync"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A lender opens connections with tokens. It has a Source and a Dialer while a connection is open, and closes the
// Source with the last one: some tests look for goroutines that are left when they have closed their client.
type lender struct {
	mu     sync.Mutex
	open   int
	source *entra.Source // nil if none is open
	dialer *entraconn.Dialer
}

func (l *lender) dial(ctx context.Context, newCredential func() *credential, network, addr string, dial DialFunc) (net.Conn, error) {
	d, err := l.borrow(newCredential)
	if err != nil {
		return nil, err
	}
	c, err := d.DialFunc(dial)(ctx, network, addr)
	if err != nil {
		l.giveBack()
		return nil, err
	}
	return &conn{Conn: c, giveBack: sync.OnceFunc(l.giveBack)}, nil
}

func (l *lender) borrow(newCredential func() *credential) (*entraconn.Dialer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.source == nil {
		source, err := entra.NewSource(newCredential(), nil)
		if err != nil {
			return nil, err
		}
		l.source, l.dialer = source, entraconn.NewDialer(source, nil)
	}
	l.open++
	return l.dialer, nil
}

func (l *lender) giveBack() {
	l.mu.Lock()
	var last *entra.Source
	if l.open--; l.open == 0 {
		last, l.source, l.dialer = l.source, nil, nil
	}
	l.mu.Unlock()
	if last != nil {
		_ = last.Close()
	}
}

// A conn counts as open until it is closed.
type conn struct {
	net.Conn
	giveBack func()
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.giveBack()
	return err
}
