package entra_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// leaks reports whether text holds any part of the token that could be used, in an encoding that a
// printer or a logger makes.
func leaks(text, secret string) bool {
	for part := range strings.SplitSeq(secret, ".") {
		for _, form := range []string{part, hex.EncodeToString([]byte(part)), base64.StdEncoding.EncodeToString([]byte(part))} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				return true
			}
		}
	}
	return strings.Contains(text, secretMark)
}

func TestSecretShowsUpNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := mustToken(t, newSource(t, minting(life), nil))
		_, secret := tok.Credentials()
		if !leaks("x"+secret+"x", secret) || !leaks(hex.EncodeToString([]byte(secret[:strings.IndexByte(secret, '.')])), secret) {
			t.Fatal("the test would not see a leak")
		}
		type exported struct{ Token entra.Token }
		type unexported struct {
			token   entra.Token
			pointer *entra.Token
		}
		for name, v := range map[string]any{
			"value": tok, "pointer": &tok, "exported": exported{tok}, "unexported": unexported{tok, &tok},
			"pointer to unexported": &unexported{tok, &tok}, "slice": []entra.Token{tok}, "map": map[string]*entra.Token{"t": &tok},
			"key": map[entra.Token]int{tok: 1}, "error": fmt.Errorf("with %v and %w", tok, errors.New("x")), "any": []any{tok, &tok},
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%p", "%T", "%t", "%50v", "%!"} {
				if text := fmt.Sprintf(verb, v); leaks(text, secret) {
					t.Errorf("%s with %s: %s", name, verb, text)
				}
			}
			if text, err := json.Marshal(v); err == nil && leaks(string(text), secret) {
				t.Errorf("%s in JSON: %s", name, text)
			}
			var log bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
				slog.New(h).With("with", v).WithGroup("g").Info(fmt.Sprint(v), "attr", v, slog.Group("group", "in", v))
			}
			if leaks(log.String(), secret) {
				t.Errorf("%s in a log: %s", name, &log)
			}
			var dump bytes.Buffer
			dumpAll(&dump, reflect.ValueOf(v), 0)
			if leaks(dump.String(), secret) {
				t.Errorf("%s in a dump by reflection: %s", name, &dump)
			}
		}
	})
}

// dumpAll prints v as the dumpers of test libraries do: through pointers and unexported fields.
func dumpAll(w io.Writer, v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dumpAll(w, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.CanAddr() {
				f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
			}
			dumpAll(w, f, depth+1)
		}
	case reflect.Slice:
		for i := range v.Len() {
			dumpAll(w, v.Index(i), depth+1)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			dumpAll(w, it.Key(), depth+1)
			dumpAll(w, it.Value(), depth+1)
		}
	default:
		fmt.Fprintf(w, "%v ", v)
	}
}

func TestErrorsStatusAndLogTellNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		body := errors.New("RESPONSE 400: " + secretMark)
		cred := during(func(c call) bool { return c.n > 1 }, failWith(body))
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		tok := mustToken(t, src)
		_, secret := tok.Credentials()
		time.Sleep(2 * life)
		err := within(t, src, time.Minute)
		if !errors.Is(err, body) {
			t.Fatalf("%v does not hold what the credential said", err)
		}
		refresh, _ := errors.AsType[*entra.RefreshError](err)
		status := src.Status()
		synctest.Wait() // the handler of the Source writes to the same log
		for _, v := range []any{err, refresh, status, &status, entra.ErrClosed,
			&entra.ConfigError{Field: "f", Reason: "r"}, &entra.AuthError{Addr: "a:1", Err: errors.New("WRONGPASS")}} {
			inJSON, _ := json.Marshal(v)
			for _, text := range []string{fmt.Sprintf("%v|%+v|%s|%q", v, v, v, v), string(inJSON)} {
				if leaks(text, secret) {
					t.Errorf("%T: %s", v, text)
				}
			}
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		}
		if leaks(log.String(), secret) {
			t.Errorf("log: %s", &log)
		}
	})
}

func TestZeroTokenIsHarmless(t *testing.T) {
	var tok entra.Token
	username, password := tok.Credentials()
	if username != "" || password != "" || tok.Username() != "" || !tok.IsZero() || tok.Lifetime() != 0 ||
		!tok.ExpiresOn().IsZero() || tok.RenewBy().After(time.Now()) {
		t.Errorf("%v", tok)
	}
	var none *entra.Token
	text := fmt.Sprintf("%v %+v %s %q %x %v", tok, tok, tok, tok, tok, none)
	slog.New(slog.DiscardHandler).Info("x", "zero", tok, "nil", none)
	if _, err := json.Marshal([]any{tok, none}); err != nil || text == "" {
		t.Error(err)
	}
}

func TestTokensAreComparable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		same := mint(call{at: time.Now()}, life)
		cred := func() azcore.TokenCredential {
			return &credential{answer: func(context.Context, call) (azcore.AccessToken, error) { return same, nil }}
		}
		src := newSource(t, cred(), nil)
		a, b := mustToken(t, src), mustToken(t, src)
		other := mustToken(t, newSource(t, cred(), nil))
		if a != b || a == other {
			t.Error("tokens are equal if and only if they came from the same answer")
		}
	})
}
