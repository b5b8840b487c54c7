package lockrules_test

// An exception names functions that break a rule, and says why they may.
type exception struct {
	reason    string
	functions []string
}

func exceptions() []exception {
	return []exception{
		{"implements session.Environment, which knows of no lock: a Session is only called with Conn.mu locked", []string{
			"entraconn.environment.LongestBlock",
			"entraconn.environment.IsOurUser",
		}},
		{"fills a Conn that no other goroutine has yet", []string{
			"entraconn.server.attach",
		}},
	}
}
