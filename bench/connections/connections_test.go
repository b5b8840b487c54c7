package connections

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The test's program is the server as well.
func TestMain(m *testing.M) {
	if Serve() {
		return
	}
	os.Exit(m.Run())
}

func TestEveryConnectionOfOursIsRenewedAndThoseOfTheOtherDie(t *testing.T) {
	redis.SetLogger(silent{})
	// By steps, so a busy machine is slower and nothing else. The client spreads AUTHs over a third of these lives.
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	r, err := scale{conns: 40, life: 12 * time.Second, poolLife: 6 * time.Second, steps: true}.measure(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ways) != 3 {
		t.Fatalf("%d ways", len(r.Ways))
	}
	for _, w := range r.Ways[:2] {
		if w.Auths != w.Conns || w.Redialed > 0 || w.Lost > 0 || w.Failed > 0 {
			t.Errorf("%s: %+v", w.Name, w)
		}
		if w.Goroutines == 0 || w.Goroutines > 8 {
			t.Errorf("%s: %d goroutines", w.Name, w.Goroutines)
		}
	}
	if w := r.Ways[2]; w.Redialed < w.Conns || w.Lost != w.Conns {
		t.Errorf("%s should have lost all that lay idle, and dialed instead: %+v", w.Name, w)
	}
	t.Run("its result is what the page says", func(t *testing.T) { tell(t, r) })
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func tell(t *testing.T, r *Result) {
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var read Result
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, &read) {
		t.Errorf("%+v became %+v", r, &read)
	}
	before, err := read.Section()
	if err != nil || len(before.Charts) != 2 {
		t.Fatal(len(before.Charts), err)
	}
	read.Ways[0].Lost = 4321
	after, err := read.Section()
	if err != nil || strings.Contains(before.Body, "4321") || !strings.Contains(after.Body, "4321") {
		t.Errorf("lost connections are not in the table: %v\n%s", err, after.Body)
	}
}

func TestSpreadTellsEvenFromBunched(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	var even, bunched []time.Time
	for i := range 1000 {
		even = append(even, at(i))
		bunched = append(bunched, at(i/100*100)) // a hundred at a time
	}
	if s := spread(even); s.Ratio() > 1.05 || s.Deviation > 0.01 || s.count() != 1000 {
		t.Errorf("even: ratio %.2f, deviation %.3f, %d", s.Ratio(), s.Deviation, s.count())
	}
	if s := spread(bunched); s.Ratio() < 1.9 || s.Deviation < 0.08 {
		t.Errorf("bunched: ratio %.2f, deviation %.3f", s.Ratio(), s.Deviation)
	}
	if s := spread(nil); s.Ratio() != 0 {
		t.Errorf("none: ratio %.2f", s.Ratio())
	}
}
