package modelserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/redcon"
)

// A Model answers as a Redis server does where it matters to a session. It shares no code with a
// session: commands are read by tidwall/redcon. What it does was seen on redis-server 7.0.15.
type Model struct {
	unread    []byte
	proto     int
	multi     bool
	queued    []string
	subs      subscriptions
	off       bool
	skip      bool // the next command is muted
	asking    bool // the last command was ASKING
	caching   bool // the last command but for others of CLIENT was CLIENT CACHING
	monitor   bool
	sentBytes int // bytes

	Consumed int // how many of the bytes sent the test has read
	// Slow is where the answer to the last blocking command or AUTH of the client ends, counted in
	// bytes sent: no AUTH of ours may come before that was read.
	Slow  int
	User  string // who is logged in
	Open  bool   // no one needs to log in
	Auths int    // of ours
	// Refuses says, if it is not nil, whether an AUTH of ours is refused, and whether silently:
	// without an answer, if something else is to be sent. That is what Redis from 7.2 and Valkey
	// from 8.1 do. A push may always be on its way in RESP3.
	Refuses func() (refused, silently bool)
	Refused int // AUTHs of ours
	// Questions are of ours, where a stream ends.
	Questions int
	// RefusesSilence says that the user may use no command that gives no reply.
	RefusesSilence bool
	Clock          time.Time // commands that block let it pass
	Misplaced      []string  // AUTHs of ours where none may be
	LockedOut      bool      // a command was refused because no one is logged in
}

// OurPassword is the password by which a Model tells our AUTH from the client's.
const OurPassword = "token"

// New returns a server on whose only connection nothing was sent yet, and no one has logged in.
func New() *Model {
	return &Model{proto: 2, subs: subscriptions{}}
}

// Feed takes bytes and returns what the server sends in answer.
func (m *Model) Feed(p []byte) (out []byte) {
	m.unread = append(m.unread, p...)
	for {
		complete, args, _, rest, err := redcon.ReadNextCommand(m.unread, nil)
		if err != nil {
			panic(err)
		}
		if !complete || len(args) == 0 {
			return out
		}
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = string(a)
		}
		m.unread = append([]byte(nil), rest...)
		answer := m.execute(words)
		out = append(out, answer...)
		m.sentBytes += len(answer)
		switch name := strings.ToUpper(words[0]); {
		case name == "BLPOP", strings.HasPrefix(name, "XREAD"), name == "AUTH" && words[2] != OurPassword:
			m.Slow = m.sentBytes
		}
	}
}

func (m *Model) execute(args []string) string {
	name := strings.ToUpper(args[0])
	mine := name == "AUTH" && len(args) == 3 && args[2] == OurPassword
	if mine {
		m.Auths++
	}
	if mine || name == "XINFO" { // which no client sends here
		if m.Slow > m.Consumed || m.multi || m.asking || m.caching || m.skip || m.off || m.monitor || m.proto == 2 && len(m.subs) > 0 {
			m.Misplaced = append(m.Misplaced, fmt.Sprintf("%s waiting=%v multi=%v asking=%v caching=%v skip=%v off=%v monitor=%v subscribed=%v", name, m.Slow > m.Consumed, m.multi, m.asking, m.caching, m.skip, m.off, m.monitor, m.subs))
		}
	}
	muted := m.skip || m.off
	m.skip, m.asking, m.caching = false, false, m.caching && name == "CLIENT"
	out := m.respond(name, args)
	if muted && !strings.HasSuffix(name, "SUBSCRIBE") {
		out = ""
	}
	return out
}

