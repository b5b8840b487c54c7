package main_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
)

// The example has no tracer provider if it is not asked for traces.
func TestRotatesWithoutATracerProvider(t *testing.T) {
	example := startExample(t, "-life", "2s")
	eventually(t, func() string {
		text, err := scrape(t, example)
		if err != nil {
			return err.Error()
		}
		rotations := sum(text, `entraredis_rotation_duration_seconds_count\{`)
		renewals := sum(text, `entraredis_connection_auth_duration_seconds_count\{.*entraredis_auth_phase="rotation"`)
		if rotations < 3 || renewals < 3 {
			return fmt.Sprintf("%d rotations have ended with %d AUTHs, want 3 of each", rotations, renewals)
		}
		return ""
	})
}

// scrape returns what the example answers to Prometheus.
func scrape(t *testing.T, example string) (text string, err error) {
	t.Helper()
	client := http.Client{Timeout: hangs}
	resp, err := client.Get("http://" + example + "/metrics")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// sum adds up the samples whose lines begin with the pattern.
func sum(text, pattern string) (total int) {
	for _, sample := range regexp.MustCompile(`(?m)^`+pattern+`.* (\d+)$`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(sample[1]) // these are digits
		total += n
	}
	return total
}
