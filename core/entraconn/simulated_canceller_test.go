package entraconn_test

import (
	"bufio"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A canceller sends CLIENT UNBLOCK on another connection of the same client, one at a time.
type canceller struct {
	turn chan struct{} // full while one writes; no mutex, because the bubble's time passes while others wait
	conn *entraconn.Conn
	r    *bufio.Reader
}

func newCanceller(conn *entraconn.Conn) *canceller {
	return &canceller{turn: make(chan struct{}, 1), conn: conn, r: bufio.NewReader(conn)}
}

// begin waits until no other call is being cancelled. The caller calls end after that.
func (c *canceller) begin() { c.turn <- struct{}{} }

func (c *canceller) end() { <-c.turn }

// do sends a command between begin and end.
func (c *canceller) do(command string) (answer string, err error) {
	if _, err := c.conn.Write(modelserver.Encode(command)); err != nil {
		return "", err
	}
	return c.r.ReadString('\n')
}

// serveCanceller is the server's end of a canceller's connection.
func serveCanceller(line *simulatedLine, server *simulatedServer) {
	line.serve(func(args []string, _ time.Time) {
		switch {
		case args[0] == "AUTH":
			line.say("+OK\r\n")
		case len(args) == 4 && args[3] == "ERROR":
			line.say(server.unblock(lease.UnblockedReply))
		default:
			line.say(server.unblock(lease.NullReply))
		}
	})
}
