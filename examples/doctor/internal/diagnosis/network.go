package diagnosis

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func checkAddress(_ context.Context, e *examination) outcome {
	hostname, port, ok := splitAddress(e.opts.Address)
	if !ok {
		return failed("address-malformed", "%q is not host:port", e.opts.Address)
	}
	e.hostname, e.port = hostname, port
	e.known["host"], e.known["port"] = printable(hostname), port
	e.service, e.known["cache"] = serviceAt(hostname)
	switch {
	case e.service == AzureEnterprise:
		return warning("enterprise-tier", "%s", e.service)
	case e.service == "":
		return fine("not a name of Azure's caches")
	case port != e.service.port():
		e.known["usual_port"] = e.service.port()
		return warning("unusual-port", "%s on port %s", e.service, port)
	}
	return fine("%s", e.service)
}

// IsAddress reports whether addr is host:port, with a host and a port from 1 to 65535.
func IsAddress(addr string) bool {
	_, _, ok := splitAddress(addr)
	return ok
}

func splitAddress(addr string) (hostname, port string, ok bool) {
	hostname, port, err := net.SplitHostPort(addr)
	number, portErr := strconv.ParseUint(port, 10, 16)
	return hostname, port, err == nil && portErr == nil && number > 0 && hostname != ""
}

func checkDNS(ctx context.Context, e *examination) outcome {
	if ip, err := netip.ParseAddr(e.hostname); err == nil {
		e.addresses = []netip.Addr{ip}
		e.known["addresses"] = ip.String()
		return fine("it is an IP address, so there is no name to look up")
	}
	addresses, err := e.opts.Lookup(ctx, e.hostname)
	var unknown *net.DNSError
	switch {
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return failed("dns-unknown", "%v", err)
	case err != nil:
		return failed("dns-silent", "%v", err)
	case len(addresses) == 0:
		return failed("dns-unknown", "%s has no address", e.hostname)
	}
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.Unmap().String())
	}
	e.addresses = addresses
	e.known["addresses"] = strings.Join(texts, ", ")
	return fine("%s (%s)", e.known["addresses"], addressKinds(addresses))
}

func checkTCP(ctx context.Context, e *examination) outcome {
	began := time.Now()
	conn, err := e.opts.Dial(ctx, "tcp", e.opts.Address)
	if err == nil {
		e.conn = conn
		return fine("connected after %v", time.Since(began).Round(time.Millisecond))
	}
	e.known["kind"] = addressKinds(e.addresses)
	switch {
	// Windows says it with another number and the same word.
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(err.Error(), "refused"):
		return failed("tcp-refused", "%v", err)
	case isTimeout(err):
		return failed("tcp-silent", "no answer within %v", time.Since(began).Round(time.Second))
	}
	return failed("tcp-unreachable", "%v", err)
}

// isTimeout reports whether what was asked has not answered in time.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
