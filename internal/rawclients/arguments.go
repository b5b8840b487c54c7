package rawclients

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// An argumentDraw draws arguments that a server may accept: keys that exist, of the right type more
// often than not, and numbers and words of which some are right.
type argumentDraw struct {
	rng *rand.Rand
	// entries counts the entries of streams, whose IDs must grow. A script never says *, which the
	// server would replace by the time.
	entries int
	// broadcasts: CLIENT TRACKING may say BCAST. The server tells of changed keys when it has run all
	// that it has read, and what it reads at once is chance. So steps have one command then, in one
	// write.
	broadcasts bool

	// Of the command that is being drawn:

	command string
	keys    int // that numkeys has announced, -1 if it has not
	repeats int // of each argument inside of STREAMS, 0 outside
	waits   bool
	blocks  bool
}

func (d *argumentDraw) oneIn(n int) bool { return d.rng.IntN(n) == 0 }

func pick[T any](d *argumentDraw, from ...T) T { return from[d.rng.IntN(len(from))] }

// draw returns a command with arguments. Waits reports whether it may block for a moment, and blocks
// whether it may block until another client ends that.
func (d *argumentDraw) draw(name string, catalogue *Catalogue) (c Command, waits, blocks bool) {
	d.begin(name)
	info, documented := catalogue.Info(name)
	args := strings.Split(name, " ")
	switch template := templates[name]; {
	case template != nil:
		args = append(args, template(d)...)
	case documented && info.Arguments != nil:
		args = append(args, d.list(info.Arguments)...)
	case documented:
		args = append(args, d.byArity(info.Arity-len(args), info.Arity+len(args))...)
	default: // a command that this server does not know
		args = append(args, d.byArity(d.rng.IntN(4), 0)...)
	}
	return Command{Args: args}, d.waits, d.blocks
}

// begin forgets the command before.
func (d *argumentDraw) begin(name string) {
	d.command, d.keys, d.repeats, d.waits, d.blocks = name, -1, 0, false, false
}

// byArity returns as many arguments as a command wants of which nothing else is known. arity is how
// many follow the name, least that or negative as in COMMAND.
func (d *argumentDraw) byArity(exactly, negated int) (args []string) {
	n := exactly
	if exactly < 0 {
		n = max(0, -negated) + d.rng.IntN(2)
	}
	for i := range n {
		if i == 0 {
			args = append(args, d.key())
			continue
		}
		args = append(args, pick(d, d.value(), d.integer(), d.integer()))
	}
	return args
}

// list returns values for the arguments of COMMAND DOCS.
func (d *argumentDraw) list(all []Argument) (args []string) {
	for _, a := range all {
		if a.has("optional") && !d.oneIn(3) && !(a.Type == "key" && d.keys > 0) {
			continue
		}
		args = append(args, d.argument(a)...)
	}
	return args
}

func (d *argumentDraw) argument(a Argument) (args []string) {
	times := 1
	if a.has("multiple") {
		times = 1 + d.rng.IntN(2)
		switch {
		case d.repeats > 0:
			times = d.repeats
		case a.Type == "key" && d.keys >= 0:
			times = d.keys
		}
	}
	token := strings.Trim(a.Token, `"`)
	for i := range times {
		if a.Token != "" && (i == 0 || a.has("multiple_token")) {
			args = append(args, token)
		}
		args = append(args, d.one(a)...)
	}
	return args
}

// one returns one value.
func (d *argumentDraw) one(a Argument) []string {
	switch a.Type {
	case "pure-token":
		return nil
	case "oneof":
		return d.argument(pick(d, a.Arguments...))
	case "block":
		if a.Token == "STREAMS" {
			d.repeats = 1 + d.rng.IntN(2)
			defer func() { d.repeats = 0 }()
		}
		return d.list(a.Arguments)
	case "key":
		return []string{d.key()}
	}
	return []string{d.named(a)}
}

// named returns a value by the name of the argument, and else by its type.
func (d *argumentDraw) named(a Argument) string {
	name := strings.ToLower(a.Name)
	switch {
	case name == "numkeys":
		d.keys = d.rng.IntN(3)
		return strconv.Itoa(d.keys)
	case name == "timeout" && a.Type == "double":
		return d.seconds()
	case name == "timeout", name == "milliseconds" && a.Token == "BLOCK":
		return d.milliseconds()
	case name == "script":
		return d.script()
	case name == "function-code":
		return "#!lua name=lib\nredis.register_function('f', function(keys, args) return {#keys, args[1]} end)"
	case name == "function":
		return "f"
	case name == "sha1":
		return pick(d, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "nosuch") // of "return 1"
	case name == "cursor":
		return "0"
	case name == "client-id", name == "clientid":
		return clientNumber(d.rng.IntN(MostClients))
	case name == "group":
		return pick(d, "g", "g", "g", "nosuch")
	case name == "id" && d.repeats > 0: // of XREAD
		return pick(d, "0", "$", ">", ">")
	case name == "username", name == "user":
		return pick(d, User, "default", "stranger")
	case name == "channel", name == "shardchannel":
		return d.channel()
	case strings.Contains(name, "seconds"), name == "ttl", strings.Contains(name, "idle"), strings.HasPrefix(name, "ms"):
		return d.lifetime()
	case a.Type == "unix-time":
		return pick(d, "4102444800000", "0", "1")
	case a.Type == "integer":
		return d.integer()
	case a.Type == "double":
		return pick(d, "0", "1.5", "-2", "1e3", "inf", "x")
	case a.Type == "pattern":
		return pick(d, "*", "l*", "c?", "nosuch")
	}
	return d.value()
}

