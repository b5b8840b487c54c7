package entragoredis_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/leaks"
	"github.com/redis/go-redis/v9/auth"
)

// A listener notes what it is told.
type listener struct {
	mu     sync.Mutex
	tokens []string
	errs   []error
	wrong  []string // tokens that were no good when they came

	sts *entratest.STS
}

func (l *listener) OnNext(c auth.Credentials) {
	_, password := c.BasicAuth()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = append(l.tokens, password)
	if _, err := l.sts.Verify(password); err != nil {
		l.wrong = append(l.wrong, err.Error())
	}
}

func (l *listener) OnError(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func (l *listener) count(t *testing.T) int {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errs)+len(l.wrong) > 0 {
		t.Fatalf("it was told of errors %v, and of tokens that were no good: %s", l.errs, l.wrong)
	}
	return len(l.tokens)
}

func newStreaming(t *testing.T) (*entratest.STS, *entra.Source, *entragoredis.StreamingCredentials) {
	t.Helper()
	sts := entratest.NewSTS(nil)
	source, err := entra.NewSource(sts.Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	streaming, err := entragoredis.NewStreamingCredentials(source)
	if err != nil {
		t.Fatal(err)
	}
	return sts, source, streaming
}

// Each listener is told of each token once, however often it has subscribed, and of no error while Entra is away.
func TestStreamingCredentialsTellEachToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts, source, streaming := newStreaming(t)
		if _, err := source.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := &listener{sts: sts}, &listener{sts: sts}
		credentials, unsubscribe, err := streaming.Subscribe(first)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := streaming.Subscribe(first); err != nil {
			t.Fatal(err)
		}
		_, unsubscribeSecond, err := streaming.Subscribe(second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Minute)
		outage := sts.Inject(entratest.Fault{Status: 503})
		time.Sleep(time.Hour) // no token is left
		if username, password := credentials.BasicAuth(); username+password+credentials.RawCredentials() != "" {
			t.Error("credentials hand out an expired token")
		}
		if _, _, err := streaming.Subscribe(&listener{sts: sts}); !errors.As(err, new(*entra.RefreshError)) {
			t.Errorf("subscribed without a token: %v", err)
		}
		outage.Remove()
		time.Sleep(12 * time.Hour)
		synctest.Wait()
		if issued := sts.Issued(); issued < 10 || first.count(t) != issued-1 || second.count(t) != issued-1 {
			t.Errorf("told of %d and %d tokens of %d after the first", first.count(t), second.count(t), issued-1)
		}
		if username, password := credentials.BasicAuth(); username != entratest.ObjectID || password != credentials.RawCredentials() || !good(sts, password) {
			t.Error("credentials hand out another token than the newest")
		}

		told := first.count(t)
		if err := errors.Join(unsubscribe(), unsubscribe()); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if first.count(t) != told || second.count(t) == told {
			t.Errorf("unsubscribed: told of %d tokens more, the other one of %d", first.count(t)-told, second.count(t)-told)
		}
		if err := unsubscribeSecond(); err != nil {
			t.Error(err)
		}
		// The bubble finds a goroutine that is left. One that has subscribed anew is told again.
		if _, _, err := streaming.Subscribe(first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if first.count(t) == told {
			t.Error("told nothing after it has subscribed anew")
		}
		_ = source.Close()
		if _, _, err := streaming.Subscribe(second); !errors.Is(err, entra.ErrClosed) {
			t.Errorf("subscribed after Close: %v", err)
		}
	})
}

func TestStreamingCredentialsListenerUnsubscribesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, source, streaming := newStreaming(t)
		if _, err := source.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		l := &leaver{}
		_, unsubscribe, err := streaming.Subscribe(l)
		if err != nil {
			t.Fatal(err)
		}
		l.mu.Lock()
		l.leave = unsubscribe
		l.mu.Unlock()
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.told != 1 {
			t.Errorf("told of %d tokens", l.told)
		}
	})
}

func TestStreamingCredentialsRefuseWhatCannotWork(t *testing.T) {
	_, _, streaming := newStreaming(t)
	for _, bad := range []auth.CredentialsListener{nil, uncomparable{nil}} {
		if _, _, err := streaming.Subscribe(bad); !errors.As(err, new(*entra.ConfigError)) {
			t.Errorf("%T: %v", bad, err)
		}
	}
	if _, err := entragoredis.NewStreamingCredentials(nil); !errors.As(err, new(*entra.ConfigError)) {
		t.Errorf("without a Source: %v", err)
	}
}

func TestStreamingCredentialsShowNoToken(t *testing.T) {
	_, source, streaming := newStreaming(t)
	token, err := source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, password := token.Credentials()
	finder := leaks.NewFinder(password)
	credentials, unsubscribe, err := streaming.Subscribe(&uncomparable{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unsubscribe() }()
	for _, v := range []any{streaming, credentials} {
		for _, text := range leaks.Print(v) {
			if piece, found := finder.Find(text.Text); found {
				t.Errorf("%T with %s shows %q", v, text.How, piece)
			}
		}
	}
}

func good(sts *entratest.STS, token string) bool {
	_, err := sts.Verify(token)
	return err == nil && strings.Count(token, ".") == 2
}

// A leaver unsubscribes when it is told of a token.
type leaver struct {
	mu    sync.Mutex
	leave auth.UnsubscribeFunc
	told  int
}

func (l *leaver) OnNext(auth.Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told++
	_ = l.leave() // always nil
}

func (*leaver) OnError(error) {}

// An uncomparable listener cannot be a key of a map. A pointer to one can.
type uncomparable struct{ notes []fmt.Stringer }

func (uncomparable) OnNext(auth.Credentials) {}
func (uncomparable) OnError(error)           {}
