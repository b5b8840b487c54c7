package entraconn_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
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
	w.secrets = append(w.secrets, password, strings.ToUpper(password), strings.ToLower(password))
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

// A recorder keeps all that an observer is called with.
type recorder struct {
	mu  sync.Mutex
	all []any
}

func (r *recorder) add(info any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, info)
}

// infos returns a copy of what was recorded.
func (r *recorder) infos() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

func (r *recorder) observer() *entra.Observer {
	return &entra.Observer{
		AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) { r.add(i) },
		ConnOpened:  func(ctx context.Context, i entra.ConnOpenedInfo) context.Context { r.add(i); return ctx },
		ConnClosed:  func(_ context.Context, i entra.ConnClosedInfo) { r.add(i) },
		AuthStart:   func(ctx context.Context, i entra.AuthStartInfo) context.Context { r.add(i); return ctx },
		AuthDone:    func(_ context.Context, i entra.AuthDoneInfo) { r.add(i) },
	}
}

// A Conn and its Dialer show no token at any moment: while an AUTH is in flight or refused, while a
// blocking command is sent in slices, and after that.
func TestConnAndDialerShowNoToken(t *testing.T) {
	for name, opts := range map[string]*entraconn.Options{"": nil, "separate login": {SeparateLogin: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				recorded := &recorder{}
				src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{Observer: recorded.observer()})
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
					w.sees(when, c, dialer, src, *src.Observer(), recorded.infos(), &struct{ c net.Conn }{c}, struct{ d *entraconn.Dialer }{dialer})
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
				if _, err := c.Write(encode("RESET")); err != nil {
					t.Fatal(err)
				}
				peer.says("+RESET\r\n")
				if _, err := c.Write(encode("PING")); err != nil { // our login goes before it in the same write
					t.Fatal(err)
				}
				see("logged in anew")
				c.Close()
				see("closed")
				if events := fmt.Sprintf("%+v", recorded.infos()); !strings.Contains(events, "[REDACTED]") {
					t.Errorf("the server's words were not seen: %s", events)
				}
			})
		})
	}
}

// Whatever a server repeats of an AUTH, at login or in a rotation, no piece of the token gets into
// what a client reads, an error, an event, a log or the Status.
func TestWhatAServerRepeatsOfATokenIsScrubbed(t *testing.T) {
	for name, echo := range map[string]func(user, password string) string{
		"whole": func(user, password string) string {
			return "ERR unknown command 'AUTH', with args beginning with: '" + user + "' '" + password + "'"
		},
		"first 128 bytes": func(user, password string) string {
			return "ERR unknown command 'AUTH', with args beginning with: '" + password[:128] + "'"
		},
		"alone":         func(_, password string) string { return password },
		"after a code":  func(_, password string) string { return "WRONGPASS " + password },
		"not ready":     func(_, password string) string { return "LOADING " + password },
		"at the end":    func(_, password string) string { return "ERR " + strings.Repeat("no, ", 120) + password },
		"capitals":      func(_, password string) string { return "ERR " + strings.ToUpper(password) },
		"small letters": func(_, password string) string { return "ERR " + strings.ToLower(password) },
		"in pieces": func(_, password string) string {
			return "ERR " + password[:40] + " " + password[40:60] + " " + password[60:72]
		},
		"twice":               func(_, password string) string { return "ERR " + password[:200] + password[:200] },
		"among control bytes": func(_, password string) string { return "ERR \x01" + password[:30] + "\x00\xff" + password[30:60] },
		"a command":           func(user, password string) string { return "ERR protocol error: AUTH " + user + " " + password },
		"another command": func(_, password string) string {
			return "ERR unknown command 'GET', with args beginning with: '" + password + "'"
		},
	} {
		for phase, accepted := range map[string]int{"login": 0, "rotation": 1} {
			t.Run(name+", "+phase, func(t *testing.T) {
				recorded, log := &recorder{}, &bytes.Buffer{}
				w := &witness{t: t}
				server := &scripted{}
				synctest.Test(t, func(t *testing.T) {
					network := entratest.NewNetwork()
					l, err := network.Listen(addr)
					if err != nil {
						t.Fatal(err)
					}
					src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), &entra.Options{
						Observer: recorded.observer(), Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
					})
					if err != nil {
						t.Fatal(err)
					}
					server.auth = func(token int) string {
						if token <= accepted {
							return "+OK\r\n"
						}
						tok, _ := src.Latest()
						return "-" + echo(tok.Credentials()) + "\r\n"
					}
					wait := server.serve(l)
					tok, err := src.Token(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					w.knows(tok)
					c, err := entraconn.NewDialer(src, nil).DialFunc(network.DialContext)(t.Context(), "tcp", addr)
					if err != nil {
						t.Fatal(err)
					}
					var outcomes []any
					ask := func() {
						_, err := c.Write(encode("PING"))
						got := make([]byte, 1000)
						n, readErr := c.Read(got)
						outcomes = append(outcomes, err, readErr, string(got[:n]))
					}
					ask()
					if accepted > 0 {
						_, newer := src.Latest()
						<-newer
						tok, _ = src.Latest()
						w.knows(tok)
						time.Sleep(10 * time.Second)
						ask()
					}
					synctest.Wait()
					if server.seen() <= accepted {
						t.Fatal("the server repeated nothing")
					}
					w.sees("after that", append(outcomes, src.Status())...)
					c.Close()
					src.Close()
					l.Close()
					wait()
				})
				w.sees("at the end", recorded.infos())
				if piece, found := w.finder.Find(log.String()); found {
					t.Errorf("the log shows %q", piece)
				}
			})
		}
	}
}