// key returns a key. Which type of value it has, if it exists, is its first letter.
func (d *argumentDraw) key() string {
	letter := pick(d, "s", "l", "h", "z", "x", "e")
	if !d.oneIn(4) {
		name := strings.TrimPrefix(strings.TrimPrefix(d.command, "B"), "R")
		switch {
		case strings.HasPrefix(name, "H") && name != "HELLO":
			letter = "h"
		case strings.HasPrefix(name, "Z"), strings.HasPrefix(name, "GEO"):
			letter = "z"
		case strings.HasPrefix(name, "X"):
			letter = "x"
		case strings.HasPrefix(name, "L"), strings.HasPrefix(name, "PUSH"), strings.HasPrefix(name, "POP"):
			letter = "l"
		case name == "SADD", name == "SREM", name == "SMOVE", name == "SMEMBERS", name == "SPOP", strings.HasPrefix(name, "SI"),
			strings.HasPrefix(name, "SU"), strings.HasPrefix(name, "SD"), name == "SCARD", strings.HasPrefix(name, "SMIS"):
			letter = "e"
		default:
			letter = "s"
		}
	}
	return letter + strconv.Itoa(1+d.rng.IntN(2))
}

func (d *argumentDraw) value() string {
	switch d.rng.IntN(40) {
	case 0:
		return strings.Repeat("v", 20_000+d.rng.IntN(200_000)) // many reads and writes
	case 1:
		return "+OK\r\n$-1\r\n*3\r\n$4\r\nAUTH\r\n" // what must not be taken for protocol
	case 2:
		return ""
	case 3:
		return strings.Repeat("w", 2000+d.rng.IntN(3000))
	}
	return pick(d, "a", "b", "c", "1", "2", "3.0", "x y", "\x00\xff")
}

func (d *argumentDraw) integer() string { return pick(d, "0", "1", "2", "3", "-1", "10", "x") }

func (d *argumentDraw) channel() string {
	return pick(d, "c1", "c2", "c1", "__redis__:invalidate", "__keyspace@0__:s1")
}

func (d *argumentDraw) script() string {
	return pick(d,
		"return 1",
		"return {1, {2, 'a'}, false}",
		"return redis.call('SET', KEYS[1] or 's1', ARGV[1] or 'v')",
		"return redis.error_reply('E' .. string.rep('x', 5000))",
		"redis.setresp(3); return redis.call('HGETALL', 'h1')",
		"return redis.call('PUBLISH', 'c1', 'from a script')",
		"local t = {} local r = t for i = 1, 40 do local u = {} t[1] = u t[2] = i t = u end return r",
		"return redis.pcall('BLPOP', 'l9', 0)",
		"syntax error",
	)
}

// seconds returns the timeout of a blocking command.
func (d *argumentDraw) seconds() string {
	switch n := d.rng.IntN(20); {
	case n < 8:
		d.waits = true
		return pick(d, "0.01", ".02", "1e-2", "+0.015", "0.030")
	case n < 16:
		d.blocks = true
		return pick(d, "0", "0", "0.0", "-0")
	case n < 19:
		d.blocks = true
		return pick(d, "1000", "3600.5")
	}
	return pick(d, "-1", "x", "inf", "")
}

// milliseconds does the same for the commands that count in milliseconds.
func (d *argumentDraw) milliseconds() string {
	switch n := d.rng.IntN(20); {
	case n < 8:
		d.waits = true
		return pick(d, "10", "20", "35")
	case n < 16:
		d.blocks = true
		return "0"
	case n < 19:
		d.blocks = true
		return pick(d, "1000000", "999999999")
	}
	return pick(d, "-1", "x", "01", "")
}

// lifetime returns for how long a key lives. None ends in the middle of a script.
func (d *argumentDraw) lifetime() string { return pick(d, "100000000", "0", "-1") }

// nextEntry returns an ID for an entry of a stream that is greater than all before it.
func (d *argumentDraw) nextEntry() string {
	d.entries++
	return fmt.Sprintf("%d-1", d.entries)
}
