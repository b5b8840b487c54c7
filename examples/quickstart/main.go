// Command quickstart shows go-redis, rueidis and redigo staying logged in to Redis with Microsoft Entra ID while
// one access token after the other expires, and beside them a client that logs in once and is cut off.
//
// It needs nothing: by itself it runs a fake Entra and an Azure-like Redis gateway with TLS over an embedded
// miniredis, and the tokens live a few seconds instead of an hour. What is under test is real: the three
// clients, azidentity's ClientSecretCredential, TLS, and the gateway closing every connection at the moment at
// which the token that it last authenticated with expires.
//
//	go run ./examples/quickstart                       # everything embedded
//	go run ./examples/quickstart -redis localhost:6379 # the gateway forwards to your redis-server
//	go run ./examples/quickstart -fault refuse         # the gateway refuses every renewal: fails, exit code 1
//	go run ./examples/quickstart -azure contoso.redis.cache.windows.net:6380 -duration 3h
//
// The last line sums up. The exit code is 0 if no command failed, no message was lost and no connection was
// dialed anew although tokens expired; 1 if not; 2 if the flags make no sense; 3 if something went wrong and the machine
// was too busy with other things to tell why.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// A plan is what the flags ask for.
type plan struct {
	redis    string
	azure    string
	fault    string
	duration time.Duration
}

func main() {
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

func command(args []string, stdout *os.File, stderr io.Writer) (exitCode int) {
	p, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result, err := show(ctx, p, stdout)
	if err != nil {
		fmt.Fprintf(stdout, "quickstart: failed: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, result)
	return result.exitCode()
}

func parse(args []string, stderr io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.redis, "redis", "", "`host:port` of a redis-server to put behind the gateway instead of miniredis")
	flags.StringVar(&p.azure, "azure", "", "`host:port` of a real cache, reached with DefaultAzureCredential instead of the fake Entra and the gateway")
	flags.StringVar(&p.fault, "fault", "", "refuse: from the second token on the gateway refuses to renew (not with -azure)")
	flags.DurationVar(&p.duration, "duration", 20*time.Second, "how long to work")
	if err := flags.Parse(args); err != nil {
		return plan{}, err
	}
	err := p.check(flags.NArg())
	if err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
	}
	return p, err
}

func (p plan) check(arguments int) error {
	switch {
	case arguments > 0:
		return errors.New("takes flags only, see -help")
	case p.fault != "" && p.fault != "refuse":
		return fmt.Errorf("-fault %s: the only fault is refuse", p.fault)
	case p.azure != "" && (p.fault != "" || p.redis != ""):
		return errors.New("-azure goes with neither -redis nor -fault, which need the embedded gateway")
	case p.duration <= 0:
		return fmt.Errorf("-duration %v: must be more than 0", p.duration)
	}
	return nil
}
