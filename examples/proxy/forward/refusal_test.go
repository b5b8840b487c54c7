package forward_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/proxy/forward"
)

const authRefused = "-ERR AUTH is not accepted here: the proxy logs in with its own identity. Remove user and password from the client's settings\r\n"

// However the bytes are cut, nothing of an AUTH reaches the cache, and its error comes after the replies to what was
// before it.
func TestNoSecretOfAClientReachesTheCache(t *testing.T) {
	for _, command := range []string{
		"AUTH password", "auth " + entratest.ObjectID + " password", "HELLO 3 AUTH default password",
		"HELLO 2 SETNAME me AUTH default password", "AUTH a b c d",
	} {
		inBubble(t, func(s *site) {
			text := encode("SET", "k", "v") + encode(strings.Fields(command)...) + encode("DEL", "k")
			for at := range len(text) {
				c := s.client()
				c.writes(text[:at])
				synctest.Wait()
				_, _ = io.WriteString(c, text[at:]) // the rest may come too late
				c.readsToEnd("+OK\r\n" + authRefused)
				c.Close()
			}
			first := s.client()
			before := s.gateway.Stats().Accepted
			first.sends(command)
			first.readsToEnd(authRefused)
			if n := s.gateway.Stats().Accepted - before; n != 0 {
				t.Errorf("%s: as the first command it has led to a dial", command)
			}
			for _, auth := range s.gateway.Auths() {
				if auth.User != entratest.ObjectID || auth.Err != "" {
					t.Fatalf("%s: the cache got the AUTH %+v", command, auth)
				}
			}
			if n := s.server.Stats().Failed[forward.ClientLogin]; n != uint64(len(text)+1) {
				t.Errorf("%s: %d clients are counted, want %d", command, n, len(text)+1)
			}
			s.client().do("GET k", "$1\r\nv\r\n")
		})
	}
}

// Commands that hold the word AUTH are forwarded, and empty lines between them do no harm, as those that redis-cli sends.
func TestOtherCommandsAreForwardedHoweverTheyAreCut(t *testing.T) {
	inBubble(t, func(s *site) {
		text := encode("SET", "AUTH", "AUTH") + encode("HELLO", "2", "SETNAME", "x") + "\r\n" + encode("GET", "AUTH") + "\n" + encode("XREAD", "COUNT", "1", "STREAMS", "s", "0")
		for at := range len(text) {
			c := s.client()
			c.writes(text[:at])
			synctest.Wait()
			c.writes(text[at:] + "\r\n" + encode("QUIT"))
			got, err := io.ReadAll(c.r)
			if err != nil || !strings.HasPrefix(string(got), "+OK\r\n*14\r\n") || !strings.HasSuffix(string(got), "$4\r\nAUTH\r\n*-1\r\n+OK\r\n") {
				t.Fatalf("cut at %d: %q, %v", at, got, err)
			}
			c.Close()
		}
	})
}

func TestInlineCommandsAreForwarded(t *testing.T) {
	inBubble(t, func(s *site) {
		for _, cut := range []int{0, 1, 4, 20, 33} {
			c := s.client()
			text := "set k \"a \\\"word\\\"\"\r\n  \r\nGET k\nPING\r\n" + encode("ECHO", "hi") + "\r\nQUIT\r\n"
			c.writes(text[:cut])
			synctest.Wait()
			c.writes(text[cut:])
			c.readsToEnd("+OK\r\n$8\r\na \"word\"\r\n+PONG\r\n$2\r\nhi\r\n+OK\r\n")
		}
		c := s.client()
		c.writes(strings.Repeat("PING\r\n", 50_000) + "QUIT\r\n") // far more as arrays than is read at once
		c.readsToEnd(strings.Repeat("+PONG\r\n", 50_000) + "+OK\r\n")
		c = s.client()
		c.writes("PING\r\nAUTH password\r\nPING\r\n")
		c.readsToEnd("+PONG\r\n" + authRefused)
	})
}

