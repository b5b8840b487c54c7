package authanswer

import "time"

const (
	// So many refusals in a row, over so long a time, are the word of the whole server: there may be
	// several proxies behind its address. Where half of the logins are refused, it takes 255 of them on
	// average until eight are in a row.
	rowLength   = 8
	shortestRow = time.Second
)

// A Row is refusals by one server without an acceptance between them. The zero Row has none.
type Row struct {
	count         int
	began, latest time.Time
}

// Add adds a refusal.
func (r *Row) Add(now time.Time) {
	if r.count == 0 {
		r.began = now
	}
	r.count++
	r.latest = now
}

// IsEmpty reports whether there was no refusal.
func (r Row) IsEmpty() bool { return r.count == 0 }

// IsPlain reports whether the server refuses plainly, although it has accepted a token before.
func (r Row) IsPlain() bool { return r.count >= rowLength && r.latest.Sub(r.began) >= shortestRow }
