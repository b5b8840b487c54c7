// Command measure has redis-benchmark compare the proxy with a direct connection over TLS and with a forwarder of 15
// lines, and crosses 50 rotations a minute with a server that ends connections whose token has expired. docs/proxy.md
// has the numbers of one run.
//
//	go run ./measure               # two minutes
//	go run ./measure -time 2s      # to see that it works
//
// It needs redis-server and redis-benchmark, both with TLS. It ends with one line, and with exit code 1 if a command, a
// message or an element was lost. No exit code depends on how fast the machine is.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		exitOn(serveAsChild(os.Args[2:]))
		return
	}
	length := flag.Duration("time", time.Minute, "how long each part takes: the comparison, and the rotations")
	flag.Parse()
	exitOn(measure(context.Background(), *length))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy: failed:", err)
		os.Exit(1)
	}
}

// A token is replaced at a random point of the tenth of its life that begins with refreshIn: 50 times a minute. It lives
// longer than that, so that no run fails because a busy machine has kept the proxy from asking for the next one.
const (
	tokenLife = 8 * time.Second
	refreshIn = 800 * time.Millisecond
)

func measure(ctx context.Context, length time.Duration) error {
	compared, err := compare(ctx, length)
	if err != nil {
		return err
	}
	rotated, err := rotate(ctx, length)
	if err != nil {
		return err
	}
	fmt.Printf("proxy: ok %s %s\n", compared, rotated)
	return nil
}
