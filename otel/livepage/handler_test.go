package livepage_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	want := map[string]string{
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	}
	types := map[string]string{
		"/": "text/html", "/snapshot": "application/json", "/page.css": "text/css", "/page.js": "text/javascript",
		"/events": "text/event-stream", "/nothing": "text/plain",
	}
	page := livepage.New(nil)
	for name, contentType := range types {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			if method == http.MethodGet && name == "/events" {
				continue // does not end; the streams' tests read its headers
			}
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequest(method, name, nil))
			for header, value := range want {
				if got := w.Header().Get(header); got != value {
					t.Errorf("%s %s: %s is %q", method, name, header, got)
				}
			}
			status := http.StatusOK
			switch {
			case name == "/nothing":
				status = http.StatusNotFound
			case method != http.MethodGet && method != http.MethodHead:
				status = http.StatusMethodNotAllowed
				if w.Header().Get("Allow") == "" {
					t.Errorf("%s %s: no Allow", method, name)
				}
			default:
				if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, contentType) {
					t.Errorf("%s %s is %s", method, name, got)
				}
			}
			if w.Code != status {
				t.Errorf("%s %s: %d, want %d", method, name, w.Code, status)
			}
		}
	}
}

func TestPageMayBeMountedAnywhere(t *testing.T) {
	page := livepage.New(nil)
	mux := http.NewServeMux()
	mux.Handle("/plain/", page)
	mux.Handle("/stripped/redis/", http.StripPrefix("/stripped/redis", page))
	mux.Handle("/exact", http.StripPrefix("/exact", page))
	mux.Handle("/exact/", http.StripPrefix("/exact", page))
	mux.Handle("/all/", http.StripPrefix("/all/", page))
	mux.Handle("/bare", page)
	mux.Handle("/bare/", page)
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, at := range []string{"/plain", "/plain/", "/stripped/redis", "/stripped/redis/", "/exact", "/exact?a=b", "/exact/", "/all", "/all/", "/bare", "/bare/"} {
		answer, err := server.Client().Get(server.URL + at)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if !strings.Contains(string(body), "<h1>") || !strings.HasSuffix(answer.Request.URL.Path, "/") {
			t.Errorf("%s led to %s: %.60q", at, answer.Request.URL, body)
		}
		for _, name := range []string{"page.css", "page.js", "snapshot"} {
			if !strings.Contains(string(body), `"`+name+`"`) && name != "snapshot" {
				t.Errorf("%s does not name %s relatively", at, name)
			}
			there, err := server.Client().Get(answer.Request.URL.JoinPath(name).String())
			if err != nil {
				t.Fatal(err)
			}
			_ = there.Body.Close()
			if there.StatusCode != http.StatusOK {
				t.Errorf("%s below %s: %s", name, at, there.Status)
			}
		}
	}
}

func TestNamesAreTextAndNeverMarkup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const evil = `<script>alert(1)</script>"'&`
		s := open(t, &livepage.Options{Name: evil})
		c := entra.ConnInfo{Library: evil, Pool: evil, ID: 1, ServerAddr: evil}
		token := times(time.Hour)
		s.renewed(token)
		s.opened(c)
		s.auth(c, entra.AuthInitial, token, &entra.AuthError{Addr: evil, Err: io.ErrUnexpectedEOF})
		s.closed(c, entra.CloseByServer, token)
		for _, name := range []string{"", "snapshot"} {
			if body := s.get(name); strings.Contains(body, "<script>alert") || !strings.Contains(body, "alert(1)") {
				t.Errorf("%q shows the name as it is, or not at all:\n%s", name, body)
			}
		}
	})
}

func TestPageNeedsNoScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &livepage.Options{Name: "checkout"})
		token := times(75 * time.Minute)
		s.renewed(token)
		s.opened(conn)
		s.auth(conn, entra.AuthInitial, token, nil)
		time.Sleep(10 * time.Minute)
		body := s.get("")
		for _, want := range []string{
			"checkout", "<strong>No.</strong>", "in 1 h 5 min", "redis.test:6380", "go-redis cart", "New token, good for",
			"<noscript>", `lang="en"`, `<th scope="col">`, "<caption>",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		if strings.Contains(body, " style=") || strings.Contains(body, "onclick") || strings.Count(body, "<h1>") != 1 {
			t.Error("the page has inline style or script, or not one h1")
		}
		if t.Failed() {
			t.Log(body)
		}
	})
}
