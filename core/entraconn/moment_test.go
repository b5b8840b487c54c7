package entraconn

import (
	"crypto/tls"
	"net"
	"testing"
	"time"
)

// However far away a deadline is, and of whichever clock, it has passed or it has not.
func TestMomentsStayWhereTheyAre(t *testing.T) {
	now := time.Now()
	c := &Conn{server: &server{dialer: &Dialer{start: now.Add(-time.Hour)}}}
	const year = 365 * 24 * time.Hour
	for _, at := range []time.Time{
		now.Add(-50 * year), now.Add(-2 * time.Hour), now.Add(-time.Minute), now.Add(time.Minute), now.Add(10 * year), now.Add(25 * year), now.Add(290 * year),
		time.Unix(1, 0), time.Unix(1<<40, 0), time.Unix(1<<62, 0), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
	} {
		for _, at := range []time.Time{at, at.Round(0)} {
			if got := c.timeOf(c.momentOf(at)); got.Before(now) != at.Before(now) || got.IsZero() {
				t.Errorf("%v has become %v", at, got)
			}
		}
	}
	if got := c.timeOf(c.momentOf(time.Time{})); !got.IsZero() {
		t.Errorf("none has become %v", got)
	}
	if soon := now.Add(time.Minute); c.momentOf(soon).ofWall() || !c.momentOf(soon.Round(0)).ofWall() {
		t.Error("of the wrong clock")
	}
}

func TestWhichConnectionsAreTame(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tcp, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	wrapped := struct{ net.Conn }{tcp}
	for _, c := range []net.Conn{tcp, &net.UnixConn{}, tls.Client(tcp, &tls.Config{})} {
		if !tame(c) {
			t.Errorf("%T is not", c)
		}
	}
	for _, c := range []net.Conn{wrapped, tls.Client(wrapped, &tls.Config{}), tls.Client(tls.Client(tcp, &tls.Config{}), &tls.Config{})} {
		if tame(c) {
			t.Errorf("%T is", c)
		}
	}
}
