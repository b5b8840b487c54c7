package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Results is the folder in which the raw results of this machine are kept, bench/results. It is not in the repository.
type Results string

// Save keeps the result of a comparison.
func (r Results) Save(name string, result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	return write(string(r), name+".json", append(text, '\n'))
}

// Load reads the result of a comparison that was measured before.
func (r Results) Load(name string, result any) error {
	text, err := os.ReadFile(filepath.Join(string(r), name+".json"))
	if err != nil {
		return fmt.Errorf("no result of this machine, measure everything once with make bench: %w", err)
	}
	return json.Unmarshal(text, result)
}
