package entraconn_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/leaks"
)

// A witness looks for tokens in whatever the package gives to a program.
type witness struct {
	t       *testing.T
	secrets []string
	finder  *leaks.Finder
}

// knows has the witness look for one more token.
func (w *witness) knows(tok entra.Token) {
	_, password := tok.Credentials()
	w.secrets = append(w.secrets, password)
	w.finder = leaks.NewFinder(w.secrets...)
}

// sees prints values in every way.
func (w *witness) sees(when string, values ...any) {
	w.t.Helper()
	for _, v := range values {
		for _, text := range leaks.Print(v) {
			if piece, found := w.finder.Find(text.Text); found {
				w.t.Errorf("%s: %T with %s shows %q: %s", when, v, text.How, piece, w.finder.Where(text.Text))
			}
		}
	}
}

// recorded returns an observer that keeps all that it is called with.
func recorded(all *[]any) *entra.Observer {
	return &entra.Observer{
		AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) { *all = append(*all, i) },
		ConnOpened: func(ctx context.Context, i entra.ConnOpenedInfo) context.Context {
			*all = append(*all, i)
			return ctx
		},
		ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) { *all = append(*all, i) },
		AuthStart: func(ctx context.Context, i entra.AuthStartInfo) context.Context {
			*all = append(*all, i)
			return ctx
		},
		AuthDone: func(_ context.Context, i entra.AuthDoneInfo) { *all = append(*all, i) },
	}
}

// A Conn and its Dialer show no token at any moment: while an AUTH is in flight or refused, while a
// blocking command is sent in slices, and after that.
func TestConnAndDialerShowNoToken(t *testing.T) {
	for name, opts := range map[string]*entraconn.Options{"": nil, "separate login": {SeparateLogin: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var events []any
				src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{Observer: recorded(&events)})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				w := &witness{t: t}
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				w.knows(tok)
				peer := newPeers(t, 1)[0]
				dialer := entraconn.NewDialer(src, opts)
				c := dialer.Wrap(peer.client)
				defer c.Close()
				see := func(when string) {
					t.Helper()
					synctest.Wait()
					w.sees(when, c, dialer, src, *src.Observer(), events, &struct{ c net.Conn }{c}, struct{ d *entraconn.Dialer }{dialer})
				}
				see("dialed")
				long := strings.Repeat("k", 3000) // whose buffer is long enough for an AUTH
				written := make(chan error)
				go func() {
					_, err := c.Write(encode("BLPOP", long, "0"))
					written <- err
				}()
				see("login in flight")
				if !strings.Contains(string(peer.heard()), "AUTH") {
					t.Fatalf("the server heard %q", peer.heard())
				}
				peer.says("+OK\r\n")
				if err := <-written; err != nil {
					t.Fatal(err)
				}
				go func() { _, _ = io.Copy(io.Discard, c) }()
				peer.says(":17\r\n")
				see("blocked")

				time.Sleep(peer.slice())
				peer.says("*-1\r\n")
				time.Sleep(time.Minute)
				tok, _ = src.Latest()
				w.knows(tok)
				if n := strings.Count(string(peer.heard()), "AUTH"); n != 2 {
					t.Fatalf("the server heard %d AUTHs", n)
				}
				see("AUTH of a rotation in flight")
				_, password := tok.Credentials()
				peer.says("-ERR unknown command 'AUTH', with args beginning with: 'u' '" + password[:400])
				see("answer read in part")
				peer.says(password[400:] + "'\r\n")
				see("refused")
				peer.says("*2\r\n$1\r\nk\r\n$1\r\nv\r\n")
				see("popped")
				if _, err := c.Write(encode("RESET")); err != nil { // our login follows it in the same write
					t.Fatal(err)
				}
				see("logged in anew")
				c.Close()
				see("closed")
				if !strings.Contains(fmt.Sprintf("%+v", events), "[REDACTED]") {
					t.Errorf("the server's words were not seen: %v", events)
				}
			})
		})
	}
}
