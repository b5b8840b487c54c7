package rawclients

// templates return arguments for commands of which COMMAND DOCS says too little, or with which a
// random argument would end the comparison. They are also what a server without COMMAND DOCS gets.
var templates = map[string]func(d *argumentDraw) []string{
	// Ways to log in, and the protocol version.
	"AUTH": func(d *argumentDraw) []string {
		return pick(d, []string{User, "any"}, []string{User, "any"}, []string{"default", "any"}, []string{"any"}, []string{"stranger", "any"}, nil)
	},
	"HELLO": func(d *argumentDraw) []string {
		return pick(d, []string{"3"}, []string{"3"}, []string{"3"}, []string{"2"}, []string{"2"}, nil, []string{"4"}, []string{"3", "SETNAME", "AUTH"},
			[]string{"3", "AUTH", User, "any"}, []string{"2", "AUTH", User, "any", "SETNAME", "n"}, []string{"3", "AUTH", "stranger", "any"}, []string{"x"})
	},
	"PING": func(d *argumentDraw) []string { return pick(d, nil, nil, []string{d.value()}, []string{"a", "b"}) },
	"QUIT": none, "RESET": none, "MULTI": none, "EXEC": none, "DISCARD": none, "UNWATCH": none, "MONITOR": none, "ASKING": none,

	// Commands about replies and tracking.
	"CLIENT REPLY": func(d *argumentDraw) []string {
		return pick(d, []string{"SKIP"}, []string{"SKIP"}, []string{"SKIP"}, []string{"OFF"}, []string{"ON"}, []string{"ON"}, []string{"SKIP", "x"}, []string{"x"})
	},
	"CLIENT TRACKING": func(d *argumentDraw) []string {
		if d.broadcasts {
			return pick(d, []string{"ON", "BCAST"}, []string{"ON", "BCAST", "PREFIX", "s"}, []string{"ON", "BCAST", "NOLOOP"}, []string{"OFF"})
		}
		return pick(d, []string{"ON"}, []string{"ON", "OPTIN"}, []string{"ON", "OPTIN"}, []string{"ON", "OPTOUT"}, []string{"ON", "NOLOOP"}, []string{"ON", "OPTIN", "NOLOOP"},
			[]string{"ON", "REDIRECT", clientNumber(d.rng.IntN(MostClients))}, []string{"OFF"})
	},
	"CLIENT CACHING": func(d *argumentDraw) []string {
		return pick(d, []string{"YES"}, []string{"YES"}, []string{"YES"}, []string{"NO"}, []string{"x"})
	},
	"CLIENT ID": none, "CLIENT GETNAME": none, "CLIENT INFO": none, "CLIENT LIST": none, "CLIENT TRACKINGINFO": none, "CLIENT GETREDIR": none,
	"ACL WHOAMI":      none,
	"CLIENT NO-EVICT": onOff, "CLIENT NO-TOUCH": onOff,
	"CLIENT UNBLOCK": func(d *argumentDraw) []string {
		number := clientNumber(d.rng.IntN(MostClients))
		return pick(d, []string{number}, []string{number}, []string{number, "TIMEOUT"}, []string{number, "ERROR"}, []string{number, "x"}, []string{"999999"})
	},
	"CLIENT KILL":    func(d *argumentDraw) []string { return []string{"ID", clientNumber(d.rng.IntN(MostClients))} },
	"CLIENT SETNAME": func(d *argumentDraw) []string { return []string{pick(d, "n1", "n2", "", "a b")} },
	"CLIENT SETINFO": func(d *argumentDraw) []string { return []string{pick(d, "LIB-NAME", "LIB-VER"), "x"} },
	"REPLCONF": func(d *argumentDraw) []string {
		return pick(d, []string{"ACK", "0"}, []string{"ACK", "1", "FACK", "2"}, []string{"GETACK", "*"}, []string{"LISTENING-PORT", "1234"},
			[]string{"CAPA", "eof"}, []string{"x", "y"}, []string{"ACK"}, nil)
	},

	// Subscriptions.
	"SUBSCRIBE": channels, "SSUBSCRIBE": oneChannel, "UNSUBSCRIBE": maybeChannels, "SUNSUBSCRIBE": maybeChannels,
	// No channel has two of these patterns: in which order a server says that is that of a table.
	"PSUBSCRIBE":   func(d *argumentDraw) []string { return pick(d, []string{"c*"}, []string{"__r?dis*", "__key*__:*"}) },
	"PUNSUBSCRIBE": func(d *argumentDraw) []string { return pick(d, nil, []string{"c*"}, []string{"nosuch", "c?"}) },
	"PUBLISH":      func(d *argumentDraw) []string { return []string{d.channel(), d.value()} },
	"SPUBLISH":     func(d *argumentDraw) []string { return []string{"c1", d.value()} },

	// Blocking commands. Those of lists and sorted sets with two keys say which one was taken.
	"BLPOP": popOfKeys, "BRPOP": popOfKeys, "BZPOPMIN": popOfKeys, "BZPOPMAX": popOfKeys,
	"BLMOVE": func(d *argumentDraw) []string {
		return []string{d.key(), "l2", pick(d, "LEFT", "RIGHT"), "LEFT", d.seconds()}
	},
	"BRPOPLPUSH": func(d *argumentDraw) []string { return []string{d.key(), "l2", d.seconds()} },
	"BLMPOP": func(d *argumentDraw) []string {
		return append([]string{d.seconds()}, pick(d, []string{"1", d.key(), "LEFT"}, []string{"2", d.key(), d.key(), "RIGHT", "COUNT", "2"})...)
	},
	"BZMPOP": func(d *argumentDraw) []string {
		return append([]string{d.seconds()}, pick(d, []string{"1", d.key(), "MIN"}, []string{"2", d.key(), d.key(), "MAX", "COUNT", "2"})...)
	},
	"XREAD": func(d *argumentDraw) []string {
		args := pick(d, nil, []string{"COUNT", "2"})
		if !d.oneIn(5) {
			args = append(args, "BLOCK", d.milliseconds())
		}
		return append(append(args, "STREAMS"), pick(d, []string{"x1", "$"}, []string{"x1", "0"}, []string{"x1", "0-0"}, []string{"x1", "x2", "$", "0"}, []string{"x1"}, []string{"x2", "$"})...)
	},
	"XREADGROUP": func(d *argumentDraw) []string {
		args := append([]string{"GROUP"}, pick(d, []string{"g", "p"}, []string{"g", "p"}, []string{"BLOCK", "COUNT"}, []string{"nosuch", "p"})...)
		args = append(args, pick(d, nil, []string{"COUNT", "1"}, []string{"NOACK"}, []string{"CLAIM", "100000000"})...)
		if !d.oneIn(5) {
			args = append(args, "BLOCK", d.milliseconds())
		}
		return append(append(args, "STREAMS"), pick(d, []string{"x1", ">"}, []string{"x1", ">"}, []string{"x1", "x2", ">", ">"}, []string{"x1", "0"})...)
	},
	"WAIT":    func(d *argumentDraw) []string { return []string{pick(d, "0", "1", "1"), d.milliseconds()} },
	"WAITAOF": func(d *argumentDraw) []string { return []string{"0", pick(d, "0", "1", "1"), d.milliseconds()} },

	// Streams, whose IDs would be the time.
	"XADD": func(d *argumentDraw) []string {
		return []string{pick(d, "x1", "x1", "x2"), d.nextEntry(), "f", d.value()}
	},
	"XGROUP CREATE": func(d *argumentDraw) []string {
		return []string{pick(d, "x1", "x2"), pick(d, "g", "BLOCK"), pick(d, "$", "0"), "MKSTREAM"}
	},
	"XSETID": func(d *argumentDraw) []string { return []string{"x1", d.nextEntry()} },

	// What would choose at random takes all.
	"SPOP": func(d *argumentDraw) []string { return []string{pick(d, "e1", "e2", "nosuch"), "1000000"} },

	// Data.
	"SET": func(d *argumentDraw) []string { return []string{d.key(), d.value()} },
	"GET": keyOnly, "DEL": keyOnly, "INCR": keyOnly, "LLEN": keyOnly, "WATCH": keyOnly, "HGETALL": keyOnly, "TYPE": keyOnly,
	"EXPIRE": expiry, "PEXPIRE": expiry,
	"SETEX":  func(d *argumentDraw) []string { return []string{d.key(), d.lifetime(), d.value()} },
	"PSETEX": func(d *argumentDraw) []string { return []string{d.key(), d.lifetime(), d.value()} },
	"MGET":   func(d *argumentDraw) []string { return []string{"s1", d.key(), "nosuch"} },
	"RPUSH":  func(d *argumentDraw) []string { return []string{pick(d, "l1", "l1", "l2"), d.value(), "x"} },
	"LRANGE": func(d *argumentDraw) []string { return []string{"l1", "0", "-1"} },
	"ZADD": func(d *argumentDraw) []string {
		return []string{pick(d, "z1", "z1", "z2"), pick(d, "1", "2", "x"), d.value()}
	},
	"ZRANGE": func(d *argumentDraw) []string { return []string{"z1", "0", "-1", "WITHSCORES"} },
	"HSET":   func(d *argumentDraw) []string { return []string{"h1", "f", d.value()} },
	"ECHO":   func(d *argumentDraw) []string { return []string{d.value()} },
	"SELECT": func(d *argumentDraw) []string { return []string{pick(d, "0", "0", "1", "x")} },

	// Scripts.
	"EVAL": func(d *argumentDraw) []string { return []string{d.script(), pick(d, "0", "1", "x"), "s1", "v"} },
	"EVALSHA": func(d *argumentDraw) []string {
		return []string{pick(d, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "nosuch"), "0"}
	},
	"SCRIPT LOAD": func(d *argumentDraw) []string { return []string{d.script()} },
	"FCALL":       func(d *argumentDraw) []string { return []string{"f", "1", "s1", "v"} },
}

func none(*argumentDraw) []string { return nil }

func onOff(d *argumentDraw) []string { return []string{pick(d, "ON", "OFF", "x")} }

func expiry(d *argumentDraw) []string { return []string{d.key(), d.lifetime()} }

func keyOnly(d *argumentDraw) []string { return []string{d.key()} }

func channels(d *argumentDraw) []string {
	return pick(d, []string{"c1"}, []string{"c1", "c2"}, []string{d.channel()})
}

func oneChannel(*argumentDraw) []string { return []string{"c1"} }

func maybeChannels(d *argumentDraw) []string {
	return pick(d, nil, nil, []string{"c1"}, []string{"c1", "nosuch"})
}

func popOfKeys(d *argumentDraw) []string {
	return append(pick(d, []string{d.key()}, []string{d.key(), d.key()}), d.seconds())
}