func (m *Model) respond(name string, args []string) string {
	if m.User == "" && !m.Open && name != "AUTH" && name != "RESET" && name != "QUIT" {
		m.LockedOut = true
		return "-NOAUTH Authentication required.\r\n"
	}
	if m.multi && name != "EXEC" && name != "DISCARD" && name != "MULTI" && name != "RESET" {
		m.queued = append(m.queued, name)
		return "+QUEUED\r\n"
	}
	if m.proto == 2 && len(m.subs) > 0 && name != "PING" && name != "RESET" && name != "QUIT" && !strings.HasSuffix(name, "SUBSCRIBE") {
		return "-ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE allowed\r\n"
	}
	switch name {
	case "AUTH":
		if refused, silently := m.refusesOurs(args); refused {
			m.Refused++
			if silently {
				return ""
			}
			return "-WRONGPASS token\r\n"
		}
		m.User = args[1]
		if len(args) == 3 && args[2] == "wrong" {
			return "-WRONGPASS invalid\r\n"
		}
		return "+OK\r\n"
	case "GET":
		return "$3\r\nabc\r\n"
	case "OK":
		return "+OK\r\n"
	case "FAIL":
		return "-ERR no\r\n"
	case "CLUSTER":
		return "-ERR This instance has cluster support disabled\r\n"
	case "LIST":
		return "*3\r\n:1\r\n$-1\r\n*1\r\n+OK\r\n"
	case "PUSHED": // pushes and attributes where Redis puts them
		if m.proto == 3 {
			return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n|1\r\n+a\r\n+b\r\n*2\r\n>2\r\n+x\r\n+y\r\n+OK\r\n_\r\n"
		}
		return "*2\r\n+OK\r\n$-1\r\n"
	case "PING":
		if m.proto == 2 && len(m.subs) > 0 {
			return "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
		}
		return "+PONG\r\n"
	case "HELLO":
		if len(args) > 1 {
			v, err := strconv.Atoi(args[1])
			if err != nil || v != 2 && v != 3 {
				return "-NOPROTO unsupported protocol version\r\n"
			}
			m.proto = v
		}
		if m.proto == 3 {
			return "%1\r\n$5\r\nproto\r\n:3\r\n"
		}
		return "*2\r\n$5\r\nproto\r\n:2\r\n"
	case "RESET":
		if len(args) > 1 {
			return "-ERR wrong number of arguments for 'reset' command\r\n"
		}
		*m = Model{unread: m.unread, proto: 2, Open: m.Open, subs: subscriptions{}, Auths: m.Auths, Questions: m.Questions, Misplaced: m.Misplaced, Refuses: m.Refuses, Refused: m.Refused, sentBytes: m.sentBytes, Consumed: m.Consumed, Slow: m.Slow, Clock: m.Clock, LockedOut: m.LockedOut, RefusesSilence: m.RefusesSilence}
		return "+RESET\r\n"
	case "MULTI":
		switch {
		case len(args) > 1:
			return "-ERR wrong number of arguments\r\n"
		case m.multi:
			return "-ERR MULTI calls can not be nested\r\n"
		}
		m.multi = true
		return "+OK\r\n"
	case "EXEC":
		if !m.multi {
			return "-ERR EXEC without MULTI\r\n"
		}
		n := len(m.queued)
		m.multi, m.queued = false, nil
		if len(args) > 1 {
			return "-EXECABORT wrong number of arguments\r\n"
		}
		out := fmt.Sprintf("*%d\r\n", n)
		if m.proto == 3 && n > 0 {
			out += ">2\r\n+invalidate\r\n+k\r\n"
		}
		return out + strings.Repeat("+OK\r\n", n)
	case "DISCARD":
		if len(args) > 1 || !m.multi {
			return "-ERR DISCARD\r\n"
		}
		m.multi, m.queued = false, nil
		return "+OK\r\n"
	case "ASKING":
		m.asking = true
		return "+OK\r\n"
	case "CLIENT":
		return m.clientCommand(args)
	case "REPLCONF":
		if m.RefusesSilence {
			return "-NOPERM this user has no permissions to run the 'replconf' command\r\n"
		}
		return ""
	case "MONITOR":
		m.monitor = true
		return "+OK\r\n+1234 [0 x] \"GET\"\r\n"
	case "BLPOP":
		return m.block(args[1], args[2], time.Second)
	case "XREAD", "XREADGROUP":
		r := parseStreamRead(args)
		m.Misplaced = append(m.Misplaced, r.wrongs()...)
		if r.waitsForGood() {
			return ""
		}
		return m.block(r.decidingKey(), r.timeout, time.Millisecond)
	case "XINFO":
		m.Questions++
		return streamInfo(args[2], m.proto)
	case "WAIT":
		if args[2] == "0" { // for good
			return ""
		}
		return ":0\r\n"
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
		return m.subs.subscribe(m.proto, name, args[1:])
	case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
		return m.subs.unsubscribe(m.proto, name, args[1:])
	}
	panic(name)
}

// refusesOurs reports whether an AUTH of ours is refused, and whether without an answer. A login is
// not.
func (m *Model) refusesOurs(args []string) (refused, silently bool) {
	if m.Refuses == nil || m.User == "" || len(args) != 3 || args[2] != OurPassword {
		return false, false
	}
	refused, silently = m.Refuses()
	return refused, silently && (m.sentBytes > m.Consumed || m.proto == 3)
}

// block answers a blocking command at once, and lets the time pass that it took.
func (m *Model) block(key, timeout string, unit time.Duration) string {
	if timeout == "0.001" {
		m.Misplaced = append(m.Misplaced, "a timeout that 6.0 takes for 0")
	}
	t, err := strconv.ParseFloat(timeout, 64)
	if err != nil {
		return "-ERR timeout is not a float or out of range\r\n"
	}
	switch key {
	case "full":
		return "*2\r\n$4\r\nfull\r\n$3\r\n*-1\r\n"
	case "gone": // another client has sent CLIENT UNBLOCK
		m.Clock = m.Clock.Add(time.Millisecond)
	default:
		m.Clock = m.Clock.Add(time.Duration(t * float64(unit)))
	}
	return nullReply(m.proto, "*-1")
}

func (m *Model) clientCommand(args []string) string {
	switch strings.Join(args[1:], " ") {
	case "LIST x":
		return "-ERR wrong number of arguments for 'client|list' command\r\n"
	case "REPLY SKIP x":
		return "-ERR Unknown subcommand or wrong number of arguments for 'REPLY'. Try CLIENT HELP\r\n"
	case "ID":
		return ":7\r\n"
	case "CACHING YES":
		m.caching = true
	case "REPLY OFF":
		m.off = true
		return ""
	case "REPLY SKIP":
		if m.RefusesSilence {
			return "-NOPERM this user has no permissions to run the 'client|reply' command\r\n"
		}
		m.skip = true
		return ""
	}
	return "+OK\r\n"
}
