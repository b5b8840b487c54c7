package report_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/bench/internal/report"
)

func TestResultIsReadAsItWasSaved(t *testing.T) {
	results := report.Results(t.TempDir() + "/results")
	saved := map[string]float64{"GET": 1.5}
	if err := results.Save("overhead", saved); err != nil {
		t.Fatal(err)
	}
	var loaded map[string]float64
	if err := results.Load("overhead", &loaded); err != nil || loaded["GET"] != 1.5 {
		t.Errorf("loaded %v, %v, want %v", loaded, err, saved)
	}
}

// A fresh clone has no results, and make bench makes them.
func TestMissingResultSaysHowToMakeIt(t *testing.T) {
	err := report.Results(t.TempDir()).Load("fleet", &struct{}{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "make bench") {
		t.Errorf("error %v does not name make bench", err)
	}
}
