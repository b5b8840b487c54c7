package session

import "github.com/entraredis/entraredis/internal/resp"

// A replyStream is what is known of a connection from what was read from it.
type replyStream struct {
	readReplies uint64       // replies read so far
	translation *translation // between our HELLO 3 and HELLO 2, else nil
	// withheld: the client does not get the reply that is being read, or not yet. It is the answer to a
	// command of ours, an answer after which a blocking command is sent again, or an error of which it is
	// not known yet whose it is.
	withheld   bool
	collecting bool // the reply that is being read is collected in the scratch
	listens    bool // the client is a subscriber in RESP2, which may do nothing but subscribe and unsubscribe
	// unskipped: the next reply has no number. It is that of the command after a CLIENT REPLY SKIP that
	// was refused, and expectedReplies does not count it, because it was not to be given.
	unskipped bool
	uncounted bool // replies are not counted any more, but frames are still told apart
	untracked bool // what the server sends is not looked at any more
	retired   bool // the client gets nothing more
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
