package session

import (
	"math"
	"strconv"
	"strings"

	"github.com/entraredis/entraredis/internal/resp"
)

// A clientNumber is the server's number of a connection, by which CLIENT UNBLOCK knows it, 0 if the
// server never said. HELLO tells it. Where the client says no HELLO, a CLIENT ID of ours asks for it,
// once, in the same write as the first slice of a blocking command.
type clientNumber int64

// numberRefused is the number where the server has not said it when asked.
const numberRefused clientNumber = math.MinInt64

// CLIENT ID, encoded.
var askNumber = []byte("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n")

// takeNumber takes it out of a reply to HELLO, if it is there.
func (c *clientNumber) takeNumber(h helloReply) {
	digits, ok := h.field("id")
	if !ok {
		return
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		*c = clientNumber(n)
	}
}

// takeAnswer takes the answer to CLIENT ID. An ACL may refuse it, and what is not Redis may say
// "+OK" to every command, or a number that is none of a connection. A reply of another kind is no
// answer to it.
func (c *clientNumber) takeAnswer(frame resp.Frame, answer string) error {
	*c = numberRefused
	if frame == resp.Error || strings.HasPrefix(answer, "+") {
		return nil
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(answer, "\r\n"), ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return ErrDesync
	}
	if n > 0 {
		*c = clientNumber(n)
	}
	return nil
}
