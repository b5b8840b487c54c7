package entraconn_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A simulatedServer does what Redis does, in the order in which it does it, on the connection of
// one client.
type simulatedServer struct {
	*simulation
	line     *simulatedLine
	commands []request // that it has not run yet
	proto    int       // of the wire
	spoken   int       // the protocol that the client has asked for
	known    bool      // we know the number of the connection
	asked    bool      // CLIENT ID was run
	asks     bool      // CLIENT ID was run before the call that comes next
	tracking bool
	multi    bool
	queue    [][]string
	subs     map[string]bool
	pushes   int
	lists    map[string][]string
	blocked  *simulatedCall
	between  *simulatedCall // a slice of it has ended, and no command has come since
	missed   [3]time.Time   // when a CLIENT UNBLOCK last found nothing to unblock, by lease.Reply
	sent     [3]time.Time   // when the client last wrote one
	executed int            // how many of the client's commands it has run
}

type request struct {
	args []string
	at   time.Time // when it arrived
}

func (s *simulatedServer) hear(args []string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, request{args, at})
	s.workLocked()
}

// workLocked runs what has come, until a command blocks.
func (s *simulatedServer) workLocked() {
	for s.blocked == nil && len(s.commands) > 0 {
		next := s.commands[0]
		s.commands = s.commands[1:]
		s.runLocked(next)
	}
}

func (s *simulatedServer) runLocked(r request) {
	switch r.args[0] {
	case "AUTH":
		s.authLocked()
		return
	case "HELLO": // ours; the client writes hello
		if len(r.args) == 1 { // right after an AUTH
			s.line.say(s.greetingLocked())
			return
		}
		s.line.say(s.helloLocked(r.args[1]))
		return
	case "CLIENT":
		if r.args[1] == "ID" { // ours
			s.line.say(s.clientIDLocked())
			return
		}
	case "XINFO": // ours
		s.streamInfoLocked(r)
		return
	}
	s.accountLocked(r)
	name := strings.ToUpper(r.args[0])
	subscribes := strings.HasSuffix(name, "SUBSCRIBE")
	if !subscribes && name != "PING" && name != "HELLO" && (s.proto != s.spoken || s.proto == 2 && len(s.subs) > 0) {
		s.faultLocked("%q in a subscription", r.args)
	}
	switch {
	case subscribes:
		s.subscribeLocked(name, r.args[1])
	case name == "EXEC":
		s.execLocked()
	case name == "DISCARD":
		s.multi, s.queue = false, nil
		s.answerLocked("+OK\r\n")
	case s.multi:
		s.queue = append(s.queue, r.args)
		s.answerLocked("+QUEUED\r\n")
	case name == "MULTI":
		s.multi = true
		s.answerLocked("+OK\r\n")
	case name == "HELLO":
		words := s.helloLocked(r.args[1])
		s.spoken = s.proto
		s.answerLocked(words)
	case name == "CLIENT": // TRACKING
		s.tracking = true
		s.answerLocked("+OK\r\n")
	case name == "BLPOP", name == "BRPOPLPUSH", name == "XREAD", name == "XREADGROUP":
		s.blockLocked(r.args, r.at)
	case name == "PING" && len(s.subs) > 0:
		s.sayLocked(func(proto int) string {
			if proto == 3 {
				return "+PONG\r\n"
			}
			return "*2\r\n" + bulk("pong") + bulk("")
		}, false)
	default:
		s.answerLocked(s.simpleLocked(r.args))
	}
}

// accountLocked compares a command with what the client has written, and with the slice that has
// just ended.
func (s *simulatedServer) accountLocked(r request) {
	if call := s.between; call != nil {
		s.between = nil
		if keyOf(r.args) == call.key {
			s.tally.again++
			if why := call.mayComeAgain(r.at, s.line.slow); why != "" {
				s.faultLocked("%v is sent again: %s", call, why)
			}
			s.transcript.sentAgain(call)
			return
		}
	}
	if s.executed == len(s.written) || s.written[s.executed] != withoutTimeout(r.args) {
		s.faultLocked("%q is run as command %d of %q", r.args, s.executed, s.written)
	} else {
		s.executed++
	}
}

// withoutTimeout returns what client and server must agree on of a command: a slice has another
// timeout, and an XREAD another ID.
func withoutTimeout(args []string) string {
	args = slices.Clone(args)
	if args[0] == "XREAD" {
		args = args[:len(args)-1]
	}
	if strings.HasPrefix(args[0], "B") || strings.HasPrefix(args[0], "XREAD") {
		i, _ := timeoutAt(args)
		args = slices.Delete(args, i, i+1)
	}
	return strings.Join(args, " ")
}

