package rawclients_test

import (
	"testing"

	"github.com/entraredis/entraredis/internal/rawclients"
)

// A namedScript is one that once read something else than on a plain connection, or could. Each is the
// smallest that shows it.
type namedScript struct {
	name   string
	script string
	limit  string // that may explain a difference; "" if there may be none
}

var namedScripts = []namedScript{
	{name: "CLIENT CACHING before a transaction", script: `life=8ms
a HELLO 3
a CLIENT TRACKING ON OPTIN
a CLIENT CACHING YES renew
a MULTI renew
a GET s1
a EXEC
b SET s1 v`},
	{name: "CLIENT REPLY SKIP twice", script: `life=8ms
a CLIENT REPLY SKIP renew
a CLIENT REPLY SKIP renew
a SET s1 v renew
a GET s1`},
	{name: "a RESP2 subscriber to which invalidations are redirected", script: `life=8ms
a SUBSCRIBE __redis__:invalidate
b CLIENT TRACKING ON REDIRECT {a}
b GET s1
c SET s1 v renew
c SET s1 w`},
	{name: "a RESP2 subscriber that says something else", script: `life=8ms
a SUBSCRIBE c1
a GET s1 renew
b PUBLISH c1 m
a UNSUBSCRIBE
a GET s1`, limit: "RESP2 subscriber"},
	{name: "XREAD from the end", script: `life=8ms
a XREAD BLOCK 0 STREAMS x1 $ renew
b XADD x1 1-1 f v`, limit: "XREAD that cannot be sent twice"},
	{name: "XREAD from an ID", script: `life=8ms
a XREAD BLOCK 0 STREAMS x1 0 renew
b XADD x1 1-1 f v`},
	{name: "a login of its own while the client reads already", script: `life=60ms separate
a GET s1 ; PING
b SUBSCRIBE c1
a PUBLISH c1 m`},
	{name: "CLIENT UNBLOCK", script: `life=60ms
a BLPOP l1 0 renew
b CLIENT UNBLOCK {a}
a GET s1`, limit: "CLIENT UNBLOCK between two slices"},
	{name: "a blocking command in a transaction", script: `life=8ms
a MULTI ; BLPOP l1 0 ; GET s1 renew
a EXEC`},
	{name: "CLIENT CACHING is kept over other CLIENT subcommands", script: `life=8ms
a HELLO 3
a CLIENT TRACKING ON OPTIN
a CLIENT CACHING YES
a CLIENT ID renew
a GET s1
b SET s1 v`},
	{name: "CLIENT REPLY SKIP is refused", script: `life=8ms rights="+@all -client"
a GET s1
a CLIENT REPLY SKIP renew
a GET s1 renew
a GET s2`},
	{name: "REPLCONF ACK has no reply", script: `life=8ms
a GET s1
a REPLCONF ACK 0 renew
a GET s1 renew
a GET s2`},
	{name: "a RESP2 subscriber that tracks", script: `life=8ms
a CLIENT TRACKING ON
a GET s1
a SUBSCRIBE c1
b SET s1 v
b PUBLISH c1 m`, limit: "RESP2 subscriber"},
	{name: "SCRIPT DEBUG is the first command", script: `life=60ms
a SCRIPT DEBUG NO
a GET s1`, limit: "MONITOR"},
	{name: "HELLO 3 behind a sliced call while all is tracked", script: `life=8ms
a CLIENT TRACKING ON BCAST
a BLPOP l1 0 renew
a HELLO 3
b SET s1 v
b RPUSH l1 x
b SET s1 w`, limit: "HELLO 3 behind a blocked call"},
	{name: "RESET within a subscription", script: `life=8ms
a SUBSCRIBE c1 renew
a RESET
a GET s1`, limit: "RESP2 subscriber"},
	{name: "RESET within a transaction", script: `life=8ms
a MULTI
a GET s1 renew
a RESET
a GET s1`},
	{name: "the timeout in the error of a command that the server may not know", script: `life=8ms
a BLMPOP 0 1 l1 LEFT renew
b RPUSH l1 x`},
	{name: "CLIENT REPLY ON has a reply after CLIENT REPLY SKIP", script: `life=8ms
a CLIENT REPLY SKIP ; CLIENT REPLY ON ; BLPOP l1 0`},
	// Redis 7.2 to 8 and Valkey 8 give a refused AUTH no answer behind a reply that is under way
	// (redis/redis#15640): the +OK of the client's SET must not be taken for it.
	{name: "a refused AUTH of ours that has no answer", script: `life=150ms
a PING
b ACL SETUSER ` + rawclients.User + ` resetpass
a ECHO x ; SET s1 v ; GET s1 | 18~
a ECHO x ; SET s1 v ; GET s1 | 18~`},
	{name: "a refused AUTH of the client's behind our login", script: `life=60ms
a AUTH stranger any
a PING`},
	{name: "an AUTH that is refused without an answer", script: `life=60ms
a MULTI
a ACL SETUSER ` + rawclients.User + ` resetpass renew
a EXEC ; SET s1 v ; GET s1 ; SET s1 w ; ECHO x`},
	{name: "an AUTH that is refused without an answer in RESP3", script: `life=60ms
a HELLO 3
a MULTI
a ACL SETUSER ` + rawclients.User + ` resetpass renew
a EXEC ; SET s1 v ; GET s1 ; SET s1 w ; ECHO x`},
	{name: "a command that is longer than the server takes", script: `life=150ms
a raw:"*1048577\r\n"`, limit: "bytes that are no commands"},
	{name: "the last millisecond of a call that blocks", script: `life=8ms
a CLIENT ID ; BLPOP l1 0.02 wait`},
	{name: "CLIENT UNBLOCK of a subscriber", script: `life=150ms
b BLPOP l1 0
a SUBSCRIBE c1
a CLIENT UNBLOCK {b}
c GET s1 renew`, limit: "RESP2 subscriber"},
	{name: "a RESP2 subscriber that ends before it has said QUIT", script: `life=20ms
c CLIENT TRACKING ON NOLOOP ; PSUBSCRIBE c* ; QUIT | 79~`, limit: "RESP2 subscriber"},
	{name: "CLIENT UNBLOCK behind WAIT", script: `life=60ms
a BLPOP l1 0 renew
b WAIT 1 1000000 ; CLIENT UNBLOCK {a} renew
c GET s1`, limit: "WAIT and WAITAOF"},
	{name: "REPLCONF has no reply, and the server no cluster", script: `life=8ms
a REPLCONF ACK 0 ; ASKING renew
a GET s1 renew
a GET s2`},
	{name: "another protocol behind CLIENT REPLY SKIP", script: `life=8ms
a CLIENT REPLY SKIP ; GET s1 ; HELLO 9 renew
a GET s1 renew
a GET s2`},
	{name: "CLIENT REPLY with too many arguments behind CLIENT REPLY SKIP", script: `life=20ms
a CLIENT REPLY SKIP ; SET s1 v
a CLIENT REPLY SKIP x ; SUBSCRIBE
a GET s1 renew
a GET s2`, limit: "CLIENT REPLY SKIP before what may have another number of replies"}, // of Redis 6.0

	{name: "an error that may be of either CLIENT command", script: `life=20ms
c CLIENT REPLY SKIP ; CLIENT ; CLIENT REPLY SKIP x renew
a MULTI renew`, limit: "CLIENT REPLY SKIP before what may have another number of replies"}, // of Redis 6.0
	{name: "CLIENT commands that are forbidden", script: `life=20ms rights="+@all -client"
c CLIENT REPLY SKIP ; CLIENT ID ; CLIENT REPLY SKIP x renew
a MULTI renew`, limit: "CLIENT REPLY SKIP before what may have another number of replies"}, // of Redis 6.0
	{name: "two writes for a call that waits", script: `life=20ms
a XREAD BLOCK 0 STREAMS x1 x2 $ 0
b XADD x2 1-1 f 1 ; XADD x2 2-1 f "x y"`, limit: "several writes between two slices"},
	{name: "a refused login of a client that wanted to subscribe", script: `life=150ms
a SUBSCRIBE
a HELLO 3 AUTH stranger any
a GET s1`},
	{name: "bytes that are no command", script: `life=150ms
a GET s1
a raw:"PING\r\n"
a GET s1`, limit: "bytes that are no commands"},
}

// Where an AUTH goes in is not fixed, so each is played some times.
func TestNamedScripts(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	pair := openPair(t, newSources(t))
	for _, named := range namedScripts {
		t.Run(named.name, func(t *testing.T) {
			script, err := rawclients.ParseScript(named.script)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				d, err := pair.Run(t.Context(), script, shrinkingPatience)
				if err != nil {
					t.Fatal(err)
				}
				if d != nil && (named.limit == "" || d.Limit != named.limit) {
					t.Fatal(d)
				}
			}
		})
	}
}
