package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A prometheus is one that scrapes the example.
type prometheus struct{ url string }

// startPrometheus runs prometheus.sh. Prometheus does not report its port if it is given port 0, so
// it gets one that was free a moment ago. If another process has taken that port, Prometheus ends,
// and starts again with another. The server that answers there is ours only if it stores its data
// in our folder.
func startPrometheus(t *testing.T, target string) *prometheus {
	t.Helper()
	for range 5 {
		data := t.TempDir()
		addr := freeAddr(t)
		cmd := exec.Command("./prometheus.sh", target, addr)
		cmd.Env = append(os.Environ(), "PROMETHEUS_DATA="+data)
		running := start(t, cmd)
		p := &prometheus{"http://" + addr}
		ended := false
		eventually(t, func() string {
			select {
			case <-running.done:
				ended = true
				return ""
			default:
			}
			var flags map[string]string
			if err := p.get(t.Context(), "/api/v1/status/flags", nil, &flags); err != nil {
				return err.Error()
			}
			if got := flags["storage.tsdb.path"]; got != filepath.Join(data, "tsdb") {
				return "another process listens on " + addr
			}
			return ""
		})
		if !ended {
			return p
		}
	}
	t.Fatal("prometheus.sh ended five times before it answered")
	return nil
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// get asks the HTTP API, and decodes the data of its answer.
func (p *prometheus) get(ctx context.Context, path string, query url.Values, data any) error {
	ctx, cancel := context.WithTimeout(ctx, hangs)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Error string
		Data  any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	if answer.Error != "" {
		return fmt.Errorf("%s: %s", resp.Status, answer.Error)
	}
	return nil
}

// number reports whether the expression has a series with a number, now.
func (p *prometheus) number(ctx context.Context, expr string) (bool, error) {
	var result struct {
		Result []struct{ Value [2]any }
	}
	if err := p.get(ctx, "/api/v1/query", url.Values{"query": {expr}}, &result); err != nil {
		return false, err
	}
	for _, series := range result.Result {
		text, _ := series.Value[1].(string)
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return true, nil
		}
	}
	return false, nil
}

// count returns how many series the selector selects, now.
func (p *prometheus) count(ctx context.Context, selector string) (int, error) {
	var result struct {
		Result []struct{ Value [2]any }
	}
	if err := p.get(ctx, "/api/v1/query", url.Values{"query": {"count(" + selector + ")"}}, &result); err != nil || len(result.Result) == 0 {
		return 0, err
	}
	text, _ := result.Result[0].Value[1].(string)
	return strconv.Atoi(text)
}

// values returns what label_values of a dashboard's variable returns.
func (p *prometheus) values(ctx context.Context, selector, label string) ([]string, error) {
	var values []string
	err := p.get(ctx, "/api/v1/label/"+label+"/values", url.Values{"match[]": {selector}}, &values)
	return values, err
}

// missing asks for every expression that has not had a number yet, and says which are left.
func (p *prometheus) missing(t *testing.T, left map[string]bool) string {
	t.Helper()
	for expr := range left {
		found, err := p.number(t.Context(), expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		if found || err != nil {
			delete(left, expr)
		}
	}
	if len(left) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("no data for")
	for expr := range left {
		text.WriteString("\n\t" + expr)
	}
	return text.String()
}