// streamInfoLocked answers the question where the stream of a call ends. From now on the call has begun:
// an entry that is added is for it, and CLIENT UNBLOCK ends it.
func (s *simulatedServer) streamInfoLocked(r request) {
	call := s.calls[r.args[2]]
	s.accountLocked(request{strings.Fields(call.words()), r.at})
	if s.multi || call.slices > 0 || call.name != "XREAD" {
		s.faultLocked("%q for %v, in a transaction: %v", r.args, call, s.multi)
	}
	s.tally.asked++
	call.began, call.isAsked = r.at, true
	call.asks, s.asks = s.asks, false
	for end, sent := range s.sent { // for the call before, which has ended meanwhile
		call.strays[end] = !sent.Before(r.at)
	}
	if call.added == 0 {
		s.line.say("-ERR no such key\r\n")
	} else {
		entry := "*2\r\n" + bulk("1-0") + "*2\r\n" + bulk("f") + bulk(strings.Repeat("v", 1+s.dice.below(1000)))
		fields := bulk("length") + fmt.Sprintf(":%d\r\n", call.added) + bulk("last-generated-id") + bulk(call.streamEnd()) +
			bulk("first-entry") + entry + bulk("last-entry") + entry
		s.line.say([]string{2: "*8\r\n", 3: "%4\r\n"}[s.proto] + fields)
	}
	s.between = call
	s.transcript.add(said{words: nullIn(s.proto), call: call})
	if s.dice.oneIn(3) {
		call.comes()
	}
}

func (s *simulatedServer) authLocked() {
	s.tally.auths++
	if s.multi || s.proto == 2 && len(s.subs) > 0 {
		s.faultLocked("AUTH in a transaction or a subscription")
	}
	if s.refuses && s.tally.auths > 1 && s.dice.oneIn(5) {
		if s.proto == 2 || s.dice.oneIn(2) { // else something else was to be sent
			s.line.say("-WRONGPASS invalid\r\n")
		}
		return
	}
	s.line.say("+OK\r\n")
}

// answerLocked says what the client gets, the same in both protocols.
func (s *simulatedServer) answerLocked(words string) {
	s.sayLocked(func(int) string { return words }, false)
}

// sayLocked says what the protocols write differently: below some subscribers the wire speaks
// another one than the client.
func (s *simulatedServer) sayLocked(words func(proto int) string, push bool) {
	s.line.say(words(s.proto))
	s.transcript.add(said{words: words(s.spoken), push: push})
}

const simulatedID = 17

func (s *simulatedServer) helloLocked(version string) string {
	s.known = true
	s.proto = 2
	if version == "3" {
		s.proto = 3
	}
	return s.greetingLocked()
}

// greetingLocked returns what answers HELLO.
func (s *simulatedServer) greetingLocked() string {
	if s.proto == 3 {
		return fmt.Sprintf("%%2\r\n%s:3\r\n%s:%d\r\n", bulk("proto"), bulk("id"), simulatedID)
	}
	return fmt.Sprintf("*4\r\n%s:2\r\n%s:%d\r\n", bulk("proto"), bulk("id"), simulatedID)
}

func (s *simulatedServer) clientIDLocked() string {
	if s.known || s.asked {
		s.faultLocked("CLIENT ID although the number is known or was refused")
	}
	s.asked, s.asks = true, true
	if s.refuses && s.dice.oneIn(2) {
		return "-NOPERM User us has no permissions to run the 'client|id' command\r\n"
	}
	s.known = true
	return fmt.Sprintf(":%d\r\n", simulatedID)
}

func (s *simulatedServer) subscribeLocked(name, channel string) {
	if key := modelserver.SubscriptionKind(name) + channel; strings.Contains(name, "UNSUB") {
		delete(s.subs, key)
	} else {
		s.subs[key] = true
	}
	s.sayLocked(func(proto int) string {
		return pushIn(proto, bulk(strings.ToLower(name)), bulk(channel), fmt.Sprintf(":%d\r\n", len(s.subs)))
	}, false)
}

// pushSomethingLocked sends a push, and reports whether the client receives any.
func (s *simulatedServer) pushSomethingLocked() bool {
	switch {
	case len(s.subs) > 0:
		n := s.numberLocked()
		s.sayLocked(func(proto int) string { return pushIn(proto, bulk("message"), bulk("ch"), n) }, true)
	case s.tracking && s.spoken == 3:
		words := s.invalidationLocked()
		s.sayLocked(func(int) string { return words }, true)
	default:
		return false
	}
	return true
}

func (s *simulatedServer) invalidationLocked() string {
	return pushIn(3, bulk("invalidate"), "*1\r\n"+s.numberLocked())
}

// numberLocked returns another text for each push.
func (s *simulatedServer) numberLocked() string {
	s.pushes++
	return bulk(fmt.Sprint("m", s.pushes))
}

