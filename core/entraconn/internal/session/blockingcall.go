package session

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A blockingCall says where in a blocking command its timeout stands, and what it is.
type blockingCall struct {
	from, to      int           // of the argument, its header and CRLF included
	unit          time.Duration // in which the timeout counts
	clientTimeout time.Duration // 0 means for ever
	openEnds      []openEnd     // of an XREAD that reads from the ends of streams
	// unsliceable: it cannot be sent twice, so it goes out as it is.
	unsliceable bool
	// takesNothing: nothing is lost if it ends with its connection. Other commands take elements out of
	// lists, or have entries of streams delivered.
	takesNothing bool
}

// longestTimeout is as good as for ever, and taken for that: Redis knows timeouts longer than a
// time.Duration.
const longestTimeout = 100 * 365 * 24 * time.Hour

// parseBlockingCall looks for the timeout of a complete command of kind resp.Blocking or resp.Wait:
// by position, as Redis does, for a key or a consumer may be called BLOCK. It returns false if the
// timeout is not understood, or if the server will refuse the command.
func parseBlockingCall(command []byte) (call blockingCall, ok bool) {
	args := splitArguments(make([]argument, 0, 16), command)
	var position int // of the timeout
	call.unit = time.Second
	switch name := strings.ToUpper(string(args[0].bytesOf(command))); name {
	case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX":
		ok = len(args) >= 3
		position = len(args) - 1
	case "BLMOVE":
		ok = len(args) == 6
		position = len(args) - 1
	case "BRPOPLPUSH":
		ok = len(args) == 4
		position = len(args) - 1
	case "BLMPOP", "BZMPOP":
		ok = len(args) >= 5
		position = 1
	case "WAIT", "WAITAOF": // whose reply at the end of a slice would look like any other
		ok = len(args) >= 3
		position = len(args) - 1
		call.unit, call.unsliceable, call.takesNothing = time.Millisecond, true, true
	case "XREAD", "XREADGROUP":
		var streams []argument
		position, streams, ok = blockOption(command, args)
		call.unit = time.Millisecond
		if name == "XREAD" {
			call.takesNothing = true
			call.findOpenEnds(command, streams)
		}
	}
	if !ok {
		return call, false
	}
	arg := string(args[position].bytesOf(command))
	call.from, call.to = args[position].from, args[position].to
	if call.unit == time.Second {
		call.clientTimeout, ok = seconds(arg)
	} else {
		call.clientTimeout, ok = milliseconds(arg)
	}
	return call, ok
}

// findOpenEnds looks for streams that an XREAD reads from their ends: the keys come first, and then as
// many IDs.
//
// The ID + is the last entry, for which the server looks anew when one comes. An XREAD with it that was
// sent twice would miss entries that were added in between. An ID in the place of + waits for others:
// for both of two that a transaction adds, and not for one of a stream that was deleted and has begun
// anew.
func (c *blockingCall) findOpenEnds(command []byte, streams []argument) {
	n := len(streams) / 2
	for i, keyArg := range streams[:n] {
		idArg := streams[n+i]
		switch string(idArg.bytesOf(command)) {
		case "$":
			c.openEnds = append(c.openEnds, openEnd{keyArg: keyArg, idArg: idArg})
		case "+":
			c.unsliceable = true
		}
	}
}

// blockOption returns the position of the argument after the last BLOCK of an XREAD or XREADGROUP,
// and what comes after STREAMS. Options that are not known here are stepped over, a word at a time:
// servers get new ones.
func blockOption(command []byte, args []argument) (position int, streams []argument, ok bool) {
	for i := 1; i < len(args); i++ {
		switch strings.ToUpper(string(args[i].bytesOf(command))) {
		case "BLOCK":
			i++
			position = i
		case "COUNT", "CLAIM":
			i++
		case "GROUP":
			i += 2
		case "STREAMS":
			streams = args[i+1:]
			return position, streams, position > 0 && len(streams) > 0 && len(streams)%2 == 0
		}
	}
	return 0, nil, false
}

// seconds reads a timeout in seconds. A spelling that Redis knows and Go does not is left alone,
// like what Redis refuses.
func seconds(arg string) (time.Duration, bool) {
	if strings.Trim(arg, "0123456789.eE+-") != "" {
		return 0, false
	}
	s, err := strconv.ParseFloat(arg, 64)
	switch {
	case err != nil, s < 0, s > math.MaxInt64/1000: // Redis counts milliseconds in 64 bits
		return 0, false
	case s == 0 && strings.ContainsAny(strings.TrimRight(strings.ToLower(arg), "0123456789+-"), "123456789"):
		return 0, false // too small for a float64, and not 0
	case s == 0, s > longestTimeout.Seconds():
		return 0, true
	}
	return max(time.Duration(s*float64(time.Second)), 1), true
}

func milliseconds(arg string) (time.Duration, bool) {
	ms, err := strconv.ParseUint(arg, 10, 63)
	switch {
	case err != nil, arg[0] == '0' && arg != "0": // Redis wants it exactly so
		return 0, false
	case ms > uint64(longestTimeout.Milliseconds()):
		return 0, true
	}
	return time.Duration(ms) * time.Millisecond, true
}

// appendTimeout appends an argument that says d. Redis takes less than a millisecond for 0, which is for
// ever, and 6.0 a thousandth of a second too.
func (c *blockingCall) appendTimeout(b []byte, d time.Duration) []byte {
	least := int64(1)
	if c.unit == time.Second {
		least = 2
	}
	ms := max(int64((d+time.Millisecond-1)/time.Millisecond), least)
	var digits [24]byte
	t := digits[:0]
	if c.unit == time.Millisecond {
		t = strconv.AppendInt(t, ms, 10)
	} else {
		t = strconv.AppendInt(t, ms/1000, 10)
		t = append(t, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return appendArgument(b, string(t))
}
