package entraconn_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A simulatedServer does what Redis does, in the order in which it does it, on the connection of one host.
type simulatedServer struct {
	*simulation
	line     *simulatedLine
	commands []request // that were not run yet
	proto    int       // of the wire
	spoken   int       // as the host has asked for
	known    bool      // the number of the connection was told
	asked    bool      // for it
	asks     bool      // for it, before the call that comes next
	tracking bool
	multi    bool
	queue    [][]string
	subs     map[string]bool
	pushes   int
	lists    map[string][]string
	blocked  *simulatedCall
	between  *simulatedCall // a slice of it has ended, and no command has come since
	missed   [3]time.Time   // when a CLIENT UNBLOCK last found nothing to unblock, by lease.Reply
	executed int            // how many of the host's commands were run
}

type request struct {
	args []string
	at   time.Time // when it was at the door
}

func (s *simulatedServer) hear(args []string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, request{args, at})
	s.work()
}

// work runs what has come, until a command blocks. s.mu is held.
func (s *simulatedServer) work() {
	for s.blocked == nil && len(s.commands) > 0 {
		next := s.commands[0]
		s.commands = s.commands[1:]
		s.run(next)
	}
}

func (s *simulatedServer) run(r request) {
	switch r.args[0] {
	case "AUTH":
		s.auth()
		return
	case "HELLO": // ours; the host writes hello
		s.line.say(s.hello(r.args[1]))
		return
	case "CLIENT":
		if r.args[1] == "ID" { // ours
			s.line.say(s.clientID())
			return
		}
	}
	s.account(r)
	name := strings.ToUpper(r.args[0])
	subscribes := strings.HasSuffix(name, "SUBSCRIBE")
	if !subscribes && name != "PING" && name != "HELLO" && (s.proto != s.spoken || s.proto == 2 && len(s.subs) > 0) {
		s.wrong("%q in a subscription", r.args)
	}
	switch {
	case subscribes:
		s.subscribe(name, r.args[1])
	case name == "EXEC":
		s.exec()
	case name == "DISCARD":
		s.multi, s.queue = false, nil
		s.answer("+OK\r\n")
	case s.multi:
		s.queue = append(s.queue, r.args)
		s.answer("+QUEUED\r\n")
	case name == "MULTI":
		s.multi = true
		s.answer("+OK\r\n")
	case name == "HELLO":
		words := s.hello(r.args[1])
		s.spoken = s.proto
		s.answer(words)
	case name == "CLIENT": // TRACKING
		s.tracking = true
		s.answer("+OK\r\n")
	case name == "BLPOP", name == "BRPOPLPUSH":
		s.block(r.args, r.at)
	case name == "PING" && len(s.subs) > 0:
		s.say(func(proto int) string {
			if proto == 3 {
				return "+PONG\r\n"
			}
			return "*2\r\n" + bulk("pong") + bulk("")
		}, false)
	default:
		s.answer(s.simple(r.args))
	}
}

// account compares a command with what the host has written, and with the slice that has just ended.
func (s *simulatedServer) account(r request) {
	if call := s.between; call != nil {
		s.between = nil
		if len(r.args) > 1 && r.args[1] == call.key {
			s.tally.again++
			if why := call.mayComeAgain(r.at, s.line.slow); why != "" {
				s.wrong("%v is sent again: %s", call, why)
			}
			s.transcript.sentAgain(call)
			return
		}
	}
	if s.executed == len(s.written) || s.written[s.executed] != withoutTimeout(r.args) {
		s.wrong("%q is run as command %d of %q", r.args, s.executed, s.written)
	} else {
		s.executed++
	}
}

// withoutTimeout returns a command as the host and the server must agree on it.
func withoutTimeout(args []string) string {
	if strings.HasPrefix(args[0], "B") {
		args = args[:len(args)-1]
	}
	return strings.Join(args, " ")
}

func (s *simulatedServer) auth() {
	s.tally.auths++
	if s.multi || s.proto == 2 && len(s.subs) > 0 {
		s.wrong("AUTH in a transaction or a subscription")
	}
	if s.refuses && s.tally.auths > 1 && s.dice.oneIn(5) {
		s.line.say("-WRONGPASS invalid\r\n")
		return
	}
	s.line.say("+OK\r\n")
}

// answer says what is the host's, in either protocol.
func (s *simulatedServer) answer(words string) { s.say(func(int) string { return words }, false) }

// say says what looks otherwise in the other protocol, which the wire speaks below some subscribers.
func (s *simulatedServer) say(words func(proto int) string, push bool) {
	s.line.say(words(s.proto))
	s.transcript.add(said{words: words(s.spoken), push: push})
}

const simulatedID = 17

func (s *simulatedServer) hello(version string) string {
	s.known = true
	if version == "3" {
		s.proto = 3
		return fmt.Sprintf("%%2\r\n%s:3\r\n%s:%d\r\n", bulk("proto"), bulk("id"), simulatedID)
	}
	s.proto = 2
	return fmt.Sprintf("*4\r\n%s:2\r\n%s:%d\r\n", bulk("proto"), bulk("id"), simulatedID)
}

func (s *simulatedServer) clientID() string {
	if s.known || s.asked {
		s.wrong("CLIENT ID although the number was told or refused")
	}
	s.asked, s.asks = true, true
	if s.refuses && s.dice.oneIn(2) {
		return "-NOPERM User us has no permissions to run the 'client|id' command\r\n"
	}
	s.known = true
	return fmt.Sprintf(":%d\r\n", simulatedID)
}

func (s *simulatedServer) subscribe(name, channel string) {
	if key := modelserver.SubscriptionKind(name) + channel; strings.Contains(name, "UNSUB") {
		delete(s.subs, key)
	} else {
		s.subs[key] = true
	}
	s.say(func(proto int) string {
		return pushIn(proto, bulk(strings.ToLower(name)), bulk(channel), fmt.Sprintf(":%d\r\n", len(s.subs)))
	}, false)
}

// pushSomething says something that nobody has asked for, if there is anything. s.mu is held.
func (s *simulatedServer) pushSomething() bool {
	switch {
	case len(s.subs) > 0:
		n := s.number()
		s.say(func(proto int) string { return pushIn(proto, bulk("message"), bulk("ch"), n) }, true)
	case s.tracking && s.spoken == 3:
		words := s.invalidation()
		s.say(func(int) string { return words }, true)
	default:
		return false
	}
	return true
}

func (s *simulatedServer) invalidation() string {
	return pushIn(3, bulk("invalidate"), "*1\r\n"+s.number())
}

// number tells pushes apart.
func (s *simulatedServer) number() string {
	s.pushes++
	return bulk(fmt.Sprint("m", s.pushes))
}

func (s *simulatedServer) exec() {
	words := fmt.Sprintf("*%d\r\n", len(s.queue))
	if s.tracking && s.spoken == 3 {
		words += s.invalidation() // there and nowhere else, as Redis does
	}
	for _, args := range s.queue {
		words += s.simple(args)
	}
	s.multi, s.queue = false, nil
	s.answer(words)
}

// simple runs a command that does not block, or may not in a transaction.
func (s *simulatedServer) simple(args []string) string {
	switch args[0] {
	case "ECHO":
		return bulk(args[1])
	case "PING":
		return "+PONG\r\n"
	case "WATCH":
		return "+OK\r\n"
	case "BLPOP":
		return nullIn(s.proto)
	}
	s.wrong("nobody has written %q", args)
	return "-ERR unknown command\r\n"
}