func (s *simulatedServer) execLocked() {
	words := fmt.Sprintf("*%d\r\n", len(s.queue))
	if s.tracking && s.spoken == 3 {
		words += s.invalidationLocked() // there and nowhere else, as Redis does
	}
	for _, args := range s.queue {
		words += s.simpleLocked(args)
	}
	s.multi, s.queue = false, nil
	s.answerLocked(words)
}

// simpleLocked runs a command that does not block, or one that may not because it is in a
// transaction.
func (s *simulatedServer) simpleLocked(args []string) string {
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
	s.faultLocked("%q, which the client has not written", args)
	return "-ERR unknown command\r\n"
}

// blockLocked runs a blocking command.
func (s *simulatedServer) blockLocked(args []string, at time.Time) {
	call := s.calls[keyOf(args)]
	if call.slices++; call.slices == 1 {
		call.began = at
		for end, missed := range s.missed {
			call.strays[end] = call.strays[end] || !missed.Before(at)
		}
		call.asks = s.asks
		s.asks = false
	}
	i, unit := timeoutAt(args)
	t, err := strconv.ParseFloat(args[i], 64)
	if err != nil {
		s.faultLocked("%q: %v", args, err)
	}
	if id := args[len(args)-1]; call.name == "XREAD" && id != call.streamEnd() && (id != "$" || call.isAsked) {
		s.faultLocked("%q: the stream ended at %s", args, call.streamEnd())
	}
	defer call.comes()
	if len(s.lists[call.key]) > 0 {
		s.answerLocked(s.popLocked(call.name, call.key))
		return
	}
	s.blocked, call.until = call, time.Time{}
	if t > 0 {
		slice := time.Duration(t * float64(unit)).Round(time.Millisecond)
		call.until = time.Now().Add(slice)
		call.timer = time.AfterFunc(slice+time.Duration(s.dice.below(2))*time.Millisecond, func() { s.endSlice(call) })
	}
}

func (s *simulatedServer) endSlice(call *simulatedCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked != call || time.Now().Before(call.until) { // it has ended in another way
		return
	}
	if s.dice.oneIn(3) {
		s.pushSomethingLocked()
	}
	s.nullLocked(call)
}

// nullLocked answers a call with null. Whether the client gets that shows later.
func (s *simulatedServer) nullLocked(call *simulatedCall) {
	s.blocked, s.between = nil, call
	s.line.say(nullIn(s.proto))
	s.transcript.add(said{words: nullIn(s.proto), call: call})
	for s.dice.oneIn(3) && s.pushSomethingLocked() {
	}
	s.workLocked()
}

// unblock runs CLIENT UNBLOCK.
func (s *simulatedServer) unblock(end lease.Reply) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked == nil {
		s.missed[end] = time.Now()
		return ":0\r\n"
	}
	words := nullIn(s.proto)
	switch call := s.blocked; {
	case end == lease.UnblockedReply:
		words = unblockedWords
	case call.unblockedAt.IsZero():
		// Another client has sent it, we do not know the connection's number, or it was for an
		// earlier call, which has ended meanwhile. If this null is read when the slice is over, it
		// looks like the end of the slice.
		call.strays[end] = true
		s.stopLocked(call)
		s.nullLocked(call)
		return ":1\r\n"
	}
	s.finishLocked(words)
	return ":1\r\n"
}

// push adds an element to a list.
func (s *simulatedServer) push(key, element string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[key] = append(s.lists[key], element)
	if call := s.blocked; call != nil && call.key == key {
		if s.dice.oneIn(2) {
			s.pushSomethingLocked()
		}
		s.finishLocked(s.popLocked(call.name, key))
	}
}

// stopLocked stops the timer that ends the slice of a call.
func (s *simulatedServer) stopLocked(call *simulatedCall) {
	if call.timer != nil {
		call.timer.Stop()
	}
}

// finishLocked ends the call that blocks.
func (s *simulatedServer) finishLocked(words string) {
	s.stopLocked(s.blocked)
	s.blocked = nil
	s.answerLocked(words)
	s.workLocked()
}

// popLocked returns the reply to a command that has found an element.
func (s *simulatedServer) popLocked(name, key string) string {
	element := s.lists[key][0]
	s.lists[key] = s.lists[key][1:]
	if call := s.calls[key]; call.element != "" || call.ended {
		s.faultLocked("%v pops %q, which no caller receives", call, element)
	} else {
		call.element = element
	}
	if !strings.EqualFold(name, "BRPOPLPUSH") {
		return "*2\r\n" + bulk(key) + bulk(element)
	}
	return bulk(element)
}

// chat sends pushes at random moments.
func (s *simulatedServer) chat(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(s.dice.within(s.life / 10)):
		}
		s.mu.Lock()
		for range s.dice.below(4) {
			s.pushSomethingLocked()
		}
		s.mu.Unlock()
	}
}
