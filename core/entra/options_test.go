package entra_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func TestSourceWarnsOfUnusualOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts entra.Options
		want []string // that lines say, one word for each line
	}{
		{"none", entra.Options{}, nil},
		{"the usual scope and an object id", entra.Options{Scope: entra.DefaultScope, Username: objectID}, nil},
		{"an object id in capitals", entra.Options{Username: strings.ToUpper(objectID)}, nil},
		{"another scope", entra.Options{Scope: "https://redis.azure.com"}, []string{"scope=https://redis.azure.com"}},
		{"another name", entra.Options{Username: "cache-user"}, []string{"user=cache-user"}},
		{"more than an object id", entra.Options{Username: "{" + objectID + "}"}, []string{"user={" + objectID + "}"}},
		{"both", entra.Options{Scope: "x", Username: "y"}, []string{"scope=x", "user=y"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				tt.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
				src := newSource(t, minting(life), &tt.opts)
				mustToken(t, src)
				time.Sleep(3 * life)
				_ = src.Close()
				text := log.String()
				if n := strings.Count(text, "\n"); n != len(tt.want) || strings.Count(text, "level=WARN") != n {
					t.Errorf("%d lines, want %d: %s", n, len(tt.want), text)
				}
				for _, word := range tt.want {
					if !strings.Contains(text, word) {
						t.Errorf("%s does not say %s", text, word)
					}
				}
			})
		})
	}
}
