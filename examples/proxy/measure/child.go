package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/examples/proxy/forward"
)

// childArgument has this program forward instead of measure, in a process of its own.
const childArgument = "forward"

// A child is such a process.
type child struct {
	addr    string // where it listens
	process *exec.Cmd
	out     *bufio.Reader
}

// startChild starts a child that forwards to a cache: with tokens that it gets at a URL, or as it is if that is empty.
func startChild(ctx context.Context, cache, certificate, tokens string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{process: exec.CommandContext(ctx, self, childArgument, cache, certificate, tokens)}
	c.process.Stderr = os.Stderr
	if _, err := c.process.StdinPipe(); err != nil { // which is open until this process ends
		return nil, err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	line, err := c.out.ReadString('\n')
	c.addr = strings.TrimSpace(line)
	return c, err
}

// stop has the child drain, and returns its last line.
func (c *child) stop() (string, error) {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	last, err := c.out.ReadString('\n')
	return strings.TrimSpace(last), errors.Join(err, c.process.Wait())
}

// serveAsChild is what a child does until SIGTERM, or until its parent process ends.
func serveAsChild(args []string) error {
	cache, tokens := args[0], args[2]
	roots := x509.NewCertPool()
	certificate, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	if !roots.AppendCertsFromPEM(certificate) {
		return errors.New("the certificate is not PEM")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent process ends
		stop()
	}()
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if tokens == "" {
		go forwardPlainly(l, cache, config)
		<-ctx.Done()
		fmt.Println("ended")
		return nil
	}
	return forwardWithTokens(ctx, l, cache, config, remoteCredential(tokens))
}

// forwardPlainly is the forwarder that the proxy is compared with.
func forwardPlainly(l net.Listener, addr string, config *tls.Config) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			cache, err := tls.Dial("tcp", addr, config)
			if err != nil {
				return
			}
			defer cache.Close()
			go io.Copy(cache, client)
			io.Copy(client, cache)
		}()
	}
}

// forwardWithTokens is the proxy, but for its credential.
func forwardWithTokens(ctx context.Context, l net.Listener, addr string, config *tls.Config, cred azcore.TokenCredential) error {
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		return err
	}
	defer src.Close()
	dialer, overTLS := entraconn.NewDialer(src, &entraconn.Options{Library: "proxy"}), &tls.Dialer{Config: config}
	server := forward.NewServer(func(ctx context.Context, wrap func(net.Conn) net.Conn) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return dialer.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := overTLS.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		})(ctx, "tcp", addr)
	}, nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	<-ctx.Done()
	bound, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cut := server.Drain(bound)
	stats := server.Stats()
	fmt.Printf("drained clients=%d cut_off=%d failed=%d\n", stats.Accepted, cut, total(stats.Failed))
	return <-served
}

func total(failed map[forward.Failure]uint64) (n uint64) {
	for _, more := range failed {
		n += more
	}
	return n
}

// A remoteCredential gets tokens of any life at a URL: those of an identity endpoint live for whole seconds.
type remoteCredential string

func (url remoteCredential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (t azcore.AccessToken, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(url), nil)
	if err != nil {
		return t, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return t, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return t, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return t, json.NewDecoder(resp.Body).Decode(&t)
}
