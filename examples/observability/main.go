package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A plan is what the flags ask for.
type plan struct {
	listen  string
	life    time.Duration
	outages []string
	traces  bool
}

func main() {
	p, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "observability:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("observability", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.listen, "listen", "127.0.0.1:9464", "`host:port` to serve metrics and the live page on; port 0 takes a free one")
	flags.DurationVar(&p.life, "life", 20*time.Second, "how long tokens live, in whole seconds")
	flags.BoolVar(&p.traces, "traces", false, "write spans to standard output; without it there is no tracer provider")
	flags.Func("outage", "`kind` of trouble that comes and goes: entra (rejects), auth (Redis refuses) or drop (Redis ends all connections); may be repeated", func(kind string) error {
		if _, ok := troubles()[kind]; !ok {
			return errors.New("want entra, auth or drop")
		}
		p.outages = append(p.outages, kind)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return plan{}, err
	}
	if p.life < time.Second {
		err := fmt.Errorf("-life %v: want at least 1s", p.life)
		fmt.Fprintln(stderr, "observability:", err)
		return plan{}, err
	}
	return p, nil
}

// serve runs the service until ctx ends. It says on out where it can be watched.
func serve(ctx context.Context, p plan, out io.Writer) (err error) {
	listener, err := net.Listen("tcp", p.listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server has closed it, if there was one

	telemetry, err := startTelemetry(p.traces, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, telemetry.close()) }()

	stage, err := build(p.life)
	if err != nil {
		return err
	}
	defer stage.close()

	shop, err := openShop(stage, telemetry)
	if err != nil {
		return err
	}
	defer shop.close()
	start, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := shop.src.Token(start); err != nil { // a service that can get no token says so when it starts
		return err
	}

	fmt.Fprintf(out, "metrics    http://%s/metrics\nlive page  http://%s/redis-auth/\n", listener.Addr(), listener.Addr())
	go stage.trouble(ctx, p.outages, p.life)
	done := shop.work(ctx)
	defer func() { <-done }()
	return telemetry.serve(ctx, listener)
}
