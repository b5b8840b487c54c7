// Package redisserver runs a redis-server that knows both ways to log in: with a password, and with a token that the
// server takes for a password, so that nothing but the login differs.
package redisserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// User and Password log in the client that uses no tokens.
const (
	User     = "static"
	Password = "a password as long as people make them"
)

// A Server is a redis-server, on this machine's loopback.
type Server struct {
	Addr    string      // without TLS
	TLSAddr string      // with TLS
	TLS     *tls.Config // for clients of TLSAddr
	Source  *entra.Source
	PID     int

	access  Access
	process *entratest.RedisServer // nil if it is another process's
	dir     string
}

// An Access is what another process needs to use the server.
type Access struct {
	Addr, TLSAddr string
	Certificate   []byte // of TLSAddr, as PEM
	Token         azcore.AccessToken
	PID           int
}

// Access lets another process use s, which lasts no longer than s.
func (s *Server) Access() Access { return s.access }

// Join returns the server of another process. To close it leaves that one alone.
func Join(a Access) (*Server, error) {
	s := &Server{Addr: a.Addr, TLSAddr: a.TLSAddr, TLS: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}, PID: a.PID, access: a}
	if !s.TLS.RootCAs.AppendCertsFromPEM(a.Certificate) {
		return nil, errors.New("the server's certificate is not PEM")
	}
	var err error
	s.Source, err = entra.NewSource(oneToken(a.Token), nil)
	return s, err
}

// Start starts a server. Its one token lives for a day, and is never renewed while a comparison runs.
func Start(ctx context.Context) (s *Server, err error) {
	s = &Server{}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "bench-tls-"); err != nil {
		return s, err
	}
	server, client, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		return s, err
	}
	s.TLS = client
	cert, key, err := writePEM(s.dir, server.Certificates[0])
	if err != nil {
		return s, err
	}
	port, err := freePort()
	if err != nil {
		return s, err
	}
	s.TLSAddr = "127.0.0.1:" + port
	s.process, err = entratest.StartRedis(ctx, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-auth-clients", "no", "--maxclients", "20000")
	if err != nil {
		return s, err
	}
	s.Addr = s.process.Addr()
	if err := s.admit(ctx); err != nil {
		return s, err
	}
	s.access.Addr, s.access.TLSAddr, s.access.PID = s.Addr, s.TLSAddr, s.PID
	s.access.Certificate, err = os.ReadFile(cert)
	return s, err
}

// admit makes the two users, and the Source whose token is the password of the second.
func (s *Server) admit(ctx context.Context) error {
	token, err := entratest.NewSTS(&entratest.STSOptions{Lifetime: 24 * time.Hour}).Credential().GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
	if err != nil {
		return err
	}
	s.access.Token = token
	if s.Source, err = entra.NewSource(oneToken(token), nil); err != nil {
		return err
	}
	conn, err := redis.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	info, err := redis.String(conn.Do("INFO", "server"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(info) {
		if pid, found := strings.CutPrefix(line, "process_id:"); found {
			if s.PID, err = strconv.Atoi(strings.TrimSpace(pid)); err != nil {
				return err
			}
		}
	}
	for user, password := range map[string]string{User: Password, entratest.ObjectID: token.Token} {
		if _, err := conn.Do("ACL", "SETUSER", user, "on", ">"+password, "~*", "&*", "+@all"); err != nil {
			return fmt.Errorf("ACL SETUSER %s: %w", user, err)
		}
	}
	return nil
}

// Close stops the server and the Source. Close clients before.
func (s *Server) Close() error {
	var problems []error
	if s.Source != nil {
		problems = append(problems, s.Source.Close())
	}
	if s.process != nil {
		problems = append(problems, s.process.Close())
	}
	return errors.Join(append(problems, os.RemoveAll(s.dir))...)
}

// oneToken is a credential that gives the same token whenever it is asked.
type oneToken azcore.AccessToken

func (t oneToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken(t), nil
}

// writePEM writes what redis-server reads from files.
func writePEM(dir string, c tls.Certificate) (cert, key string, err error) {
	private, ok := c.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return "", "", fmt.Errorf("a private key of type %T", c.PrivateKey)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", "", err
	}
	var chain []byte
	for _, one := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(cert, chain, 0o600); err != nil {
		return "", "", err
	}
	return cert, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// freePort returns a port of the loopback that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
