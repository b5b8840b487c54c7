package diagnosis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/internal/plaintext"
)

func checkTLS(ctx context.Context, e *examination) outcome {
	// A development server without TLS would wait for the end of the handshake.
	if plaintext.IsSafe(e.conn, "tcp", e.opts.Address) && answersWithoutTLS(ctx, e, time.Second) {
		e.isPlain = true
		return warning("plain-on-this-machine", "the server has no TLS")
	}
	handshake, cancel := context.WithTimeout(ctx, e.opts.Timeout*4/5) // the rest is for what follows a failure
	defer cancel()
	secured := tls.Client(e.conn, e.tlsConfig())
	err := secured.HandshakeContext(handshake)
	if err == nil {
		e.conn = secured
		e.settings.TLS = true
		state := secured.ConnectionState()
		return fine("%s, certificate for %s, valid until %s", tls.VersionName(state.Version), names(state.PeerCertificates[0]),
			state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly))
	}
	_ = e.conn.Close() // a connection is of no use after half a handshake
	e.conn = nil
	if cause, detail := verificationFailure(err, e.known); cause != "" {
		return failed(cause, "%s", detail)
	}
	if !answersWithoutTLS(ctx, e, e.opts.Timeout) {
		if strings.Contains(err.Error(), "protocol version") || strings.Contains(err.Error(), "unsupported protocol") {
			return failed("tls-too-old", "%v", err)
		}
		if errors.As(err, new(tls.RecordHeaderError)) {
			return failed("not-tls", "%v", err)
		}
		return failed("tls-silent", "%v", err)
	}
	return failed("plain-port", "the server answers without TLS")
}

// answersWithoutTLS asks on another connection, without a login.
func answersWithoutTLS(ctx context.Context, e *examination, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn, err := e.opts.Dial(ctx, "tcp", e.opts.Address)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = newSession(conn, entra.Token{}).do(ctx, "PING")
	return err == nil
}

// names returns what a certificate is for.
func names(certificate *x509.Certificate) string {
	all := append([]string(nil), certificate.DNSNames...)
	for _, ip := range certificate.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	return printable(strings.Join(all, ", "))
}

// verificationFailure returns the id of why a certificate was not accepted, "" if err is of another
// kind, and says of the certificate what matters.
func verificationFailure(err error, known facts) (cause, detail string) {
	var unverified *tls.CertificateVerificationError
	if !errors.As(err, &unverified) || len(unverified.UnverifiedCertificates) == 0 {
		return "", ""
	}
	leaf := unverified.UnverifiedCertificates[0]
	known["names"], known["issuer"] = names(leaf), printable(leaf.Issuer.String())
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "certificate-name", "the certificate is for " + names(leaf)
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "certificate-authority", "the certificate was issued by " + printable(leaf.Issuer.String())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate-expired", fmt.Sprintf("the certificate is valid from %s to %s",
			leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return "certificate-invalid", unverified.Err.Error()
}
