package namerules_test

// mostShare is how many of a hundred declared names may stand for two things.
const mostShare = 10

// An exception names names that stand for two things, and says why they may.
type exception struct {
	reason string
	names  []string
}

func exceptions() []exception {
	return []exception{
		{"waits for another name", []string{
			"Accepted", "At", "BarredBy", "Conn", "Login", "Mark", "Now", "Number", "Open", "Place",
			"Read", "Reason", "Server", "State", "Token", "Waiting", "accepted",
			"add", "addLocked", "at", "auth", "begin", "beginLocked", "begun", "best", "channels", "client",
			"closed", "conn", "dialer", "due", "end", "endLocked", "from", "held", "id", "in", "info", "inner",
			"kind", "last", "login", "lost", "members", "next", "number", "open", "proven", "read",
			"refusals", "refused", "remove", "reply", "rotation", "run", "server", "since", "spread", "start",
			"take", "tries", "unblock", "unrenewable", "visit", "wait", "waiting", "window",
			"write", "writeErr", "written",
		}},
	}
}
