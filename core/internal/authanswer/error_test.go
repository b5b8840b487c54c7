package authanswer_test

import (
	"testing"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

func TestErrorsAreSplit(t *testing.T) {
	for line, want := range map[string][2]string{
		"WRONGPASS invalid username-password pair": {"WRONGPASS", "INVALID USERNAME-PASSWORD PAIR"},
		"ERR WRONGPASS invalid":                    {"WRONGPASS", "WRONGPASS INVALID"},
		"ERR  max number of clients reached":       {"MAX", "MAX NUMBER OF CLIENTS REACHED"},
		"err unknown command":                      {"UNKNOWN", "UNKNOWN COMMAND"},
		" LOADING ":                                {"LOADING", ""},
		"ERR":                                      {"ERR", ""},
		"":                                         {"", ""},
	} {
		if code, text := authanswer.Split(line); code != want[0] || text != want[1] {
			t.Errorf("%q: %q, %q", line, code, text)
		}
	}
}

func TestServerThatServesNoClientSaysSo(t *testing.T) {
	for line, want := range map[string]bool{
		"LOADING Redis is loading the dataset in memory":          true,
		"ERR LOADING Redis is loading":                            true,
		"BUSY":                                                    true,
		"ERR max number of clients reached":                       true,
		"ERR max number of clients + cluster connections reached": true,
		"WRONGPASS LOADING":                                       false,
		"LOADINGS":                                                false,
		"ERR no max number of clients":                            false,
	} {
		code, text := authanswer.Split(line)
		if got := authanswer.IsUnready(code) || authanswer.IsFull(text); got != want {
			t.Errorf("%q: %t, want %t", line, got, want)
		}
	}
}
