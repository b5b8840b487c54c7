package entraconn_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// startCache starts what stands in for a cache and for Microsoft Entra, so that the examples run.
func startCache() (addr string, src *entra.Source, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, nil)
	src, err = entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	return gateway.Addr(), src, func() { _, _ = src.Close(), gateway.Close() }
}

// ping is what a Redis client does with the connection. It knows nothing of tokens.
func ping(conn net.Conn) string {
	if _, err := fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err.Error()
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return reply
}

// A client library that lets its user dial gets the function that DialFunc returns. It needs no adapter, and no password.
func ExampleDialer_DialFunc() {
	addr, src, stop := startCache()
	defer stop()

	dialer := entraconn.NewDialer(src, &entraconn.Options{Library: "my client"})
	dial := dialer.DialFunc((&net.Dialer{}).DialContext) // elsewhere than on this machine: that of a tls.Dialer

	conn, err := dial(context.Background(), "tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Print(ping(conn))
	// Output: +PONG
}

// For a client library that takes a connection and does not dial.
func ExampleDialer_Wrap() {
	addr, src, stop := startCache()
	defer stop()

	dialed, err := net.Dial("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	conn := entraconn.NewDialer(src, nil).Wrap(dialed)
	defer conn.Close() // closes what was dialed
	fmt.Print(ping(conn))
	// Output: +PONG
}

// DialContext verifies the server with the machine's certificates. The server here has one that is signed by nothing which
// the machine trusts, and gets no token.
func ExampleDialer_DialContext() {
	server, _, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{TLS: server})
	defer gateway.Close()
	src, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()

	_, err = entraconn.NewDialer(src, nil).DialContext(context.Background(), "tcp", gateway.Addr())
	var unverified *tls.CertificateVerificationError
	fmt.Println(errors.As(err, &unverified))
	// Output: true
}

func ExampleSeedHost() {
	nodeAddress := entraconn.SeedHost("contoso.westeurope.redis.azure.net:10000")
	fmt.Println(nodeAddress("10.0.4.7:8501"))
	// Output: contoso.westeurope.redis.azure.net:8501
}
