package board

import (
	"bytes"
	"encoding/json"
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
