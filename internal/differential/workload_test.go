package differential

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A step is one thing that a worker does and waits for. Its commands only touch keys of that worker, so that what
// it gets depends on nothing but its own past.
type step struct {
	kind     stepKind
	commands [][]string
}

type stepKind int

const (
	single      stepKind = iota // one command
	pipeline                    // all in one go
	transaction                 // between MULTI and EXEC
	watched                     // WATCH, a read, then MULTI … EXEC, on a connection of its own
	subscribed                  // subscribes, gets what the commands publish, and unsubscribes
)

// steps returns what a worker does: the same for the same worker.
func steps(worker, n int) (all []step) {
	rng := rand.New(rand.NewPCG(uint64(worker), 7))
	for n := range n {
		s := step{kind: single}
		size := 1
		switch rng.IntN(10) {
		case 0, 1:
			s.kind, size = pipeline, 1+rng.IntN(100)
		case 2:
			s.kind, size = transaction, 1+rng.IntN(8)
		case 3:
			s.kind, size = watched, 1+rng.IntN(4)
		case 4:
			s.kind, size = subscribed, 1+rng.IntN(20)
		}
		for i := range size {
			if s.kind == subscribed {
				s.commands = append(s.commands, []string{"PUBLISH", fmt.Sprint("channel ", worker, " ", n), fmt.Sprint("message ", i, strings.Repeat("m", rng.IntN(2000)))})
				continue
			}
			s.commands = append(s.commands, command(rng, worker, s.kind))
		}
		all = append(all, s)
	}
	return all
}

// command returns one command. What it answers is determined by what its worker did before.
func command(rng *rand.Rand, worker int, kind stepKind) []string {
	key := func(typ string) string { return fmt.Sprintf("{w%d}:%s:%d", worker, typ, rng.IntN(3)) }
	value := func() string {
		switch rng.IntN(12) {
		case 0:
			return strings.Repeat("v", 20_000+rng.IntN(200_000)) // many reads and writes
		case 1:
			return "+OK\r\n$-1\r\n*3\r\n$4\r\nAUTH\r\n" // what must not be taken for protocol
		case 2:
			return ""
		}
		return strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN(300))
	}
	switch rng.IntN(24) {
	case 0, 1:
		return []string{"SET", key("s"), value()}
	case 2, 3, 4:
		return []string{"GET", key("s")}
	case 5:
		return []string{"INCR", key("n")}
	case 6:
		return []string{"INCR", key("s")} // mostly an error
	case 7:
		return []string{"HSET", key("h"), "a", value(), "b", value()}
	case 8:
		return []string{"HGETALL", key("h")} // a map in RESP3
	case 9:
		return []string{"RPUSH", key("l"), value(), "x"}
	case 10:
		return []string{"LRANGE", key("l"), "-5", "-1"}
	case 11:
		return []string{"LPOP", key("l"), "2"}
	case 12:
		return []string{"SADD", key("set"), fmt.Sprint(rng.IntN(100))}
	case 13:
		return []string{"SMEMBERS", key("set")} // a set in RESP3
	case 14:
		return []string{"ZADD", key("z"), fmt.Sprint(rng.IntN(100)), fmt.Sprint(rng.IntN(20))}
	case 15:
		return []string{"ZRANGE", key("z"), "0", "-1", "WITHSCORES"} // nested, with doubles in RESP3
	case 16:
		return []string{"EVAL", nested(1 + rng.IntN(40)), "0"}
	case 17:
		return []string{"EVAL", "return redis.error_reply('E' .. string.rep('x', 5000))", "0"}
	case 18:
		return []string{"NOSUCHCOMMAND", "x"}
	case 19:
		return []string{"APPEND", key("s"), "tail"}
	case 20:
		if kind == single {
			return []string{"BLPOP", key("l"), "0.01"}
		}
		return []string{"LLEN", key("l")}
	case 21:
		return []string{"GETDEL", key("s")}
	case 22:
		return []string{"ECHO", value()}
	}
	return []string{"PING"}
}

// nested returns a script whose reply is nested so deep.
func nested(depth int) string {
	return fmt.Sprintf("local t={} local r=t for i=1,%d do local u={} t[1]=u t[2]=i t=u end return r", depth)
}
