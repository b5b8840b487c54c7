package livepage

import (
	"html/template"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

// A Page shows how one Source and its connections are doing. It is safe for concurrent use.
type Page struct {
	opts     Options
	instance string
	began    time.Time
	census   *census.Census
	journal  *journal
	bell     bell
	source   atomic.Pointer[entra.Source]

	html   *template.Template
	frames frames

	closing sync.Once
	closed  chan struct{}
}

// New returns a Page that has seen nothing yet.
func New(opts *Options) *Page {
	var o Options
	if opts != nil {
		o = *opts
	}
	return &Page{
		opts:     o,
		instance: o.instance(),
		began:    time.Now(),
		census:   census.New(),
		journal:  newJournal(o.events()),
		bell:     bell{most: o.streams()},
		html:     parsed(),
		closed:   make(chan struct{}),
	}
}

// Observer returns what the page learns from. It belongs into the entra.Options of one Source; where there is another
// observer, join them by [entra.JoinObservers].
func (p *Page) Observer() *entra.Observer {
	return p.bell.after(entra.JoinObservers(p.census.Observer(), p.journal.observer()))
}

// Watch makes the page say when src will ask for the next token, and when it was closed. Observers
// do not get these facts; without Watch the page only names the moment by which there must be a new
// token. src is the Source that has the page's Observer. The page does not close it.
func (p *Page) Watch(src *entra.Source) { p.source.Store(src) }

// Close ends the streams that are open, and lets no new ones begin; everything else is answered as before. It may be
// called again. [http.Server.Shutdown] waits for open streams, so tell it:
//
//	server.RegisterOnShutdown(page.Close)
func (p *Page) Close() { p.closing.Do(func() { close(p.closed) }) }
