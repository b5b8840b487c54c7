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
			"At", "BarredBy", "Conn", "Mark", "Now", "Number", "Place", "Read", "Server", "State", "Token",
			"Waiting", "at", "auth", "channels", "conn", "due", "end", "id", "kind", "login", "members",
			"number", "reply", "rotation", "server", "tries",
		}},
	}
}
