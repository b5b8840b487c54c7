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
	fromEnd       bool          // reads from the end of a stream, whatever that is when it begins
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
	args := splitArguments(make([]argument, 0, 16), command)
	var position int // of the timeout
	var streamIDs []argument
	switch strings.ToUpper(string(args[0].bytesOf(command))) {
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
	case "XREAD", "XREADGROUP":
		position, streamIDs, ok = blockOption(command, args)
		call.unit = time.Millisecond
	}
	if !ok {
		return call, false
	}
	arg := string(args[position].bytesOf(command))
	call.from, call.to = args[position].from, args[position].to
	if call.unit == 0 {
		call.unit = time.Second
		call.clientTimeout, ok = seconds(arg)
	} else {
		call.clientTimeout, ok = milliseconds(arg)
	}
	for _, streamID := range streamIDs {
		if s := string(streamID.bytesOf(command)); s == "$" || s == "+" {
			call.fromEnd = true
		}
	}
	return call, ok && !call.fromEnd
}

// blockOption returns the position of the argument after the last BLOCK of an XREAD or XREADGROUP,
// and the IDs to read from.
func blockOption(command []byte, args []argument) (position int, streamIDs []argument, ok bool) {
	for i := 1; i < len(args); i++ {
		switch strings.ToUpper(string(args[i].bytesOf(command))) {
		case "BLOCK":
			i++
			position = i
		case "COUNT":
			i++
		case "GROUP":
			i += 2
		case "NOACK":
		case "STREAMS":
			streams := args[i+1:]
			return position, streams[len(streams)/2:], position > 0 && len(streams) > 0 && len(streams)%2 == 0
		default:
			return 0, nil, false
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

// appendTimeout appends an argument that says d, at least a millisecond: Redis takes less for 0 in
// places.
func (c *blockingCall) appendTimeout(b []byte, d time.Duration) []byte {
	ms := max(int64((d+time.Millisecond-1)/time.Millisecond), 1)
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
