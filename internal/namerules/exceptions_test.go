package namerules_test

// mostShare is how many of a hundred declared names may stand for two things: 10, as soon as those below that wait for
// another name have it.
const mostShare = 15

// An exception names names that stand for two things, and says why they may.
type exception struct {
	reason string
	names  []string
}

func exceptions() []exception {
	return []exception{
		{"waits for another name", []string{
			"Accepted", "At", "BarredBy", "Conn", "Login", "Mark", "Number", "Open", "Place", "Read", "Reason",
			"Server", "Token", "add", "again", "at", "auth", "awaits", "bars", "begin", "begun", "best",
			"channels", "client", "closed", "conn", "count", "decide", "dialer", "drop", "due", "edits", "end",
			"ended", "entry", "first", "from", "goBlind", "head", "held", "hold", "holding", "id", "ids", "in",
			"inMulti", "info", "inner", "kind", "last", "left", "len", "line", "login", "look", "lost", "members",
			"next", "null", "number", "open", "pending", "proto", "proven", "read", "reason", "refusals",
			"refused", "relogin", "remove", "replies", "reply", "room", "rotation", "run", "sent", "server",
			"since", "slice", "spread", "start", "staysInRESP2", "sub", "tail", "take", "text", "timeout", "to",
			"tries", "unblocked", "unrenewable", "visit", "wait", "waiting", "window", "work", "write", "written",
		}},
	}
}
