package entra

import (
	"strings"
	"time"
)

// refreshError tells callers of the failure. The attempt was one of several in a row, the next one is due at retryAt.
func (r result) refreshError(attempt int, retryAt time.Time) *RefreshError {
	e := &RefreshError{Kind: r.kind(), Code: entraCode(r.text), Attempt: attempt, RetryAt: retryAt, Err: r.err}
	if r.text != "" {
		e.Err = &quoted{r.err, r.text}
	}
	if resp := r.answer(); resp != nil && resp.StatusCode >= 400 && e.Kind != KindMalformed && e.Kind != KindTimedOut {
		e.Status = resp.StatusCode
		if resp.Request != nil && resp.Request.URL != nil {
			e.Host = resp.Request.URL.Host
		}
	}
	return e
}

// A quoted error is a credential's error with its text taken down, because the same one goes to any number of callers
// and azidentity's Error methods are not safe for concurrent use: they rewind the body that they quote.
type quoted struct {
	err  error
	text string
}

func (q *quoted) Error() string { return q.text }
func (q *quoted) Unwrap() error { return q.err }

// entraCode finds the code of an error of Entra, as "AADSTS7000215", in what a credential says of its failure. Those
// that run a command line tool have nothing but the tool's words.
func entraCode(text string) string {
	const mark, mostDigits = "AADSTS", 9 // there are 5 to 8
	_, rest, _ := strings.Cut(text, mark)
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if digits == "" || len(digits) > mostDigits {
		return ""
	}
	return mark + digits
}
