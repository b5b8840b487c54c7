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
	attention attention // to what the server sends
	// inTransaction is what the transaction has queued.
	inTransaction queuedLogin
	frames        resp.ReplyScanner
}

// An attention says what is still known of what the server sends.
type attention uint8

const (
	counted   attention = iota
	uncounted           // frames are told apart, but replies are not counted any more
	untracked           // it is not looked at any more
	discarded           // nor does the client get it
)

// takePlain takes the replies at the start of p up to the one of that number, and pushes, unless
// they need a second look. It returns how many bytes they are; what comes last may be incomplete.
func (t *replyStream) takePlain(p []byte, lastOrdinal uint64) (n int) {
	if t.attention >= uncounted || t.listens || t.translation != nil {
		return 0
	}
	n, replies := t.frames.Plain(p, max(t.readReplies, lastOrdinal)-t.readReplies)
	t.readReplies += replies
	return n
}
