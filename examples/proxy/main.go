// Command proxy lets programs use an Azure cache that know nothing of Microsoft Entra ID: programs that take
// only a URL, or that are not written in Go. It runs beside such a program, takes its connections on this
// machine, and forwards them to one cache over TLS, logged in and kept logged in with tokens.
//
//	go run . -cache contoso.redis.cache.windows.net:6380
//	redis-cli -p 6379 PING
//
// docs/proxy.md says what clients see, and what the proxy cannot do. It is a module of its own, so that the
// library's users do not get the Prometheus exporter with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/entraredis/entraredis/examples/proxy/settings"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

// command runs the proxy until SIGTERM or SIGINT, and returns its exit code: 0 after a drain, 1 if it cannot
// serve, 2 for wrong arguments. A second signal ends the program at once.
func command(args []string, out, stderr io.Writer) int {
	s, err := settings.Parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	if err := run(ctx, s, out, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
		return 1
	}
	return 0
}