func TestBytesThatAreNoCommandsAreRefused(t *testing.T) {
	inBubble(t, func(s *site) {
		for _, text := range []string{
			"*1\r\n+PING\r\n", "*-1\r\n", "$4\r\nPING\r\n", "SET k \"v\r\n", "\x16\x03\x01\x02\x00\x01\x00", strings.Repeat("x", 16<<10),
			"POST / HTTP/1.1\r\n\r\nSET k v\r\n", "GET k\r\nHost: localhost\r\n\r\nSET k v\r\n",
		} {
			c := s.client()
			c.writes(encode("SET", "k", "before"))
			c.reads("+OK\r\n")
			_, _ = io.WriteString(c, text) // the end may come first
			got, err := io.ReadAll(c.r)
			if err != nil || !strings.HasSuffix(string(got), "-ERR Protocol error: these bytes are no commands\r\n") {
				t.Errorf("%.30q: %q, %v", text, got, err)
			}
			s.client().do("GET k", "$6\r\nbefore\r\n")
		}
		// A name that takes more than a chunk to be known is not a name.
		c := s.client()
		c.writes("*9000\r\n$5\r\nHELLO\r\n" + strings.Repeat("$1\r\n3\r\n", 3000))
		c.readsErrorToEnd("ERR Protocol error", "")
		// What is broken in the middle of a command that is on its way has no place for an error.
		c = s.client()
		c.writes("*2\r\n$3\r\nGET\r\n")
		synctest.Wait()
		c.writes("+k\r\n")
		c.readsToEnd("")
	})
}

// A client that cannot be served reads why, in place of its first reply, and after which time.
func TestClientReadsWhyItIsNotServed(t *testing.T) {
	for _, test := range []struct {
		name         string
		trouble      func(s *site)
		prefix, part string
		atLeast      time.Duration
		atMost       time.Duration
		why          forward.Failure
	}{
		{
			name:    "nothing listens",
			trouble: func(s *site) { s.gateway.Close() },
			prefix:  "ERR cannot connect to the cache: ", part: "connection refused", why: forward.Unreachable,
		}, {
			name:    "no answer",
			trouble: func(s *site) { s.network.Inject(entratest.NetworkFault{Addr: cacheAddr, Silent: true}) },
			prefix:  "ERR cannot connect to the cache: ", part: cacheAddr, why: forward.Unreachable,
			atLeast: dialTimeout, atMost: dialTimeout,
		}, {
			name:    "name unknown",
			trouble: func(s *site) { s.network.Inject(entratest.NetworkFault{Addr: cacheAddr, UnknownHost: true}) },
			prefix:  "ERR cannot connect to the cache: ", part: "no such host", why: forward.Unreachable,
		}, {
			name: "login refused",
			trouble: func(s *site) {
				s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair"})
			},
			prefix: "WRONGPASS entra: ", part: "access policy", why: forward.CacheRefused,
		}, {
			name: "loading",
			trouble: func(s *site) {
				s.gateway.Inject(entratest.WireFault{RefuseAuth: "LOADING Redis is loading the dataset in memory"})
			},
			prefix: "LOADING Redis is loading the dataset in memory", why: forward.CacheRefused,
		}, {
			name:    "full",
			trouble: func(s *site) { s.gateway.Inject(entratest.WireFault{MaxClients: true}) },
			prefix:  "ERR max number of clients reached", why: forward.CacheRefused,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				synctest.Wait() // the Source has its token
				test.trouble(s)
				c := s.client()
				began := time.Now()
				c.writes(encode("GET", "k") + encode("GET", "l"))
				c.readsErrorToEnd(test.prefix, test.part)
				if after := time.Since(began); after < test.atLeast || after > test.atMost {
					t.Errorf("after %v, want %v to %v", after, test.atLeast, test.atMost)
				}
				synctest.Wait()
				if n := s.server.Stats().Failed[test.why]; n != 1 {
					t.Errorf("%v, want one %s", s.server.Stats().Failed, test.why)
				}
			})
		})
	}
}

func TestClientReadsThatThereIsNoToken(t *testing.T) {
	inBubble(t, func(s *site) {
		s.client().do("PING", "+PONG\r\n")
		s.sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`})
		time.Sleep(2 * time.Hour)
		c := s.client()
		c.sends("GET k")
		c.readsErrorToEnd("ERR entra: ", "AADSTS7000215")
		synctest.Wait()
		if n := s.server.Stats().Failed[forward.NoToken]; n != 1 {
			t.Errorf("%v, want one client without a token", s.server.Stats().Failed)
		}
	})
}
