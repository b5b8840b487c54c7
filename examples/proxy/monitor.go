package main

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// A monitor serves health and metrics over HTTP. A nil one serves nothing.
type monitor struct {
	server *http.Server
	addr   net.Addr
}

// serveHTTP listens on address. /livez answers as long as the program runs, /readyz says whether clients can be served.
func serveHTTP(address string, h *health, t *telemetry) (*monitor, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.Handle("GET /readyz", h)
	mux.Handle("GET /metrics", t.metrics)
	m := &monitor{server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, addr: l.Addr()}
	go func() { _ = m.server.Serve(l) }() // until close
	return m, nil
}

// String says where it can be asked, as the end of a sentence.
func (m *monitor) String() string {
	if m == nil {
		return ""
	}
	return fmt.Sprintf(", health and metrics on http://%s", m.addr)
}

func (m *monitor) close() {
	if m != nil {
		_ = m.server.Close() // its requests are short
	}
}
