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
			"Accepted", "At", "BarredBy", "ClientID", "Conn", "Login", "Mark", "Now", "Number", "Open", "Place",
			"Read", "Reason", "Reply", "Resend", "Server", "State", "Token", "Unblocked", "Waiting", "accepted",
			"add", "addLocked", "at", "auth", "awaits", "bars", "begin", "beginLocked", "begun", "best",
			"channels", "client", "clientID", "closed", "conn", "count", "decide", "dialer", "drop", "due",
			"edits", "end", "endLocked", "entry", "first", "from", "goBlind", "head", "held", "holding", "id",
			"ids", "in", "inMulti", "info", "inner", "kind", "last", "line", "login", "look", "lost",
			"members", "next", "null", "number", "open", "pending", "proto", "proven", "read", "reason",
			"refusals", "refused", "remove", "replies", "reply", "rest", "rotation", "run", "sent", "server",
			"since", "slice", "spread", "start", "state", "staysInRESP2", "sub", "tail", "take", "text",
			"timeout", "to", "tries", "unblock", "unrenewable", "visit", "wait", "waiting", "window", "work",
			"write", "writeErr", "written",
		}},
	}
}
