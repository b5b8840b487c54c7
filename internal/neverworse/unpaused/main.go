//go:build unix

// Command unpaused has callers without any pause between their calls meet a server that refuses every login, in real time:
// in turn those of a client with a static password and those of one with this library. It prints the errors a second that
// they see, and the share of a processor that their process takes. Run it with make unpaused.
//
// It fails if the callers of this library see more errors a second than those of the plain client, and a fifth, and one for
// each caller. Errors are counted, and a busy machine slows down both, so it does not change the verdict. The time of the
// processor is printed for the reader to judge, because other processes change it.
//
// The server is another process, so that its work is not taken for that of the clients.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

const (
	callers = 20
	// window is how long the callers of one side call before those of the other do.
	window = time.Second
	// windows is how many of them each side has.
	windows = 4
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		exit(serve(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(compare(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "unpaused:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// compare measures each library in turn.
func compare(ctx context.Context) error {
	twin.Silence()
	fmt.Printf("%-10s %14s %14s %8s %14s %14s %8s\n", "client", "plain errors/s", "ours errors/s", "ratio", "plain CPU", "ours CPU", "ratio")
	var wrong []error
	for _, l := range twin.Libraries() {
		plain, ours, err := measure(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		fmt.Printf("%-10s %14.0f %14.0f %8.2f %13.1f%% %13.1f%% %8.2f\n", l.Name, plain.errorRate(), ours.errorRate(),
			ours.errorRate()/max(1, plain.errorRate()), plain.load(), ours.load(), ours.load()/max(0.1, plain.load()))
		most := plain.errorRate()*1.2 + callers
		if ours.errorRate() > most {
			wrong = append(wrong, fmt.Errorf("%s: %.0f errors a second, want %.0f at most", l.Name, ours.errorRate(), most))
		}
	}
	return errors.Join(wrong...)
}

// measure opens both clients of a library, and lets their callers call in turn while every login is refused.
func measure(ctx context.Context, l twin.Library) (plain, ours tally, err error) {
	server, err := startServer(ctx)
	if err != nil {
		return plain, ours, err
	}
	defer server.close()
	source, err := entra.NewSource(server, nil)
	if err != nil {
		return plain, ours, err
	}
	defer source.Close()
	var clients [2]twin.Client
	for i, source := range []*entra.Source{nil, source} {
		client, err := l.Open(twin.Site{
			Addr: server.addr, Source: source, Username: staticUser, Password: staticPassword, Dial: (&net.Dialer{}).DialContext,
			DialTimeout: 5 * time.Second, Conns: callers, Dialing: func() func() { return func() {} },
		})
		if err != nil {
			return plain, ours, err
		}
		defer client.Close()
		if err := client.Call(ctx, "key"); err != nil {
			return plain, ours, fmt.Errorf("before the refusals: %w", err)
		}
		clients[i] = client
	}
	if err := server.refuse(); err != nil {
		return plain, ours, err
	}
	for range windows {
		for i, t := range []*tally{&plain, &ours} {
			if err := t.count(ctx, clients[i]); err != nil {
				return plain, ours, err
			}
		}
	}
	if plain.errors == 0 {
		return plain, ours, fmt.Errorf("the plain client saw no error in %v, so nothing was compared", plain.took)
	}
	return plain, ours, nil
}

// processorTime is how long this process has run on processors so far.
func processorTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
