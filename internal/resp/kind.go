package resp

// A Kind says how a command changes the connection that it is sent on. Most commands change
// nothing: they give one reply.
type Kind uint8

// The kinds of commands.
const (
	Ordinary     Kind = iota
	Auth              // AUTH
	Hello             // HELLO without AUTH
	HelloAuth         // HELLO … AUTH user password
	Reset             // RESET
	Multi             // MULTI
	Exec              // EXEC
	Discard           // DISCARD
	Subscribe         // SUBSCRIBE, and so on for the other five
	PSubscribe        //
	SSubscribe        //
	Unsubscribe       //
	PUnsubscribe      //
	SUnsubscribe      //
	Asking            // ASKING
	Caching           // CLIENT CACHING
	ReplyOff          // CLIENT REPLY OFF
	ReplySkip         // CLIENT REPLY SKIP
	Monitor           // MONITOR
	Sync              // SYNC or PSYNC
	ScriptDebug       // SCRIPT DEBUG
	Blocking          // BLPOP, XREAD BLOCK and their like: waits for data until its timeout
	Wait              // WAIT or WAITAOF: waits for replicas or the disk
	Unblock           // CLIENT UNBLOCK
	Ping              // PING, whose reply is another one to a RESP2 subscriber
	Tracking          // CLIENT TRACKING ON, unless REDIRECT follows: invalidations come on this connection
	ReplyOn           // CLIENT REPLY ON, which is answered after CLIENT REPLY SKIP too
	NoReply           // REPLCONF ACK or GETACK: gives no reply, or an error
	Client            // CLIENT with any other subcommand: the server keeps what CLIENT CACHING said

	// Kinds that a further argument decides. The scanner never returns them.
	clientReply
	clientTracking
	script
	replconf
	xread
)

// kindOfName returns the kind of a command by its name in upper case. Each name needs a bit in
// lengths, or the fast path takes the command for an ordinary one.
func kindOfName(name string) Kind {
	switch name {
	case "AUTH":
		return Auth
	case "HELLO":
		return Hello
	case "RESET":
		return Reset
	case "MULTI":
		return Multi
	case "EXEC":
		return Exec
	case "DISCARD":
		return Discard
	case "SUBSCRIBE":
		return Subscribe
	case "PSUBSCRIBE":
		return PSubscribe
	case "SSUBSCRIBE":
		return SSubscribe
	case "UNSUBSCRIBE":
		return Unsubscribe
	case "PUNSUBSCRIBE":
		return PUnsubscribe
	case "SUNSUBSCRIBE":
		return SUnsubscribe
	case "ASKING":
		return Asking
	case "CLIENT":
		return Client
	case "MONITOR":
		return Monitor
	case "SYNC", "PSYNC":
		return Sync
	case "SCRIPT":
		return script
	case "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP":
		return Blocking
	case "WAIT", "WAITAOF":
		return Wait
	case "PING":
		return Ping
	case "REPLCONF":
		return replconf
	case "XREAD", "XREADGROUP":
		return xread
	}
	return Ordinary
}

// withArgument returns the kind after one more argument, and whether further arguments can change
// it.
func (k Kind) withArgument(arg, argc int32, word []byte) (kind Kind, more bool) {
	if len(word) == maxWord {
		word = nil // cut off: it equals no known word
	}
	var upper [maxWord]byte
	for i, c := range word {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	w := string(upper[:len(word)]) // does not escape: no allocation
	last := arg == argc-1
	switch {
	case arg == 0:
		k = kindOfName(w)
		more = k == Client || k == script || k == replconf || k == xread || k == Hello
	case k == Hello:
		// HELLO 3 AUTH user password SETNAME name. A name may be AUTH too: then the kind is
		// HelloAuth, which is the safe answer.
		if arg >= 2 && w == "AUTH" {
			return HelloAuth, false
		}
		more = true
	case k == xread && w == "BLOCK":
		return Blocking, false
	case k == xread:
		more = w != "STREAMS"
	case k == script && w == "DEBUG":
		return ScriptDebug, false
	case k == Client && w == "CACHING":
		return Caching, false
	case k == Client && w == "UNBLOCK":
		return Unblock, false
	case k == Client && w == "REPLY" && argc == 3: // any other number of arguments is an error without effect
		return clientReply, true
	case k == Client && w == "TRACKING":
		k, more = clientTracking, true
	case k == clientTracking && w == "ON":
		return Tracking, !last
	case k == Tracking && w == "REDIRECT":
		return Client, false
	case k == clientReply && w == "OFF":
		return ReplyOff, false
	case k == clientReply && w == "SKIP":
		return ReplySkip, false
	case k == clientReply && w == "ON":
		return ReplyOn, false
	case k == replconf && arg%2 == 1 && argc%2 == 1 && (w == "ACK" || w == "GETACK"): // an even number is a syntax error
		return NoReply, false
	case k == replconf:
		more = true
	}
	switch {
	case !last && more:
		return k, true
	case k == clientReply, k == clientTracking:
		return Client, false
	case k > Client:
		return Ordinary, false
	}
	return k, more
}

// mayMatter reports whether a command of this name may be of another kind than Ordinary. It only
// looks at the first letter and the length, so it may report true for an ordinary command.
func mayMatter(name []byte) bool {
	return len(name) >= 4 && len(name) <= 12 && lengths[name[0]&letter]&(1<<len(name)) != 0
}

// letter is what upper and lower case of a letter have in common.
const letter = 1<<5 - 1

// lengths says for each first letter, with a bit each, which lengths the names of kinds other than
// Ordinary have. mayMatter bounds the lengths as a whole.
var lengths = [1 << 5]uint16{
	'a' & letter: 1<<4 | 1<<6,                 // AUTH, ASKING
	'b' & letter: 1<<5 | 1<<6 | 1<<8 | 1<<10,  // BLPOP, BRPOP, BLMOVE, BLMPOP, BZMPOP, BZPOPMIN, BZPOPMAX, BRPOPLPUSH
	'c' & letter: 1 << 6,                      // CLIENT
	'd' & letter: 1 << 7,                      // DISCARD
	'e' & letter: 1 << 4,                      // EXEC
	'h' & letter: 1 << 5,                      // HELLO
	'm' & letter: 1<<5 | 1<<7,                 // MULTI, MONITOR
	'p' & letter: 1<<4 | 1<<5 | 1<<10 | 1<<12, // PING, PSYNC, PSUBSCRIBE, PUNSUBSCRIBE
	'r' & letter: 1<<5 | 1<<8,                 // RESET, REPLCONF
	// SYNC, SCRIPT, SUBSCRIBE, SSUBSCRIBE, SUNSUBSCRIBE
	's' & letter: 1<<4 | 1<<6 | 1<<9 | 1<<10 | 1<<12,
	'u' & letter: 1 << 11,      // UNSUBSCRIBE
	'w' & letter: 1<<4 | 1<<7,  // WAIT, WAITAOF
	'x' & letter: 1<<5 | 1<<10, // XREAD, XREADGROUP
}
