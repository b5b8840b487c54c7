package tokendial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The variables of the environment hold the arguments of [NewSite].
const (
	ServersVar = "TOKENDIAL_SERVERS"
	OwnVar     = "TOKENDIAL_OWN"
	TokensVar  = "TOKENDIAL_TOKENS"
)

// A Site knows where servers are, and opens connections to them.
type Site struct {
	servers           map[string]string // host:port of a server, by port that the tests dial
	own               *regexp.Regexp    // nil if the tests start no servers
	shortest, longest time.Duration     // 0 without tokens
	lender            lender
}

func readEnvironment() (*Site, error) {
	return NewSite(os.Getenv(ServersVar), os.Getenv(OwnVar), os.Getenv(TokensVar))
}

// NewSite returns a Site. servers says where the servers are, "6379=127.0.0.1:40001 6380=…", by the ports that the tests dial
// on this machine. own is a regular expression for the addresses of servers that the tests start themselves. tokens says how
// long tokens live: "50ms 500ms" is the shortest and the longest life. Each may be empty; without tokens connections do not
// log in.
func NewSite(servers, own, tokens string) (*Site, error) {
	s := &Site{servers: map[string]string{}}
	for _, pair := range strings.Fields(servers) {
		port, server, found := strings.Cut(pair, "=")
		if !found {
			return nil, fmt.Errorf("tokendial: %s: %q is no PORT=HOST:PORT", ServersVar, pair)
		}
		s.servers[port] = server
	}
	if own != "" {
		matcher, err := regexp.Compile(own)
		if err != nil {
			return nil, fmt.Errorf("tokendial: %s: %w", OwnVar, err)
		}
		s.own = matcher
	}
	if tokens != "" {
		if err := s.readLives(tokens); err != nil {
			return nil, fmt.Errorf("tokendial: %s: %w", TokensVar, err)
		}
	}
	return s, nil
}

func (s *Site) readLives(tokens string) (err error) {
	shortest, longest, _ := strings.Cut(tokens, " ")
	if s.shortest, err = time.ParseDuration(shortest); err != nil {
		return err
	}
	if s.longest, err = time.ParseDuration(longest); err != nil {
		return err
	}
	if s.shortest <= 0 || s.longest < s.shortest {
		return fmt.Errorf("%q is no shortest and longest life", tokens)
	}
	return nil
}

// Dial opens a connection with dial to the server that a test means by addr. It logs in with a token if that is a real
// server and the Site has tokens.
func (s *Site) Dial(ctx context.Context, network, addr string, dial DialFunc) (net.Conn, error) {
	target := s.target(addr)
	if s.longest == 0 || !s.isServer(target) {
		return dial(ctx, network, target)
	}
	if s.isOwn(target) {
		if err := allowUser(ctx, target); err != nil {
			return nil, err
		}
	}
	return s.lender.dial(ctx, s.newCredential, network, target, dial)
}

func (s *Site) newCredential() *credential {
	return &credential{shortest: s.shortest, longest: s.longest}
}

// target returns where a client is sent that dials addr.
func (s *Site) target(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !slices.Contains([]string{"", "localhost", "127.0.0.1", "::1"}, host) {
		return addr
	}
	if server, ok := s.servers[port]; ok {
		return server
	}
	return addr
}

// isServer reports whether a real Redis server listens at addr. Tests have stand-ins as well.
func (s *Site) isServer(addr string) bool {
	for _, server := range s.servers {
		if server == addr {
			return true
		}
	}
	return s.isOwn(addr)
}

func (s *Site) isOwn(addr string) bool { return s.own != nil && s.own.MatchString(addr) }

// allowUser makes the user of the tokens on a server that the tests have started themselves.
func allowUser(ctx context.Context, target string) error {
	network := "tcp"
	if strings.HasPrefix(target, "/") {
		network = "unix"
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, target)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "ACL SETUSER "+User+" on nopass ~* &* +@all\r\n"); err != nil {
		return err
	}
	reply := make([]byte, len("+OK\r\n"))
	if _, err := io.ReadFull(c, reply); err != nil {
		return fmt.Errorf("tokendial: %s has not answered ACL SETUSER: %w", target, err)
	}
	if string(reply) != "+OK\r\n" {
		return errors.New("tokendial: " + target + " refuses ACL SETUSER: " + string(reply))
	}
	return nil
}
