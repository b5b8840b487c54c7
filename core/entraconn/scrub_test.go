package entraconn

import (
	"strings"
	"testing"
)

func TestScrubRemovesEveryPieceOfThePassword(t *testing.T) {
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
	} {
		if got := scrub(line, password); got != want {
			t.Errorf("scrub(%q) = %q, want %q", line, got, want)
		}
	}
	if got := scrub("ERR no", ""); got != "ERR no" {
		t.Errorf("without a password: %q", got)
	}
}

// Whatever a server says, no piece of the password passes.
func FuzzScrub(f *testing.F) {
	f.Add("ERR 'secret-secret-secret' no", "secret-secret-secret")
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaa")
	f.Add("[REDACTED][REDACTED]", "[REDACTED][REDACTED]")
	f.Fuzz(func(t *testing.T, line, password string) {
		// A token holds none of the characters that scrub writes by itself. What it writes for a piece is shorter than
		// one, so a piece of such a password cannot arise there.
		if len(password) < shortestPiece || strings.ContainsAny(password, "[]? ") {
			return
		}
		got := scrub(line, password)
		for at := 0; at+shortestPiece <= len(password); at++ {
			if piece := password[at : at+shortestPiece]; strings.Contains(got, piece) {
				t.Fatalf("scrub(%q, %q) = %q holds %q", line, password, got, piece)
			}
		}
	})
}
