package livepage

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed page
var files embed.FS

// ServeHTTP serves what the last element of the request's path names: see the package's documentation.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	serve, found := p.route(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This page is read-only: use GET.", http.StatusMethodNotAllowed)
		return
	}
	serve(w, r)
}

// secure sets the headers of every answer: no cache may keep it, no page may frame it, no browser
// may sniff its type, no other origin may read it, and the page may load only its own script and
// style.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (p *Page) route(r *http.Request) (serve http.HandlerFunc, found bool) {
	_, name := path.Split(r.URL.Path)
	switch name {
	case "":
		// StripPrefix leaves no path of its prefix alone. Whether that ended with a slash is known from what was asked.
		if r.URL.Path == "" && !strings.HasSuffix(asked(r), "/") {
			return addSlash, true
		}
		return p.servePage, true
	case "events":
		return p.serveEvents, true
	case "snapshot":
		return p.serveSnapshot, true
	case "page.css":
		return asset("page/page.css", "text/css; charset=utf-8"), true
	case "page.js":
		return asset("page/page.js", "text/javascript; charset=utf-8"), true
	}
	// Of a mux that has the page under this very path, without a slash, the page may be had with one.
	return addSlash, strings.HasSuffix(r.Pattern, "/"+name)
}

// asked returns the path that was asked for, before any prefix was taken from it.
func asked(r *http.Request) string {
	if u, err := r.URL.Parse(r.RequestURI); err == nil {
		return u.EscapedPath()
	}
	return r.RequestURI
}

// addSlash sends the reader to the place that the page's relative links begin at. The prefix is no longer in the
// request's path, but the browser knows it: the address is relative to that.
func addSlash(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", "./"+path.Base(asked(r))+"/")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func asset(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := files.ReadFile(name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content) // a reader that has gone needs no answer
	}
}

func parsed() *template.Template { return template.Must(template.ParseFS(files, "page/page.html")) }

func (p *Page) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = p.html.Execute(w, p.snapshot(time.Now())) // it fails only when the reader has gone
}

func (p *Page) serveSnapshot(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p.snapshot(time.Now()))
}

// The methods below are for page.html. page.js does the same, with the time of its reader's clock.

// Relative says how far away a moment is.
func (s snapshot) Relative(t time.Time) string {
	if d := t.Sub(s.Now); d >= 0 {
		return "in " + inWords(d.Truncate(time.Second))
	}
	return inWords(s.Now.Sub(t).Truncate(time.Second)) + " ago"
}

// Clock says when a moment is.
func (s snapshot) Clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

// Stamp is a moment for machines.
func (s snapshot) Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Life is that of the token in seconds, and Left what remains of it.
func (s snapshot) Life() int { return int(s.Token.ExpiresAt.Sub(s.Token.IssuedAt).Seconds()) }

// Left is never negative.
func (s snapshot) Left() int { return max(0, int(s.Token.ExpiresAt.Sub(s.Now).Seconds())) }
