package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "incidents:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var p pod
	flags := flag.NewFlagSet("incidents", flag.ContinueOnError)
	pace := flags.Float64("pace", 1, "factor for all times but those of the alerts; other than 1 only prints the tables")
	dir := flags.String("data", "", "existing `folder` for what Prometheus stores and the services write; without it they are not kept")
	tables := flags.String("tables", "", "print the tables of this `file`, an observed.json, and do nothing else")
	isPod := flags.Bool("pod", false, "be one of the services; the flags below are for it")
	flags.StringVar(&p.listen, "listen", "", "`host:port` to serve metrics on")
	flags.StringVar(&p.entra, "entra", "", "`host:port` of the fake Entra")
	flags.IntVar(&p.conns, "conns", 4, "connections to each cache")
	flags.DurationVar(&p.patience, "patience", 0, "end with an error if no command has succeeded by then; 0 means never")
	flags.Func("cache", "`name=host:port` of a cache; may be repeated", p.addCache)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *isPod {
		return p.run(ctx)
	}
	if *tables != "" {
		all, err := readObserved(*tables)
		fmt.Print(allTables(all))
		return err
	}
	all, err := conduct(ctx, *pace, *dir)
	if err != nil {
		return err
	}
	if *pace == 1 {
		return publish(all)
	}
	fmt.Print(allTables(all))
	return nil
}

// rest waits, and reports whether ctx is still there.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
