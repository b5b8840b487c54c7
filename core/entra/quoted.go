package entra

import "strings"

// A quoted error is the cause of a RefreshError with a copy of its text. Many callers get the same
// error, and azidentity's Error methods are not safe for concurrent use: they rewind the body that
// they quote.
//
// Only Error and Unwrap show what it holds. Its fields are functions, because encoders and dumpers
// print the fields of an error, exported or not, and those of what it wraps.
type quoted struct {
	text  func() string
	cause func() error
}

func newQuoted(cause error, text string) *quoted {
	return &quoted{text: func() string { return text }, cause: func() error { return cause }}
}

func (q *quoted) Error() string   { return q.text() }
func (q *quoted) Unwrap() []error { return []error{q.cause()} } // see RefreshError.Unwrap

// entraCode finds Entra's error code, for example "AADSTS7000215", in the text of a credential's
// error. Credentials that run a command line tool have only the tool's text.
func entraCode(text string) string {
	const mark, mostDigits = "AADSTS", 9 // there are 5 to 8
	_, rest, _ := strings.Cut(text, mark)
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if digits == "" || len(digits) > mostDigits {
		return ""
	}
	return mark + digits
}
