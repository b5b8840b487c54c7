package session

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/entraredis/entraredis/core/internal/authanswer"
	"github.com/entraredis/entraredis/internal/resp"
)

// An openEnd is a stream that an XREAD reads from its end: the ID is $, which means the last one when
// the server runs the command. The session asks for that ID with an XINFO STREAM of its own, and puts
// it in the place of $: then the command can be sent again and misses nothing.
type openEnd struct {
	keyArg, idArg argument // in the command
	lastID        string   // what the server has answered, "" before that, and if it was no ID
}

// appendQuestion appends the XINFO STREAM that asks for the last ID of a stream.
func appendQuestion(b, encodedKey []byte) []byte {
	b = append(b, "*3\r\n$5\r\nXINFO\r\n$6\r\nSTREAM\r\n"...)
	return append(b, encodedKey...)
}

// A streamEnd is what the server has answered to an XINFO STREAM, as far as that matters.
type streamEnd struct {
	lastID    string // "" if the answer does not say it
	forbidden bool   // the user may not ask that
}

// parseStreamEnd takes the answer to XINFO STREAM, of which the start was collected. A key that does
// not exist ends at 0-0, as $ has it. A reply of another kind is no answer to XINFO.
func parseStreamEnd(frame resp.Frame, answer []byte) (end streamEnd, err error) {
	switch frame {
	case resp.Array, resp.Map:
		end.lastID = lastGeneratedID(answer)
	case resp.Error:
		code, text := authanswer.Split(strings.TrimSuffix(string(answer[1:]), "\r\n"))
		switch {
		case code == "NO" && text == "NO SUCH KEY": // with ERR before it
			end.lastID = "0-0"
		case code == "NOPERM":
			end.forbidden = !strings.Contains(text, " KEY") // else it forbids this key, and the XREAD as well
		}
	case resp.Status: // what is not Redis may say +OK to every command
	default:
		return end, ErrDesync
	}
	return end, nil
}

// lastGeneratedID returns the field of that name, "" if it is not there or no ID. It looks at the
// fields up to the first one that holds more than a string or a number: after that come entries, in
// which anything may stand.
func lastGeneratedID(answer []byte) string {
	_, rest, found := bytes.Cut(answer, []byte("\r\n")) // the header of the array or map
	for found {
		var name, value string
		if name, rest, found = cutScalar(rest); found {
			value, rest, found = cutScalar(rest)
		}
		if found && name == "last-generated-id" && isStreamID(value) {
			return value
		}
	}
	return ""
}

// cutScalar cuts a string or a number off the start of b. It returns false if b begins with something
// else, or does not hold all of it.
func cutScalar(b []byte) (text string, rest []byte, ok bool) {
	line, rest, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok || len(line) == 0 {
		return "", nil, false
	}
	switch line[0] {
	case ':', '+', ',':
		return string(line[1:]), rest, true
	case '$':
		n, err := strconv.Atoi(string(line[1:]))
		if err != nil || n < 0 || len(rest) < n+2 {
			return "", nil, false
		}
		return string(rest[:n]), rest[n+2:], true
	}
	return "", nil, false
}

// isStreamID reports whether s is two numbers with a hyphen between them.
func isStreamID(s string) bool {
	ms, seq, found := strings.Cut(s, "-")
	return found && isNumber(ms) && isNumber(seq)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
