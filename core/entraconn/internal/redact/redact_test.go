package redact_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entraconn/internal/redact"
)

func TestEveryPieceOfThePasswordIsRemoved(t *testing.T) {
	const password = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiIwZjhmIn0.c2lnbmF0dXJl"
	for line, want := range map[string]string{
		"WRONGPASS invalid username-password pair":                      "WRONGPASS invalid username-password pair",
		"ERR '" + password + "'":                                        "ERR '[REDACTED]'",
		"ERR '" + password[5:17] + "' no":                               "ERR '[REDACTED]' no",
		"ERR '" + password[5:16] + "' no":                               "ERR '" + password[5:16] + "' no", // too short to be of use
		"ERR " + password[:20] + password[30:45] + " ":                  "ERR [REDACTED][REDACTED] ",
		"ERR a\r\nb\x00\xff":                                            "ERR a  b ?",
		strings.Repeat(password[:11], 3):                                strings.Repeat(password[:11], 3),
		"ERR unknown command 'AUTH', args: 'me' '" + password[:40] + "": "ERR unknown command 'AUTH', args: 'me' '[REDACTED]",
		"ERR '" + strings.ToUpper(password) + "'":                       "ERR '[REDACTED]'",
		"ERR '" + strings.ToLower(password[5:17]) + "' NO":              "ERR '[REDACTED]' NO",
		"ERR \xff" + password[:12] + "\xff":                             "ERR ?[REDACTED]?",
	} {
		if got := redact.Password(line, password); got != want {
			t.Errorf("Password(%q) = %q, want %q", line, got, want)
		}
	}
	if got := redact.Password("ERR no", ""); got != "ERR no" {
		t.Errorf("without a password: %q", got)
	}
}

// Whatever a server says, no piece of the password passes.
func FuzzPassword(f *testing.F) {
	f.Add("ERR 'secret-secret-secret' no", "secret-secret-secret")
	f.Add("ERR 'SECRET-Secret-sEcReT' no", "secret-secret-SECRET")
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaa")
	f.Add("[REDACTED][REDACTED]", "[REDACTED][REDACTED]")
	f.Fuzz(func(t *testing.T, line, password string) {
		// A token holds none of the characters that Password writes. What it writes for a piece is
		// shorter than one, so a piece of such a password cannot arise there.
		if len(password) < redact.ShortestPiece || strings.ContainsAny(password, "[]? ") {
			return
		}
		got := redact.Password(line, password)
		isLetter := func(r rune) bool { return r >= 0x80 } // which has other cases to strings than to us
		if strings.ContainsFunc(password, isLetter) || strings.ContainsFunc(line, isLetter) {
			return
		}
		got, password = strings.ToLower(got), strings.ToLower(password)
		for at := 0; at+redact.ShortestPiece <= len(password); at++ {
			if piece := password[at : at+redact.ShortestPiece]; strings.Contains(got, piece) {
				t.Fatalf("Password(%q, %q) = %q holds %q", line, password, got, piece)
			}
		}
	})
}
