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
			"census.Census.forget",
			"entraconn.Conn.answered",
			"entraconn.Conn.broken",
			"entraconn.Conn.emptyBuffer",
			"entraconn.Conn.ended",
			"entraconn.Conn.fail",
			"entraconn.Conn.held",
			"entraconn.Conn.keep",
			"entraconn.Conn.keepBuffer",
			"entraconn.Conn.lose",
			"entraconn.Conn.readEarly",
			"entraconn.Conn.readOn",
			"entraconn.Conn.readOther",
			"entraconn.Conn.wakeWriters",
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
		{"uses a field that synchronises itself or never changes; it belongs above the mutex", []string{
			"entraconn.renewal.proceed",
			"entraconn.renewal.look",
			"entraconn.renewal.SetDue",
			"entraconn.renewal.Retire",
			"entraconn.renewal.Renew",
			"entraconn.Conn.resume",
			"entraconn.Conn.readAhead",
			"entraconn.Conn.Write",
			"entraconn.Conn.Read",
			"entraconn.Conn.resumeOnce",
			"entraconn.Conn.takeOrdinary",
			"entraconn.Conn.wantedAuth",
			"entraconn.Conn.wroteAuth",
			"entraconn.blocked.unblock",
			"entraconn.environment.Blocks",
			"entraconn.environment.Cancelled",
		}},
		{"gives a lock back that it was called with, or keeps one, until the types of Conn are split", []string{
			"entraconn.Conn.keepBack",
			"entraconn.Conn.send",
			"entraconn.Conn.waitToRead",
			"entraconn.Conn.writeOther",
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
