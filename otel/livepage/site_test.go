package livepage_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

// A site is a page behind an HTTP server on a network in memory, for use in a bubble of testing/synctest.
type site struct {
	t      *testing.T
	page   *livepage.Page
	see    *entra.Observer // the page's
	client *http.Client
	server *http.Server
}

func open(t *testing.T, opts *livepage.Options) *site {
	t.Helper()
	page := livepage.New(opts)
	mux := http.NewServeMux()
	mux.Handle("/debug/redis/", page)
	network := entratest.NewNetwork()
	l, err := network.Listen("10.0.0.9:80")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, page: page, see: entra.JoinObservers(page.Observer(), nil)}
	s.server = &http.Server{Handler: mux, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second}
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(l) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, n, _ string) (net.Conn, error) {
		return network.DialContext(ctx, n, "10.0.0.9:80")
	}}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		page.Close()
		transport.CloseIdleConnections()
		_ = s.server.Close()
		<-served
	})
	return s
}

func (s *site) request(method, name string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://page.test/debug/redis/"+name, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func (s *site) get(name string) string {
	s.t.Helper()
	answer := s.request(http.MethodGet, name)
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// A view is what these tests read of a snapshot.
type view struct {
	Now     time.Time
	Verdict struct{ Level, Answer, Reason, Advice string }

	Instance string
	Token    struct {
		State     string
		ExpiresAt time.Time `json:"expires_at"`
		ObjectID  string    `json:"object_id"`
		Renewal   struct {
			Text string
			At   time.Time
		}
	}
	Entra struct {
		Text, Kind, Codes string
		Failures          int
	}
	Servers []struct {
		Server, Library, Pool   string
		Current, Stale, Expired int
		AtRisk                  int `json:"at_risk"`
		NotLoggedIn             int `json:"not_logged_in"`
		Rotation                *struct{ Planned, Done int }
		Trouble                 struct{ Level, Text string }
	}
	More   int `json:"more_servers"`
	Events []struct {
		Kind, Level, Text string
		Count, Times      int
		At, Since         time.Time
	}
}

// snapshot returns what the page shows when its observer has been called for everything so far.
func (s *site) snapshot() view {
	s.t.Helper()
	synctest.Wait()
	return decode(s.t, s.get("snapshot"))
}

func decode(t *testing.T, text string) view {
	t.Helper()
	var v view
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// A stream is an open one.
type stream struct {
	t       *testing.T
	body    io.Closer
	scanner *bufio.Scanner
}

func (s *site) stream() *stream {
	s.t.Helper()
	answer := s.request(http.MethodGet, "events")
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("a stream got %s", answer.Status)
	}
	scanner := bufio.NewScanner(answer.Body)
	scanner.Buffer(nil, 1<<20)
	return &stream{s.t, answer.Body, scanner}
}

// next returns the next snapshot, and false at the end of the stream.
func (st *stream) next() (view, bool) {
	st.t.Helper()
	for st.scanner.Scan() {
		if data, ok := strings.CutPrefix(st.scanner.Text(), "data: "); ok {
			return decode(st.t, data), true
		}
	}
	return view{}, false
}

// What happens to the page's program, told as a Source and its connections would.

var conn = entra.ConnInfo{Library: "go-redis", Pool: "cart", ID: 1, ServerAddr: "redis.test:6380"}

func times(left time.Duration) entra.TokenTimes {
	now := time.Now()
	return entra.TokenTimes{IssuedAt: now, RenewBy: now.Add(left - left/10), ExpiresOn: now.Add(left)}
}

func (s *site) renewed(t entra.TokenTimes) {
	ctx := s.t.Context()
	s.see.RefreshDone(ctx, entra.RefreshDoneInfo{At: time.Now(), Trigger: entra.TriggerScheduled, Attempts: 1, ExpiresOn: t.ExpiresOn})
}

func (s *site) failed(attempt int, e entra.RefreshError) {
	e.Attempt, e.RetryAt = attempt, time.Now().Add(10*time.Second)
	s.see.AttemptDone(s.t.Context(), entra.AttemptDoneInfo{At: time.Now(), Attempt: attempt, Err: &e})
}

func (s *site) opened(c entra.ConnInfo) {
	s.see.ConnOpened(s.t.Context(), entra.ConnOpenedInfo{At: time.Now(), Conn: c})
}

// auth reports an AUTH that was accepted, refused (*entra.AuthError), or not answered because the
// connection ended.
func (s *site) auth(c entra.ConnInfo, phase entra.AuthPhase, t entra.TokenTimes, err error) {
	refused := errors.As(err, new(*entra.AuthError))
	s.see.AuthDone(s.t.Context(), entra.AuthDoneInfo{At: time.Now(), Conn: c, Phase: phase, Token: t, Err: err, Refused: refused})
}

// unable reports an AUTH to a server that serves no client.
func (s *site) unable(c entra.ConnInfo, phase entra.AuthPhase, t entra.TokenTimes, line string) {
	err := &entra.AuthError{Addr: c.ServerAddr, Err: errors.New(line)}
	s.see.AuthDone(s.t.Context(), entra.AuthDoneInfo{At: time.Now(), Conn: c, Phase: phase, Token: t, Err: err})
}

// unanswered reports a login that got no answer.
func (s *site) unanswered(c entra.ConnInfo, t entra.TokenTimes, waited time.Duration, err error) {
	s.see.AuthDone(s.t.Context(), entra.AuthDoneInfo{At: time.Now(), Conn: c, Phase: entra.AuthInitial, Token: t, Duration: waited, Err: err})
}

func (s *site) closed(c entra.ConnInfo, reason entra.CloseReason, t entra.TokenTimes) {
	s.see.ConnClosed(s.t.Context(), entra.ConnClosedInfo{At: time.Now(), Conn: c, Reason: reason, TokenExpiresOn: t.ExpiresOn})
}
