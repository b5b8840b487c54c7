package authanswer_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

func TestEightRefusalsInASecondAreConclusive(t *testing.T) {
	for _, tc := range []struct {
		refusals int
		apart    time.Duration
		want     bool
	}{
		{0, 0, false},
		{1, time.Hour, false},
		{7, time.Hour, false},
		{8, time.Second / 7, false}, // rounded down
		{8, time.Second/7 + 1, true},
		{1000, time.Microsecond, false},
		{1001, time.Millisecond, true},
	} {
		var row authanswer.Row
		now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		for range tc.refusals {
			row.Add(now)
			now = now.Add(tc.apart)
		}
		if row.IsConclusive() != tc.want || row.IsEmpty() != (tc.refusals == 0) {
			t.Errorf("%d refusals, %v apart: conclusive %t, empty %t", tc.refusals, tc.apart, row.IsConclusive(), row.IsEmpty())
		}
	}
}
