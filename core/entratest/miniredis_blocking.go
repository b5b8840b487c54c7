package entratest

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A blockingCommand is one that may wait for something to be there, taken apart. miniredis knows most of them, but
// serves those who wait in any order.
type blockingCommand struct {
	timeout time.Duration // 0 is for ever
	// attempts are commands that do not wait. The first that finds something is the answer.
	attempts [][]string
	// answer makes the reply of what an attempt found. Nil: it is the same.
	answer func(attempt []string, found []byte, resp3 bool) []byte
}

// parseBlocking takes a command apart. It reports false if the command does not wait. It returns the error reply of
// a command that cannot be understood; what it does not find wrong, the first attempt does.
func parseBlocking(name string, args []string) (cmd blockingCommand, blocks bool, wrong string) {
	arity := "ERR wrong number of arguments for '" + strings.ToLower(name) + "' command"
	last := len(args) - 1
	switch name {
	case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX":
		if len(args) < 3 {
			return cmd, true, arity
		}
		for _, key := range args[1:last] {
			cmd.attempts = append(cmd.attempts, []string{name[1:], key})
		}
		cmd.answer = namingKey
		cmd.timeout, wrong = parseSeconds(args[last])
	case "BLMOVE", "BRPOPLPUSH":
		if want := map[string]int{"BLMOVE": 6, "BRPOPLPUSH": 4}[name]; len(args) != want {
			return cmd, true, arity
		}
		cmd.attempts = [][]string{append([]string{name[1:]}, args[1:last]...)}
		cmd.timeout, wrong = parseSeconds(args[last])
	case "BLMPOP", "BZMPOP":
		if len(args) < 5 {
			return cmd, true, arity
		}
		cmd.attempts = [][]string{append([]string{name[1:]}, args[2:]...)}
		if name == "BZMPOP" {
			cmd.answer = withScores
		}
		cmd.timeout, wrong = parseSeconds(args[1])
	case "XREAD", "XREADGROUP":
		return parseStreamRead(args)
	default:
		return cmd, false, ""
	}
	return cmd, true, wrong
}

// parseStreamRead takes BLOCK out of XREAD and XREADGROUP. Their options end at STREAMS, and a group or a consumer
// may be called like one.
func parseStreamRead(args []string) (cmd blockingCommand, blocks bool, wrong string) {
	attempt := slices.Clone(args[:1])
	for i := 1; i < len(args); i++ {
		switch option := strings.ToUpper(args[i]); {
		case option == "BLOCK" && i+1 < len(args):
			ms, err := strconv.ParseInt(args[i+1], 10, 64)
			if err != nil || ms > math.MaxInt64/int64(time.Millisecond) {
				return cmd, true, "ERR timeout is not an integer or out of range"
			}
			if ms < 0 {
				return cmd, true, "ERR timeout is negative"
			}
			cmd.timeout, blocks = time.Duration(ms)*time.Millisecond, true
			i++
			continue
		case option == "GROUP" && i+2 < len(args):
			attempt = append(attempt, args[i:i+2]...)
			i += 2
		case option == "STREAMS":
			cmd.attempts = [][]string{append(attempt, args[i:]...)}
			cmd.answer = byStream
			return cmd, blocks, ""
		}
		attempt = append(attempt, args[i])
	}
	return cmd, false, "" // there is nothing to read: an error
}

// parseSeconds reads a timeout as Redis does, which rounds up to milliseconds.
func parseSeconds(arg string) (timeout time.Duration, wrong string) {
	seconds, err := strconv.ParseFloat(arg, 64)
	ms := math.Ceil(seconds * 1000)
	switch {
	case err != nil, math.IsNaN(ms), ms > float64(math.MaxInt64/int64(time.Millisecond)):
		return 0, "ERR timeout is not a float or out of range"
	case ms < 0:
		return 0, "ERR timeout is negative"
	}
	return time.Duration(ms) * time.Millisecond, ""
}
