package session

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A blockingCall says where in a blocking command its timeout stands, and what it is.
type blockingCall struct {
	from, to int           // of the argument, its header and CRLF included
	unit     time.Duration // in which the timeout counts
	timeout  time.Duration // 0 means for ever
	tail     bool          // reads from the end of a stream, whatever that is when it begins
}

// longestTimeout is as good as for ever, and taken for that: Redis knows timeouts longer than a
// time.Duration.
const longestTimeout = 100 * 365 * 24 * time.Hour

// parseBlockingCall looks for the timeout of a complete command of kind resp.Blocking: by position,
// as Redis does, for a key or a consumer may be called BLOCK. It returns false if the command
// cannot be sent twice, or is one that the server will refuse.
//
// XREAD with $ or + cannot: they mean the end of the stream at that moment, and what is added
// between two commands would be lost.
func parseBlockingCall(command []byte) (call blockingCall, ok bool) {
	args := arguments(make([]argument, 0, 16), command)
	at := 0
	var ids []argument
	switch strings.ToUpper(string(args[0].text(command))) {
	case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX":
		ok = len(args) >= 3
		at = len(args) - 1
	case "BLMOVE":
		ok = len(args) == 6
		at = len(args) - 1
	case "BRPOPLPUSH":
		ok = len(args) == 4
		at = len(args) - 1
	case "BLMPOP", "BZMPOP":
		ok = len(args) >= 5
		at = 1
	case "XREAD", "XREADGROUP":
		at, ids, ok = blockOption(command, args)
		call.unit = time.Millisecond
	}
	if !ok {
		return call, false
	}
	text := string(args[at].text(command))
	call.from, call.to = args[at].from, args[at].to
	if call.unit == 0 {
		call.unit = time.Second
		call.timeout, ok = seconds(text)
	} else {
		call.timeout, ok = milliseconds(text)
	}
	for _, id := range ids {
		if s := string(id.text(command)); s == "$" || s == "+" {
			call.tail = true
		}
	}
	return call, ok && !call.tail
}

// blockOption returns the argument behind the last BLOCK of an XREAD or XREADGROUP, and the IDs to
// read from.
func blockOption(command []byte, args []argument) (at int, ids []argument, ok bool) {
	for i := 1; i < len(args); i++ {
		switch strings.ToUpper(string(args[i].text(command))) {
		case "BLOCK":
			i++
			at = i
		case "COUNT":
			i++
		case "GROUP":
			i += 2
		case "NOACK":
		case "STREAMS":
			streams := args[i+1:]
			return at, streams[len(streams)/2:], at > 0 && len(streams) > 0 && len(streams)%2 == 0
		default:
			return 0, nil, false
		}
	}
	return 0, nil, false
}

// seconds reads a timeout in seconds. A spelling that Redis knows and Go does not is left alone,
// like what Redis refuses.
func seconds(text string) (time.Duration, bool) {
	if strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, false
	}
	s, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil, s < 0, s > math.MaxInt64/1000: // Redis counts milliseconds in 64 bits
		return 0, false
	case s == 0 && strings.ContainsAny(strings.TrimRight(strings.ToLower(text), "0123456789+-"), "123456789"):
		return 0, false // too small for a float64, and not 0
	case s == 0, s > longestTimeout.Seconds():
		return 0, true
	}
	return max(time.Duration(s*float64(time.Second)), 1), true
}

func milliseconds(text string) (time.Duration, bool) {
	ms, err := strconv.ParseUint(text, 10, 63)
	switch {
	case err != nil, text[0] == '0' && text != "0": // Redis wants it exactly so
		return 0, false
	case ms > uint64(longestTimeout.Milliseconds()):
		return 0, true
	}
	return time.Duration(ms) * time.Millisecond, true
}

// appendTimeout appends an argument that says d, at least a millisecond: Redis takes less for 0 in
// places.
func (c *blockingCall) appendTimeout(b []byte, d time.Duration) []byte {
	ms := max(int64((d+time.Millisecond-1)/time.Millisecond), 1)
	var text [24]byte
	t := text[:0]
	if c.unit == time.Millisecond {
		t = strconv.AppendInt(t, ms, 10)
	} else {
		t = strconv.AppendInt(t, ms/1000, 10)
		t = append(t, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return appendArg(b, string(t))
}

// An argument is where one stands in a command: from its header to behind its CRLF, and its text in
// there.
type argument struct{ from, to, begin int }

func (a argument) text(command []byte) []byte { return command[a.begin : a.to-2] }

// arguments appends the arguments of a command that the scanner has found complete.
func arguments(all []argument, command []byte) []argument {
	line := func(at int) (n, next int) {
		for at++; command[at] != '\r'; at++ {
			n = n*10 + int(command[at]-'0')
		}
		return n, at + 2
	}
	count, at := line(0)
	for range count {
		size, begin := line(at)
		all = append(all, argument{at, begin + size + 2, begin})
		at = begin + size + 2
	}
	return all
}

func appendArg(b []byte, s string) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, "\r\n"...)
	b = append(b, s...)
	return append(b, "\r\n"...)
}
