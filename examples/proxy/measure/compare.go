package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

// rounds is how often the three are measured in turn, so that what else the machine does strikes all of them. What is
// compared are the rates of one round.
const rounds = 5

// compare measures three ways to a redis-server with TLS, for about that long, and returns what to say of it.
func compare(ctx context.Context, length time.Duration) (summary string, err error) {
	dir, err := os.MkdirTemp("", "proxy-measure-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	certificate, key, err := writeCertificate(dir)
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	server, err := entratest.StartRedis(ctx, "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no")
	if err != nil {
		return "", err
	}
	defer server.Close()
	admin, err := redis.DialContext(ctx, "tcp", server.Addr())
	if err != nil {
		return "", err
	}
	defer admin.Close()
	tokens := serveTokens(entratest.NewSTS(&entratest.STSOptions{Lifetime: tokenLife}), func(token string) error {
		_, err := admin.Do("ACL", "SETUSER", entratest.ObjectID, "on", ">"+token, "~*", "&*", "+@all")
		return err
	})
	defer tokens.Close()

	cache := net.JoinHostPort("127.0.0.1", port)
	forwarder, err := startChild(ctx, cache, certificate, "")
	if err != nil {
		return "", err
	}
	defer forwarder.stop()
	proxy, err := startChild(ctx, cache, certificate, tokens.URL)
	if err != nil {
		return "", err
	}
	ways := []struct {
		name string
		benchmark
		rates []float64
	}{
		{name: "direct, TLS", benchmark: benchmark{cache, []string{"--tls", "--insecure"}}},
		{name: "forwarder of 15 lines", benchmark: benchmark{addr: forwarder.addr}},
		{name: "proxy", benchmark: benchmark{addr: proxy.addr}},
	}
	for range rounds {
		for i := range ways {
			rate, err := ways[i].rate(ctx, length/time.Duration(rounds*len(ways)))
			if err != nil {
				return "", fmt.Errorf("%s: %w", ways[i].name, err)
			}
			ways[i].rates = append(ways[i].rates, rate)
		}
	}
	last, err := proxy.stop()
	if err != nil {
		return "", err
	}
	ofDirect, ofForwarder := make([]float64, rounds), make([]float64, rounds)
	for i := range rounds {
		ofDirect[i] = 100 * ways[2].rates[i] / ways[0].rates[i]
		ofForwarder[i] = 100 * ways[2].rates[i] / ways[1].rates[i]
	}
	for _, way := range ways {
		fmt.Printf("%-22s %9.0f requests/s, the median of %d rounds\n", way.name, median(way.rates), rounds)
	}
	fmt.Printf("the proxy has had %d tokens; %s\n", tokens.issued.Load(), last)
	return fmt.Sprintf("of_direct=%.0f%% of_forwarder=%.0f%%", median(ofDirect), median(ofForwarder)), nil
}

func median(numbers []float64) float64 {
	return slices.Sorted(slices.Values(numbers))[len(numbers)/2]
}

// writeCertificate writes a certificate for 127.0.0.1 and its key to files.
func writeCertificate(dir string) (certificate, key string, err error) {
	server, _, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		return "", "", err
	}
	return writePEM(dir, server.Certificates[0])
}

func writePEM(dir string, c tls.Certificate) (certificate, key string, err error) {
	private, err := x509.MarshalECPrivateKey(c.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		return "", "", err
	}
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	for _, file := range []struct {
		path, kind string
		der        []byte
	}{{certificate, "CERTIFICATE", c.Certificate[0]}, {key, "EC PRIVATE KEY", private}} {
		if err := os.WriteFile(file.path, pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der}), 0o600); err != nil {
			return "", "", err
		}
	}
	return certificate, key, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
