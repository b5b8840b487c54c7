package fleet

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The counts must show a fleet that cannot renew in time.
func TestCountsLateAndLostConnections(t *testing.T) {
	const life = time.Hour
	for _, tt := range []struct {
		name       string
		back       time.Duration // when Entra is there again
		late, lost int
	}{
		{"in time", 0, 0, 0},
		{"shortly before expiry", life - 2*time.Minute, 20, 0},
		{"never", 24 * time.Hour, 0, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, first := time.Now(), atomic.Int32{}
				r := Result{Processes: 5, Conns: 4, Hours: 2}
				d := r.live(t, sourceAndDialer, func() (time.Duration, error) {
					if int(first.Add(1)) > r.Processes && time.Since(began) < tt.back {
						return 0, errors.New("Entra is away")
					}
					return life, nil
				})
				if d.Late != tt.late || d.Lost != tt.lost {
					t.Errorf("%d connections late, %d lost, want %d and %d", d.Late, d.Lost, tt.late, tt.lost)
				}
			})
		})
	}
}

func TestSectionIsMadeOfTheResult(t *testing.T) {
	minutes := func(first, each int) []int {
		m := make([]int, 120)
		for i := range m {
			m[i] = each
		}
		m[0] = first
		return m
	}
	r := &Result{Processes: 1000, Conns: 10, Hours: 2, Days: []Day{
		{Way: ours, Lives: "75 minutes", Requests: minutes(1000, 17), Auths: minutes(10000, 171), RequestsSecond: 3, AuthsSecond: 30},
		{Way: naive, Lives: "75 minutes", Requests: minutes(1000, 18), Auths: minutes(10000, 181), RequestsSecond: 900, AuthsSecond: 9000},
	}}
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
	body := func() string {
		s, err := read.Section()
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Charts) != 2 {
			t.Errorf("%d charts", len(s.Charts))
		}
		return s.Body
	}
	before := body()
	read.Days[0].Lost, read.Days[0].Requests[77] = 4321, 8765
	if after := body(); strings.Contains(before, "4321") || !strings.Contains(after, "4321") || !strings.Contains(after, "8765") {
		t.Error("what is lost, or a busy minute, is not in the table:\n" + after)
	}
}
