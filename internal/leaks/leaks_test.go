package leaks_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/entraredis/entraredis/internal/leaks"
)

const secret = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiIwZjhmIn0.c2lnbmF0dXJl"

func TestFindsThePiecesOfASecret(t *testing.T) {
	finder := leaks.NewFinder(secret)
	piece := secret[7:19]
	for name, text := range map[string]string{
		"whole":            "a " + secret + " b",
		"piece":            "a" + piece + "b",
		"hex":              fmt.Sprintf("a%xb", piece),
		"hex, odd":         "a" + fmt.Sprintf("%X", piece),
		"hex, spaces":      fmt.Sprintf("% x", piece),
		"hex, 0x":          fmt.Sprintf("%# x", piece),
		"Go":               fmt.Sprintf("%#v", []byte(piece)),
		"decimal":          fmt.Sprintf("x=%v", []byte(piece)),
		"octal":            fmt.Sprintf("%o", []byte(piece)),
		"binary":           fmt.Sprintf("%b", []byte(piece)),
		"characters":       fmt.Sprintf("%c", []byte(piece)),
		"quoted":           fmt.Sprintf("%q", []byte(piece)),
		"quoted runes":     fmt.Sprintf("%q", []rune(piece)),
		"Unicode":          fmt.Sprintf("%U", []byte(piece)),
		"base64":           base64.StdEncoding.EncodeToString([]byte(piece)),
		"base64 in base64": base64.URLEncoding.EncodeToString([]byte("12" + piece + "34")),
	} {
		if _, found := finder.Find(text); !found {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	for _, text := range []string{"", "nothing", secret[:11], secret[3:14] + " " + secret[15:26], fmt.Sprintf("%x", secret[:11]), fmt.Sprint([]byte(secret[:11]))} {
		if got, found := finder.Find(text); found {
			t.Errorf("found %q in %s", got, text)
		}
	}
}

type holder struct {
	bytes  []byte
	held   any
	atomic atomic.Pointer[[]byte]
}

type exported struct{ Secret string }

type failure struct{ Text string }

func (f failure) Error() string { return "harmless" }

// Each way of printing shows what it is there for.
func TestPrintsInEveryWay(t *testing.T) {
	finder := leaks.NewFinder(secret)
	behind := []byte(secret)
	through := &holder{}
	through.atomic.Store(&behind)
	for name, test := range map[string]struct {
		value any
		how   string // the way that must show the secret
	}{
		"string":             {secret, "%v"},
		"bytes":              {[]byte(secret), "%v"},
		"unexported":         {holder{bytes: []byte(secret)}, "%+v"},
		"one pointer away":   {&struct{ h *holder }{&holder{bytes: []byte(secret)}}, "%t"},
		"unexported pointer": {&holder{bytes: []byte(secret)}, "unexported %s"},
		"JSON":               {exported{secret}, "JSON"},
		"XML":                {exported{secret}, "XML"},
		"gob":                {exported{secret}, "gob"},
		"log":                {exported{secret}, "slog"},
		"panic":              {exported{secret}, "panic"},
		"error":              {errors.New(secret), "wrapped in an error %v"},
		"field of an error":  {failure{secret}, "XML"},
		"far away":           {map[string]any{"a": []any{&holder{held: &holder{held: map[any]any{1: &exported{secret}}}}}}, "reflection"},
		"atomic":             {through, "reflection"},
		"element name":       {xml.Name{Local: secret}, "%v"},
	} {
		seen := map[string]bool{}
		for _, text := range leaks.Print(test.value) {
			if _, found := finder.Find(text.Text); found {
				seen[text.How] = true
			}
		}
		if !seen[test.how] {
			t.Errorf("%s: %s does not show it; these do: %v", name, test.how, seen)
		}
	}
}

func TestLooksIntoNoFunction(t *testing.T) {
	hidden := struct{ f func() string }{func() string { return secret }}
	for _, text := range leaks.Print(&hidden) {
		if piece, found := leaks.NewFinder(secret).Find(text.Text); found {
			t.Errorf("%s shows %q", text.How, piece)
		}
	}
}

func TestEndsWhereValuesLeadToThemselves(t *testing.T) {
	h := &holder{bytes: []byte("here")}
	h.held = h
	if got := leaks.Dump(h); strings.Count(got, "here") != 1 {
		t.Errorf("%q", got)
	}
}
