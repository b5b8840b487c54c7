package authanswer

import "time"

const (
	// There may be several proxies behind the address of a server, of which one refuses. Where half of
	// the logins are refused, it takes 255 of them on average until eight in a row were.
	rowLength   = 8
	shortestRow = time.Second
)

// A Row is refusals by one server without an acceptance between them. The zero Row has none.
//
// It holds the one rule for when such refusals outweigh that the server has accepted a token before. Two
// judges apply it to what they see. The login gate of a Dialer has a Row of one credential, and closes. A
// record of the Source has one of all AUTHs, and makes Status say that the server refuses. So they may
// differ.
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

// IsConclusive reports whether the refusals are the word of the whole server: eight, over a second or
// more.
func (r Row) IsConclusive() bool { return r.count >= rowLength && r.latest.Sub(r.began) >= shortestRow }
