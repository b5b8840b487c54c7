package diagnosis_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/redcon"
)

// A scriptedServer answers as it is told, by the name of a command or of a command and its
// subcommand. For others it answers as Redis does.
type scriptedServer struct {
	answers map[string]string
	// echoes has AUTH refused with what it was sent, as a server does that does not know the
	// command.
	echoes bool
	// forgets has the server lose what follows a command in the same write.
	forgets bool
	// lags has a login take effect after the command that follows it.
	lags bool
}

// hangUp is the answer of a server that closes the connection.
const hangUp = "hang up"

func (s scriptedServer) serve(conn net.Conn) {
	defer conn.Close()
	loggedIn, followsLogin := false, false
	buffer := make([]byte, 16<<10)
	commands := redcon.NewReader(conn)
	for {
		if s.forgets {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			commands = redcon.NewReader(bytes.NewReader(buffer[:n]))
		}
		command, err := commands.ReadCommand()
		if err != nil {
			return
		}
		answer := s.answer(command, loggedIn)
		if answer == hangUp {
			return
		}
		isLogin := strings.EqualFold(string(command.Args[0]), "AUTH")
		loggedIn = loggedIn || followsLogin || isLogin && !s.lags
		followsLogin = isLogin
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func (s scriptedServer) answer(command redcon.Command, loggedIn bool) string {
	name := strings.ToUpper(string(command.Args[0]))
	if len(command.Args) > 1 {
		if answer, ok := s.answers[name+" "+strings.ToUpper(string(command.Args[1]))]; ok {
			return answer
		}
	}
	answer, ok := s.answers[name]
	switch {
	case ok:
		return answer
	case name == "AUTH" && s.echoes:
		return "-ERR unknown command 'AUTH', with args beginning with: '" + string(command.Args[1]) + "' '" + string(command.Args[2][:60]) + "' \r\n"
	case name == "AUTH":
		return "+OK\r\n"
	case !loggedIn:
		return "-NOAUTH Authentication required.\r\n"
	case name == "PING":
		return "+PONG\r\n"
	case name == "HELLO":
		return "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n6.0.20\r\n$5\r\nproto\r\n:3\r\n"
	case name == "CLUSTER":
		return "-ERR This instance has cluster support disabled\r\n"
	case name == "GET", name == "SET":
		return "_\r\n"
	}
	return "-ERR unknown command\r\n"
}

// serveEach has serve handle each connection until the listener is closed.
func serveEach(l net.Listener, config *tls.Config, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if config != nil {
			conn = tls.Server(conn, config)
		}
		go serve(conn)
	}
}

// absorb reads and answers nothing.
func absorb(conn net.Conn) {
	defer conn.Close()
	_, _ = io.Copy(io.Discard, conn)
}

// selfSigned returns the configurations of a server and of its clients, for a certificate that is
// its own authority.
func selfSigned(t *testing.T, hostname string, usage x509.ExtKeyUsage) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: hostname}, DNSNames: []string{hostname},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots}
}

// answerInHTTP answers whatever comes first as a web server does.
func answerInHTTP(conn net.Conn) {
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 16<<10)); err == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
	}
}
