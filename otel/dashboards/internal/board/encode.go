package board

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// JSON returns the dashboard as the committed file holds it.
func JSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // expressions are read by people too
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(Dashboard()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// suffixed are the metrics whose names end with a unit or with _total, before what a histogram's series add.
var suffixed = regexp.MustCompile(`\b(entraredis_\w+?)(?:_seconds|_total)((?:_bucket|_sum|_count)?)\b`)

// PlainNames returns a text with the names of our metrics as the OpenTelemetry Collector writes them with
// add_metric_suffixes: false: without unit and _total.
func PlainNames(text []byte) []byte { return suffixed.ReplaceAll(text, []byte("$1$2")) }
