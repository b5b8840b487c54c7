package entraconn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/redcon"
)

// A modelServer answers as Redis does where it matters to a session. It shares no code with it: commands are read
// by tidwall/redcon. What it does was seen on redis-server 7.0.15.
type modelServer struct {
	in      []byte
	proto   int
	multi   bool
	queued  []string
	subs    map[string]bool // "c:name", "p:name", "s:name"
	off     bool
	skip    bool // the next command is muted
	prefix  bool // the last command was ASKING or CLIENT CACHING
	monitor bool
	// Bytes sent, bytes of them that were read, and bytes up to the end of the answer to the last blocking command
	// or AUTH of the host: nothing of ours may run ahead of that.
	sent, read, slow int
	user             string // who is logged in
	open             bool   // nobody needs to log in
	auths            int
	now              time.Time
	misplace         []string // AUTHs of ours where none may be
	lockedOut        bool     // a command was refused because nobody is logged in
}

const ourToken = "token"

func newModelServer() *modelServer {
	return &modelServer{proto: 2, subs: map[string]bool{}}
}

// encode returns commands as a client sends them. Their words are separated by spaces.
func encode(commands ...string) (all []byte) {
	for _, c := range commands {
		words := strings.Fields(c)
		all = fmt.Appendf(all, "*%d\r\n", len(words))
		for _, w := range words {
			all = fmt.Appendf(all, "$%d\r\n%s\r\n", len(w), w)
		}
	}
	return all
}

// feed takes bytes and returns what the server sends in answer.
func (m *modelServer) feed(p []byte) (out []byte) {
	m.in = append(m.in, p...)
	for {
		complete, args, _, rest, err := redcon.ReadNextCommand(m.in, nil)
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
		m.in = append([]byte(nil), rest...)
		answer := m.run(words)
		out = append(out, answer...)
		m.sent += len(answer)
		if name := strings.ToUpper(words[0]); name == "BLPOP" || name == "XREAD" || name == "AUTH" && words[2] != ourToken {
			m.slow = m.sent
		}
	}
}

func (m *modelServer) run(args []string) string {
	name := strings.ToUpper(args[0])
	mine := name == "AUTH" && len(args) == 3 && args[2] == ourToken
	if mine {
		m.auths++
		if m.slow > m.read || m.multi || m.prefix || m.skip || m.off || m.monitor || m.proto == 2 && len(m.subs) > 0 {
			m.misplace = append(m.misplace, fmt.Sprintf("waiting=%v multi=%v prefix=%v skip=%v off=%v monitor=%v subscribed=%v", m.slow > m.read, m.multi, m.prefix, m.skip, m.off, m.monitor, m.subs))
		}
	}
	muted := m.skip || m.off
	m.skip, m.prefix = false, false
	out := m.reply(name, args)
	if muted && !strings.HasSuffix(name, "SUBSCRIBE") {
		out = ""
	}
	return out
}

func (m *modelServer) reply(name string, args []string) string {
	if m.user == "" && !m.open && name != "AUTH" && name != "RESET" && name != "QUIT" {
		m.lockedOut = true
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
		m.user = args[1]
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
		*m = modelServer{in: m.in, proto: 2, open: m.open, subs: map[string]bool{}, auths: m.auths, misplace: m.misplace, sent: m.sent, read: m.read, slow: m.slow, now: m.now, lockedOut: m.lockedOut}
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
		m.prefix = true
		return "+OK\r\n"
	case "CLIENT":
		return m.client(args)
	case "MONITOR":
		m.monitor = true
		return "+OK\r\n+1234 [0 x] \"GET\"\r\n"
	case "BLPOP", "XREAD":
		return m.block(args)
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
		return m.subscribe(name, args[1:])
	case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
		return m.unsubscribe(name, args[1:])
	}
	panic(name)
}

// block answers a blocking command at once, and lets the time pass that it took.
func (m *modelServer) block(args []string) string {
	timeout, unit := args[len(args)-1], time.Second
	if args[0] == "XREAD" {
		timeout, unit = args[2], time.Millisecond
	}
	t, err := strconv.ParseFloat(timeout, 64)
	if err != nil {
		return "-ERR timeout is not a float or out of range\r\n"
	}
	switch args[1] {
	case "full":
		return "*2\r\n$4\r\nfull\r\n$3\r\n*-1\r\n"
	case "BLOCK":
		if args[len(args)-1] == "$" { // for good
			return ""
		}
		m.now = m.now.Add(time.Duration(t * float64(unit)))
	case "gone": // somebody has sent CLIENT UNBLOCK
		m.now = m.now.Add(time.Millisecond)
	default:
		m.now = m.now.Add(time.Duration(t * float64(unit)))
	}
	return m.null("*-1")
}

func (m *modelServer) null(resp2 string) string {
	if m.proto == 3 {
		return "_\r\n"
	}
	return resp2 + "\r\n"
}

func (m *modelServer) client(args []string) string {
	switch strings.Join(args[1:], " ") {
	case "CACHING YES":
		m.prefix = true
	case "REPLY OFF":
		m.off = true
		return ""
	case "REPLY SKIP":
		m.skip = true
		return ""
	}
	return "+OK\r\n"
}

func (m *modelServer) subscribe(name string, channels []string) (out string) {
	for _, c := range channels {
		if c == "forbidden" {
			return "-NOPERM no channel permissions\r\n"
		}
	}
	if len(channels) == 0 {
		return "-ERR wrong number of arguments\r\n"
	}
	for _, c := range channels {
		m.subs[kindOf(name)+":"+c] = true
		out += m.confirmation(name, c)
	}
	return out + m.message()
}

func (m *modelServer) unsubscribe(name string, channels []string) (out string) {
	if len(channels) == 0 {
		for sub := range m.subs {
			if strings.HasPrefix(sub, kindOf(name)+":") {
				channels = append(channels, sub[2:])
			}
		}
	}
	if len(channels) == 0 {
		out := m.confirmation(name, "")
		return strings.Replace(out, "$0\r\n\r\n", m.null("$-1"), 1)
	}
	for i, c := range channels {
		delete(m.subs, kindOf(name)+":"+c)
		out += m.confirmation(name, fmt.Sprint(i)) // map order must not show
	}
	return out
}

func kindOf(name string) string {
	switch {
	case strings.HasPrefix(name, "P"):
		return "p"
	case strings.HasPrefix(name, "SS"), strings.HasPrefix(name, "SUN"):
		return "s"
	}
	return "c"
}

func (m *modelServer) confirmation(name, channel string) string {
	n := 0
	for sub := range m.subs {
		if (sub[0] == 's') == (kindOf(name) == "s") {
			n++
		}
	}
	typ := "*"
	if m.proto == 3 {
		typ = ">"
	}
	return fmt.Sprintf("%s3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", typ, len(name), strings.ToLower(name), len(channel), channel, n)
}

func (m *modelServer) message() string {
	typ := "*"
	if m.proto == 3 {
		typ = ">"
	}
	return typ + "3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\n+OK\r\n\r\n"
}
