package entra_test

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

type ctxKey struct{}

// A diary notes the refreshes that an observer learns of.
type diary struct {
	mu      sync.Mutex
	started []entra.RefreshStartInfo
	done    []entra.RefreshDoneInfo
	values  []any
}

func (d *diary) observer() *entra.Observer {
	return &entra.Observer{
		RefreshStart: func(ctx context.Context, i entra.RefreshStartInfo) context.Context {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.started = append(d.started, i)
			return context.WithValue(ctx, ctxKey{}, len(d.started))
		},
		RefreshDone: func(ctx context.Context, i entra.RefreshDoneInfo) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.done = append(d.done, i)
			d.values = append(d.values, ctx.Value(ctxKey{}))
		},
	}
}

// forced returns how many refreshes were forced.
func (d *diary) forced() (n int) {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.started {
		if i.Trigger == entra.TriggerForced {
			n++
		}
	}
	return n
}

func TestObserverSeesEveryRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		var seenByCredential []any
		cred := &credential{}
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			seenByCredential = append(seenByCredential, ctx.Value(ctxKey{}))
			if c.n == 2 || c.n == 3 {
				return azcore.AccessToken{}, errDown
			}
			return mint(c, life), nil
		}
		src := newSource(t, cred, &entra.Options{Observer: d.observer()})
		tok := mustToken(t, src)
		_, superseded := src.Latest()
		<-superseded
		synctest.Wait()
		src.Reject(mustToken(t, src))
		synctest.Wait()

		wantTriggers := []entra.RefreshTrigger{entra.TriggerInitial, entra.TriggerScheduled, entra.TriggerForced}
		if len(d.done) != 3 || len(d.started) != 3 {
			t.Fatalf("started %+v\ndone %+v", d.started, d.done)
		}
		for i, want := range wantTriggers {
			if d.started[i].Trigger != want || d.done[i].Trigger != want || d.done[i].Err != nil || d.values[i] != i+1 {
				t.Errorf("refresh %d: %+v, %+v, context %v", i, d.started[i], d.done[i], d.values[i])
			}
		}
		if got := d.done[0]; got.Attempts != 1 || got.Remaining != 0 || !got.ExpiresOn.Equal(tok.ExpiresOn()) {
			t.Errorf("first: %+v", got)
		}
		if got := d.done[1]; got.Attempts != 3 || got.Duration < 2*time.Second || got.Remaining < 14*time.Minute || got.Remaining > life*7/10 {
			t.Errorf("second: %+v", got)
		}
		if want := []any{1, 2, 2, 2, 3}; !reflect.DeepEqual(seenByCredential, want) {
			t.Errorf("the credential's contexts came from refreshes %v, want %v", seenByCredential, want)
		}
	})
}

func TestObserverSeesTheRefreshThatCloseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		src := newSource(t, hanging(), &entra.Options{Observer: d.observer()})
		time.Sleep(time.Second)
		_ = src.Close()
		if len(d.done) != 1 || d.done[0].Err != entra.ErrClosed || d.done[0].Attempts != 1 || d.done[0].Duration != time.Second {
			t.Errorf("%+v", d.done)
		}
	})
}

func TestRemainingIsNegativeAfterTheExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var d diary
		cred := during(func(c call) bool { return c.n > 1 && c.at.Before(start.Add(life+time.Minute)) }, failWith(errDown))
		src := newSource(t, cred, &entra.Options{Observer: d.observer()})
		time.Sleep(life + time.Second) // past the timer that withdraws the token
		mustToken(t, src)
		synctest.Wait()
		if got := d.done[1].Remaining; got > -time.Minute || got < -time.Minute-2*time.Second {
			t.Errorf("remaining %v", got)
		}
	})
}

func TestObserverPanicsStopNothingAndAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		src := newSource(t, minting(life), &entra.Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Observer: &entra.Observer{
				RefreshStart: func(context.Context, entra.RefreshStartInfo) context.Context { panic("in start") },
				RefreshDone:  func(context.Context, entra.RefreshDoneInfo) { panic("in done") },
			},
		})
		for range 3 {
			_, superseded := src.Latest()
			<-superseded
		}
		mustToken(t, src)
		_ = src.Close()
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "in start") {
			t.Errorf("%d lines: %s", n, &log)
		}
	})
}

func TestObserverOfASourceIsSafeToCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, given := range map[string]*entra.Observer{
			"none":        nil,
			"empty":       {},
			"returns nil": {ConnOpened: func(context.Context, entra.ConnOpenedInfo) context.Context { return nil }},
			"panics":      {ConnOpened: func(context.Context, entra.ConnOpenedInfo) context.Context { panic(1) }},
		} {
			o := newSource(t, minting(life), &entra.Options{Observer: given}).Observer()
			for i, v := 0, reflect.ValueOf(*o); i < v.NumField(); i++ {
				if v.Field(i).Kind() == reflect.Func && v.Field(i).IsNil() {
					t.Errorf("%s: %s is nil", name, v.Type().Field(i).Name)
				}
			}
			ctx := context.WithValue(t.Context(), ctxKey{}, name)
			got := o.ConnOpened(ctx, entra.ConnOpenedInfo{})
			synctest.Wait()
			if got.Value(ctxKey{}) != name {
				t.Errorf("%s: another context", name)
			}
			o.ConnClosed(ctx, entra.ConnClosedInfo{})
		}
	})
}

func TestJoinedObserversAreBothCalled(t *testing.T) {
	var order []string
	note := func(name string) *entra.Observer {
		return &entra.Observer{
			AuthStart: func(ctx context.Context, _ entra.AuthStartInfo) context.Context {
				seen, _ := ctx.Value(ctxKey{}).(string)
				order = append(order, name+" starts after "+seen)
				return context.WithValue(ctx, ctxKey{}, name)
			},
			AuthDone: func(ctx context.Context, _ entra.AuthDoneInfo) {
				order = append(order, name+" done in "+ctx.Value(ctxKey{}).(string))
			},
		}
	}
	o := entra.JoinObservers(note("a"), note("b"))
	ctx := o.AuthStart(t.Context(), entra.AuthStartInfo{})
	o.AuthDone(ctx, entra.AuthDoneInfo{})
	want := []string{"a starts after ", "b starts after a", "a done in b", "b done in b"}
	if !reflect.DeepEqual(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	if o.RefreshDone != nil || entra.JoinObservers(nil, nil).AuthStart != nil {
		t.Error("functions from nowhere")
	}
}

func TestPanicOfOneObserverDoesNotHideTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		bad := &entra.Observer{
			RefreshStart: func(context.Context, entra.RefreshStartInfo) context.Context { panic("start") },
			RefreshDone:  func(context.Context, entra.RefreshDoneInfo) { panic("done") },
		}
		src := newSource(t, minting(life), &entra.Options{Observer: entra.JoinObservers(bad, d.observer())})
		mustToken(t, src)
		synctest.Wait()
		if len(d.started) != 1 || len(d.done) != 1 {
			t.Errorf("%d starts, %d ends", len(d.started), len(d.done))
		}
	})
}

func TestLogsOnceWhenTroubleStartsOnceWhenItGetsWorseAndOnceWhenItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		start := time.Now()
		cred := during(func(c call) bool { return c.n > 1 && c.at.Before(start.Add(life+time.Hour)) }, failWith(refused(400, "")))
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		mustToken(t, src)
		time.Sleep(2 * life)
		mustToken(t, src)
		_ = src.Close() // which waits for the log
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		want := []string{"level=WARN kind=rejected", "level=ERROR", "level=INFO failures="}
		if len(lines) != len(want) {
			t.Fatalf("log:\n%s", &log)
		}
		for i, words := range want {
			for word := range strings.FieldsSeq(words) {
				if !strings.Contains(lines[i], word) {
					t.Errorf("line %d lacks %s:\n%s", i, word, lines[i])
				}
			}
		}
	})
}
