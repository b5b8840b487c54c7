package livepage_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func TestStreamLivesAnHourBeyondTheServersTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		began, last, n := time.Now(), time.Now(), 0
		for st := s.stream(); time.Since(began) < time.Hour; n++ {
			v, ok := st.next()
			if !ok {
				t.Fatalf("the stream ended after %v", time.Since(began))
			}
			if gap := v.Now.Sub(last); gap > 5*time.Second {
				t.Fatalf("nothing was sent for %v", gap)
			}
			last = v.Now
		}
		if n > 800 {
			t.Errorf("%d snapshots in a quiet hour", n)
		}
	})
}

func TestNewsComesAtOnceAndStormsComeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		st := s.stream()
		st.next()
		began := time.Now()
		token := times(time.Hour)
		s.renewed(token)
		if v, _ := st.next(); v.Token.State != "valid" || v.Now.Sub(began) > 300*time.Millisecond {
			t.Errorf("%v later the token is %s", v.Now.Sub(began), v.Token.State)
		}
		began = time.Now()
		go func() {
			for id := range uint64(10000) { // AUTHs, over ten seconds
				c := conn
				c.ID = id
				s.opened(c)
				s.auth(c, entra.AuthInitial, token, nil)
				time.Sleep(time.Millisecond)
			}
		}()
		n := 0
		for {
			v, _ := st.next()
			n++
			if len(v.Servers) == 1 && v.Servers[0].Current == 10000 {
				break
			}
		}
		if n > 50 {
			t.Errorf("%d snapshots in %v", n, time.Since(began))
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &livepage.Options{MaxStreams: 2})
		first, _ := s.stream(), s.stream()
		answer := s.request(http.MethodGet, "events")
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("the third stream got %s", answer.Status)
		}
		if s.request(http.MethodGet, "snapshot").StatusCode != http.StatusOK {
			t.Error("no snapshot while all streams are taken")
		}
		_ = first.body.Close()
		synctest.Wait()
		s.stream()
	})
}

func TestCloseEndsStreamsAndLeavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		st := s.stream()
		st.next()
		s.server.RegisterOnShutdown(s.page.Close)
		s.page.Close()
		s.page.Close()
		if _, ok := st.next(); ok {
			t.Error("the stream goes on")
		}
		if got := s.request(http.MethodGet, "events").StatusCode; got != http.StatusServiceUnavailable {
			t.Errorf("a new stream got %d", got)
		}
		if !strings.Contains(s.get(""), "<h1>") {
			t.Error("the page is gone")
		}
	})
}

// A writer that never takes anything: a reader that has stopped reading.
type clogged struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (c *clogged) SetWriteDeadline(t time.Time) error { c.deadline = t; return nil }
func (c *clogged) SetReadDeadline(time.Time) error    { return nil }
func (c *clogged) Write(b []byte) (int, error) {
	time.Sleep(time.Until(c.deadline))
	return 0, http.ErrHandlerTimeout
}

func TestSlowReaderIsDroppedAndDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		ended := make(chan time.Time)
		began := time.Now()
		go func() {
			s.page.ServeHTTP(&clogged{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/events", nil))
			ended <- time.Now()
		}()
		synctest.Wait()
		for range 1000 {
			s.renewed(times(time.Hour))
		}
		if time.Since(began) != 0 {
			t.Errorf("the observers waited %v", time.Since(began))
		}
		if took := (<-ended).Sub(began); took > 11*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}

func TestStreamsOverHTTP2(t *testing.T) {
	page := livepage.New(nil)
	defer page.Close()
	server := httptest.NewUnstartedServer(page)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	buf := make([]byte, 20)
	if _, err := answer.Body.Read(buf); err != nil || answer.ProtoMajor != 2 {
		t.Errorf("HTTP/%d: %q %v", answer.ProtoMajor, buf, err)
	}
	server.CloseClientConnections()
}
