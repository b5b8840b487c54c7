//go:build unix && !darwin

package documents_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/documents"
)

// What docs/moving.md has a reader paste for the step with the switch logs in with the key, then with Entra ID, and with the
// key again, at one cache.
func TestMovingFromAnAccessKeyAndBack(t *testing.T) {
	const key = "an access key"
	var connects []documents.Block
	var source documents.Block
	for _, block := range snippets("docs/moving.md", read(t, filepath.Join(root, "docs/moving.md"))) {
		switch {
		case strings.Contains(block.Code, "func newSource("):
			source = block
		case strings.Contains(block.Code, "func connect(src *entra.Source,"):
			connects = append(connects, block)
		}
	}
	var programs []map[string]string
	for _, connect := range connects {
		programs = append(programs, map[string]string{
			"connect.go": inMain(connect), "source.go": inMain(source), "main.go": fmt.Sprintf(mover, counting(t, connect)),
		})
	}
	if len(programs) != 3 {
		t.Fatalf("found %d ways to connect, want one for each client", len(programs))
	}
	for i, binary := range binariesOf(t, programs) {
		t.Run(clientOf(connects[i]), func(t *testing.T) {
			t.Parallel()
			cache := startCache(t, map[string]string{"default": key})
			for n, how := range []string{"", "entra", ""} {
				cmd := cache.command(t, binary, cache.gateway.Addr())
				cmd.Env = append(slices.Clone(cmd.Env), "REDIS_KEY="+key, "REDIS_AUTH="+how)
				out, err := cmd.CombinedOutput()
				if want := fmt.Sprintln(n + 1); err != nil || string(out) != want {
					t.Errorf("REDIS_AUTH=%s: got %q, %v, want %q", how, out, err, want)
				}
			}
			var users []string
			for _, auth := range cache.gateway.Auths() {
				users = append(users, auth.User)
			}
			if want := []string{"default", entratest.ObjectID, "default"}; !slices.Equal(slices.Compact(users), want) {
				t.Errorf("users %q logged in, want %q", users, want)
			}
		})
	}
}

// mover is the program around the functions of the page. It counts in Redis, and prints the number.
const mover = `package main

import (
	"context"
	"fmt"
	"log"
	"os"
)

func main() {
	ctx, addr := context.Background(), os.Args[1]
	url := "rediss://" + addr + "/0"
	_, _ = ctx, url
	src, err := newSource()
	if err != nil {
		log.Fatal(err)
	}
	if src != nil {
		defer src.Close()
	}
	%s
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
}
`

// counting returns the statements that set n and err with the client that a block connects.
func counting(t *testing.T, connect documents.Block) string {
	const failed = "; if err != nil { log.Fatal(err) }; "
	switch client := clientOf(connect); client {
	case "go-redis":
		return "c, err := connect(src, url)" + failed + `n, err := c.Incr(ctx, "n").Result()`
	case "rueidis":
		return "c, err := connect(src, url)" + failed + `n, err := c.Do(ctx, c.B().Incr().Key("n").Build()).AsInt64()`
	case "redigo":
		return "pool, err := connect(src, addr)" + failed + `n, err := pool.Get().Do("INCR", "n")`
	default:
		t.Fatalf("no client in %q", connect.Code)
		return ""
	}
}

// inMain returns a block as a file of package main.
func inMain(b documents.Block) string {
	return strings.Replace(b.File(), "package snippet\n", "package main\n", 1)
}
