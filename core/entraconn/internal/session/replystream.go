package session

import "github.com/entraredis/entraredis/internal/resp"

// A replyStream is what is known of a connection from what was read from it.
type replyStream struct {
	readReplies uint64       // replies read so far
	translation *translation // between our HELLO 3 and HELLO 2, else nil
	ours        bool         // the reply that is being read is the answer to a command of ours
	collecting  bool         // the reply that is being read is collected in the scratch
	listens     bool         // to a subscriber in RESP2, which may do nothing but subscribe and unsubscribe
	unskipped   bool         // the next reply is not counted: CLIENT REPLY SKIP before its command was refused
	uncounted   bool         // replies are not counted any more, but frames are still told apart
	untracked   bool         // what the server sends is not looked at any more
	retired     bool         // the client gets nothing more
	// inTransaction is what the transaction has queued.
	inTransaction queuedLogin
	frames        resp.ReplyScanner
}

// takePlain takes the replies at the start of p up to the one of that number, and pushes, unless
// they need a second look. It returns how many bytes they are; what comes last may be incomplete.
func (t *replyStream) takePlain(p []byte, lastOrdinal uint64) (n int) {
	if t.uncounted || t.listens || t.translation != nil {
		return 0
	}
	n, replies := t.frames.Plain(p, max(t.readReplies, lastOrdinal)-t.readReplies)
	t.readReplies += replies
	return n
}
