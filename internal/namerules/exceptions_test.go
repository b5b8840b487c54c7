package namerules_test

// mostShare is how many of a hundred declared names may stand for two things: 10, as soon as those below that wait for
// another name have it.
const mostShare = 16

// An exception names names that stand for two things, and says why they may.
type exception struct {
	reason string
	names  []string
}

func exceptions() []exception {
	return []exception{
		{"waits for another name", []string{
			"At", "Mark", "Open", "Place", "Read", "Reason", "add", "again", "ahead", "at", "attempt", "auth",
			"awaits", "barred", "bars", "begin", "begun", "behind", "channels", "closed", "conn", "conns",
			"count", "dialer", "drop", "due", "early", "edits", "end", "ended", "entry", "first", "from",
			"goBlind", "head", "held", "hold", "holding", "id", "ids", "in", "inMulti", "info", "kind", "last",
			"late", "latest", "left", "len", "line", "linger", "login", "loginCredential", "look", "lost", "next",
			"null", "number", "over", "patience", "proto", "proven", "read", "reason", "refusals", "refused",
			"relogin", "remove", "replies", "reply", "rest", "retire", "room", "run", "sent", "server", "settled",
			"silent", "since", "slice", "spread", "start", "staysInRESP2", "sub", "tail", "take", "tame", "tell",
			"text", "timeout", "to", "told", "unblocked", "untold", "waiting", "window", "work", "write",
			"written",
		}},
	}
}
