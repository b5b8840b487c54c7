package lockrules_test

// An exception names functions that break a rule, and says why they may.
type exception struct {
	reason    string
	functions []string
}

func exceptions() []exception {
	return []exception{
		{"runs when the goroutines that wrote the field have ended, or before they begin", []string{
			"adaptertest.day.judgeQueue",
			"adaptertest.day.subscriber",
			"entratest.Watchdog.Close",
		}},
		{"is called with the lock; its name will say so with the suffix Locked", []string{
			"entraconn.environment.MayBlock",
			"entraconn.environment.Leases",
			"census.Census.forget",
			"entratest.Miniredis.serve",
			"entratest.Miniredis.take",
			"entratest.Miniredis.unblock",
			"entratest.Network.resolve",
			"entratest.STS.revoke",
			"entratest.miniConn.block",
			"entratest.miniConn.joinShard",
			"entratest.miniConn.leaveShard",
			"entratest.miniConn.publishToShard",
			"livepage.journal.add",
			"livepage.journal.find",
			"livepage.journal.least",
		}},
		{"fills a value that no other goroutine has yet", []string{
			"entraconn.server.attach",
			"entratest.NewSTS",
			"entratest.newStream",
		}},
		{"uses a field that never changes or synchronises itself; it belongs above the mutex", []string{
			"entratest.conn.SetReadDeadline",
			"entratest.conn.SetWriteDeadline",
			"entratest.miniConn.dispatch",
			"entratest.miniConn.hello",
			"entratest.miniConn.info",
			"entratest.session.commands",
			"entratest.session.pause",
			"entratest.session.replies",
			"entratest.session.run",
			"entratest.waiter.try",
		}},
	}
}
