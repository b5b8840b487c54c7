// Command doctor finds out why a service cannot log in to Azure Redis with Microsoft Entra ID. It
// acquires a token with the credential that DefaultAzureCredential finds, or with the one that
// -credential names, looks at the way to the cache, logs in, and says of each step whether it is
// well. What is not comes with its cause and its remedy.
//
//	go run github.com/entraredis/entraredis/examples/doctor@latest contoso.redis.cache.windows.net:6380
//
// Run it where the service runs, as the same user and with the same environment. It prints no
// secret, and writes nothing to the cache. With -json it prints the report as JSON. docs/doctor.md
// says how to read it.
//
// The exit code is 0 if no step failed, 1 if one did, and 2 if the arguments make no sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// A request is what the arguments ask for.
type request struct {
	addr, user, scope, credential string
	timeout                       time.Duration
	wantsJSON                     bool
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	asked, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	report := diagnosis.Examine(ctx, options(asked))
	write := report.WriteText
	if asked.wantsJSON {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		return 1
	}
	if !report.Healthy {
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (request, error) {
	var asked request
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&asked.wantsJSON, "json", false, "print the report as JSON")
	flags.StringVar(&asked.user, "user", "", "Redis `user` to log in as, if the program sets Username; default: the token's object id")
	flags.StringVar(&asked.scope, "scope", "", "`scope` of the token, if the program sets Scope; default: that of Azure's Redis")
	flags.StringVar(&asked.credential, "credential", environmentCredential(), "`name` of the credential that the program makes: "+strings.Join(credentialNames(), ", "))
	flags.DurationVar(&asked.timeout, "timeout", 5*time.Second, "how long a step may take; the credential may take three times as long")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: doctor [flags] host:port")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return request{}, err
	}
	asked.addr = flags.Arg(0)
	err := asked.check(flags.NArg())
	if err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		flags.Usage()
	}
	return asked, err
}

func (r request) check(arguments int) error {
	if arguments != 1 {
		return errors.New("takes one address, after the flags")
	}
	if strings.ContainsAny(r.addr, "@,=") { // a URL or a connection string, which may hold a password
		return errors.New("takes host:port alone, without user, password and options")
	}
	if !diagnosis.IsAddress(r.addr) {
		return fmt.Errorf("%q is not host:port; the port is 6380 for Azure Cache for Redis and 10000 for Azure Managed Redis", r.addr)
	}
	if !slices.Contains(credentialNames(), r.credential) {
		return fmt.Errorf("-credential %s: must be one of %s", r.credential, strings.Join(credentialNames(), ", "))
	}
	if r.timeout <= 0 {
		return fmt.Errorf("-timeout %v: must be more than 0", r.timeout)
	}
	return nil
}

// options makes the credential, as services do.
func options(asked request) diagnosis.Options {
	dates := &diagnosis.Dates{}
	opts := diagnosis.Options{
		Address: asked.addr, Scope: asked.scope, Username: asked.user, Timeout: asked.timeout, Program: program(),
		ClientID: os.Getenv("AZURE_CLIENT_ID"), Tenant: os.Getenv("AZURE_TENANT_ID"), Dates: dates, Answered: answered(asked.credential),
	}
	opts.Credential, opts.CredentialErr = newCredential(asked.credential, azcore.ClientOptions{PerRetryPolicies: []policy.Policy{dates}})
	return opts
}

// answered returns a function that names the credential which has answered: of a chain the one that
// azidentity tells its log.
func answered(made string) func() string {
	const words = " authenticated with "
	var name atomic.Value
	name.Store(made)
	log.SetEvents(azidentity.EventAuthentication)
	log.SetListener(func(_ log.Event, message string) {
		if _, credential, ok := strings.Cut(message, words); ok {
			name.Store(credential)
		}
	})
	return func() string { return name.Load().(string) }
}

// program says what is run, for a report that is sent on.
func program() string {
	version := "unknown version"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("entraredis doctor %s, %s, %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
