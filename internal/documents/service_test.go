//go:build unix && !darwin

package documents_test

import (
	"bufio"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// servesWhatThePageSays runs a program that serves HTTP, asks what the page asks with curl, compares the answers, and
// ends the program as Kubernetes does.
func servesWhatThePageSays(t *testing.T, program, console string) {
	exchanges := readConsole(console)
	if len(exchanges) == 0 {
		t.Fatalf("no curl in %q", console)
	}
	cache := startCache(t, nil)
	cmd := cache.command(t, program)
	cmd.Env = append(cmd.Env, "LISTEN=127.0.0.1:0")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	var said strings.Builder
	address := ""
	for address == "" && lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if match := regexp.MustCompile(`serving addr=(127\.0\.0\.1:\d+)`).FindStringSubmatch(lines.Text()); match != nil {
			address = match[1]
		}
	}
	if address == "" {
		t.Fatalf("the program does not say where it serves: %v\n%s", cmd.Wait(), said.String())
	}
	for _, exchange := range exchanges {
		if got := get(t, "http://"+address+exchange.path); got != exchange.answer {
			t.Errorf("%s answers %q, and the page says %q", exchange.path, got, exchange.answer)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(log)
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s%s", err, said.String(), rest)
	}
	cache.hasLoggedIn(t)
}

// An exchange is a request of a page, and its answer there.
type exchange struct{ path, answer string }

// readConsole reads lines such as "$ curl localhost:8080/path", each of which is followed by its answer.
func readConsole(console string) []exchange {
	var exchanges []exchange
	for line := range strings.Lines(console) {
		if command, isCommand := strings.CutPrefix(line, "$ "); isCommand {
			_, path, _ := strings.Cut(strings.TrimSpace(command), "localhost:8080")
			exchanges = append(exchanges, exchange{path: path})
		} else if len(exchanges) > 0 {
			exchanges[len(exchanges)-1].answer += line
		}
	}
	return exchanges
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return string(body)
}
