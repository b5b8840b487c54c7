package session

import (
	"bytes"
	"strconv"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// An Unblock is a CLIENT UNBLOCK that the client is about to send, for the lease of another
// connection.
type Unblock struct {
	ClientID int64       // the server's number of the other connection
	Reply    lease.Reply // with which the call there ends
}

// TakeUnblocks returns each CLIENT UNBLOCK in what Plan took since it was last called. The sessions
// of the connections that they are for must be told with Unblocked before a byte of it goes out.
func (s *Session) TakeUnblocks() (all []Unblock) {
	if s.work == nil {
		return nil
	}
	all, s.work.unblocks = s.work.unblocks, nil
	return all
}

// noteUnblock looks at a complete CLIENT UNBLOCK. One in a transaction may be discarded, so it ends
// no call but at the server.
func (s *Session) noteUnblock(command []byte) {
	u, ok := parseUnblock(command)
	if !ok || s.inMulti() {
		return
	}
	if s.work == nil {
		s.work = &work{}
	}
	s.work.unblocks = append(s.work.unblocks, u)
}

// parseUnblock returns what a complete CLIENT UNBLOCK says; ok is false if the server will refuse
// it.
func parseUnblock(command []byte) (u Unblock, ok bool) {
	args := arguments(nil, command)
	u.Reply = lease.NullReply
	switch len(args) {
	case 3:
	case 4:
		switch reason := args[3].text(command); {
		case bytes.EqualFold(reason, []byte("ERROR")):
			u.Reply = lease.UnblockedReply
		case !bytes.EqualFold(reason, []byte("TIMEOUT")):
			return u, false
		}
	default:
		return u, false
	}
	id, err := strconv.ParseInt(string(args[2].text(command)), 10, 64)
	u.ClientID = id
	return u, err == nil
}

// Unblocked is told that another connection is about to send a CLIENT UNBLOCK for this one. Where
// the server has nothing to unblock, because it comes between two slices, the next Received gives
// the client what the server would have said. wake reports whether the client's read is to return
// for that: it is not inside of a push.
func (s *Session) Unblocked(u Unblock) (wake bool) {
	e := lease.Unblocked
	if u.Reply == lease.UnblockedReply {
		e = lease.UnblockedWithError
	}
	return s.leased != nil && s.leased.on(e) == lease.WakeClient && s.replies.AtBoundary()
}

// HasPendingReply reports whether the client is to get a reply that the server did not send. The
// next Received gives it, with an empty p too, unless a push was read in part.
func (s *Session) HasPendingReply() bool { return s.leased.state() == lease.Replying }

// flushPendingReply gives the client the pending reply, but not inside a push that came in pieces.
func (s *Session) flushPendingReply(at int, o *outlet) {
	if s.HasPendingReply() && s.replies.AtBoundary() {
		o.put(s.encodePendingReply(s.leased.lease.Reply()), at)
		s.leased.on(lease.ReplyGiven)
	}
}

// encodePendingReply returns what the server would have said.
func (s *Session) encodePendingReply(what lease.Reply) []byte {
	switch {
	case what == lease.UnblockedReply:
		return []byte("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	case s.proto == 3:
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}
