package main

// mutants returns the faults that the tests must notice, in the order of a token's way: the Source, a connection's login,
// the protocol, the rotation, blocking commands, subscriptions, refusals and losses, telemetry, the adapters.
func mutants() []mutant {
	return []mutant{
		{
			name: "a failed refresh takes a valid token away",
			file: "core/entra/internal/schedule/plan.go",
			old:  "	p.failures++\n",
			new:  "	p.failures, p.valid = p.failures+1, false\n",
		}, {
			name: "an expired token is returned",
			file: "core/entra/renewer.go",
			old:  "	if !r.plan.Valid() {\n		return Token{}\n",
			new:  "	if false {\n		return Token{}\n",
		}, {
			name: "the current token with another expiry counts as new",
			file: "core/entra/renewer.go",
			old:  "r.plan.Judge(t.validity(), t.sameSecret(r.token), now)",
			new:  "r.plan.Judge(t.validity(), false, now)",
		}, {
			name: "a token that expires no later replaces the current one",
			file: "core/entra/internal/schedule/plan.go",
			old:  "	case p.refused, v.ExpiresOn.After(p.token.ExpiresOn):\n",
			new:  "	case p.refused, true:\n",
		}, {
			name: "no backoff: the waits after failures do not grow",
			file: "core/entra/internal/schedule/backoff.go",
			old:  "backoff.WithMultiplier(2)",
			new:  "backoff.WithMultiplier(1)",
		}, {
			name: "Retry-After is ignored",
			file: "core/entra/internal/schedule/retry.go",
			old:  "floor := min(f.RetryAfter,",
			new:  "floor := min(0*f.RetryAfter,",
		}, {
			name: "no jitter in the schedule",
			file: "core/entra/internal/schedule/renewal.go",
			old:  "return between(from, to, rnd)",
			new:  "return between(from, to, 0)",
		}, {
			name: "fmt prints the secret of a Token",
			file: "core/entra/token.go",
			old:  "_, _ = io.WriteString(f, t.String())",
			new:  "_, secret := t.Credentials(); _, _ = io.WriteString(f, secret)",
		}, {
			name: "an AUTH is counted and not sent",
			file: "core/entraconn/internal/session/edit.go",
			old:  "		e.Space = append(e.Space, e.Edits[0].Ours()...)\n",
			new:  "		if a := e.Edits[0].Auth; a == nil || a.Login() {\n			e.Space = append(e.Space, e.Edits[0].Ours()...)\n		}\n",
		}, {
			name: "an AUTH that may be refused without an answer has no marker",
			file: "core/entraconn/internal/session/session.go",
			old:  "	return !a.Login() && (unanswered ||",
			new:  "	return false && (unanswered ||",
		}, {
			name: "AUTH inside MULTI",
			file: "core/entraconn/internal/session/ledger.go",
			old:  "return l.bars == 0 && l.confirmed != epoch",
			new:  "return l.bars == 0",
		}, {
			name: "AUTH after a MULTI in flight",
			file: "core/entraconn/internal/session/ledger.go",
			old:  "		return e.epoch == epoch\n",
			new:  "		return false\n",
		}, {
			name: "SUBSCRIBE inside MULTI counts as one that takes effect",
			file: "core/entraconn/internal/session/ledger.go",
			old:  "return l.confirmed == epoch || l.multis > 0",
			new:  "return false",
		}, {
			name: "AUTH between CLIENT CACHING or ASKING and its command",
			file: "core/entraconn/internal/session/commandstream.go",
			old:  "return t.tracking == tracked && t.prefix == noPrefix && (",
			new:  "return t.tracking == tracked && (",
		}, {
			name: "wrong count of replies to SUBSCRIBE",
			file: "core/entraconn/internal/session/commandstream.go",
			old:  "		confirmations := argc - 1\n",
			new:  "		confirmations := min(argc-1, 1)\n",
		}, {
			name: "wrong count of channels after UNSUBSCRIBE",
			file: "core/entraconn/internal/session/subscriptioncounts.go",
			old:  "s.channels = c.Count - s.patterns",
			new:  "s.channels = c.Count",
		}, {
			name: "wrong count of patterns after PSUBSCRIBE",
			file: "core/entraconn/internal/session/subscriptioncounts.go",
			old:  "s.patterns = c.Count - s.channels",
			new:  "s.patterns = c.Count",
		}, {
			name: "no AUTH after RESET",
			file: "core/entraconn/internal/session/receiver.go",
			old:  "		t.holding = holdRelogin\n",
			new:  "		t.holding = holdWhileSlicing\n",
		}, {
			name: "no rotation begins",
			file: "core/entraconn/internal/rotation/server.go",
			old:  "		s.choice.newest = latest\n		s.beginLocked()\n",
			new:  "		s.choice.newest = latest\n",
		}, {
			name: "no canary",
			file: "core/entraconn/internal/rotation/rotation.go",
			old:  "	r.sendCanaryLocked(r.began)\n",
			new:  "	r.spreadLocked(r.began)\n",
		}, {
			name: "no stagger: all connections of a rotation are due at once",
			file: "core/entraconn/internal/rotation/timing.go",
			old:  "return time.Duration((float64(i) + r) / float64(n) * float64(span))",
			new:  "return 0 * span",
		}, {
			name: "connections that cannot be renewed are not retired",
			file: "core/entraconn/internal/rotation/server.go",
			old:  "	s.addLocked(task{at: RetireAt(cred.token), kind: retireAll, cred: cred})\n",
			new:  "",
		}, {
			name: "a renewal that waits for the client is not continued",
			file: "core/entraconn/internal/rotation/server.go",
			old:  "	s.visitAtLocked(m, now.Add(Linger(cred.token.Lifetime())))\n}",
			new:  "	_ = cred\n}",
		}, {
			name: "the null at the end of a slice is passed on",
			file: "core/entraconn/internal/session/lease/lease.go",
			old:  "	case l.reply != NullReply:\n",
			new:  "	case false:\n",
		}, {
			name: "a cancelled blocking command is sent again",
			file: "core/entraconn/internal/session/lease/lease.go",
			old:  "		l.State, l.reply = Replying, reply\n		return WakeClient\n",
			new:  "",
		}, {
			name: "the null after CLIENT UNBLOCK is swallowed",
			file: "core/entraconn/internal/session/leasedcall.go",
			old:  "	sliceEnded := now",
			new:  "	sliceEnded := true || now",
		}, {
			name: "XREAD from the end of a stream reads all of it",
			file: "core/entraconn/internal/session/leasedcall.go",
			old:  "appendArgument(b, end.lastID)",
			new:  "appendArgument(b, \"0-0\")",
		}, {
			name: "an unknown command shows the timeout of its slice",
			file: "core/entraconn/internal/session/leasedcall.go",
			old:  "		return lease.CommandUnknown\n",
			new:  "		return lease.ClientsReply\n",
		}, {
			name: "a number that two connections have identifies one of them",
			file: "core/entraconn/server.go",
			old:  "		if found != nil {\n			return nil\n		}\n",
			new:  "",
		}, {
			name: "no HELLO 2 after the last UNSUBSCRIBE",
			file: "core/entraconn/internal/session/planner.go",
			old:  "		w.ask(hello2, awaitDowngrade)\n",
			new:  "",
		}, {
			name: "a push reaches a RESP2 client as it is",
			file: "core/entraconn/internal/session/translation.go",
			old:  "		t.pushHead[0] = '*'\n",
			new:  "",
		}, {
			name: "the login gate refuses no dial",
			file: "core/entraconn/internal/admission/probes.go",
			old:  "	if now.Before(s.nextAt) {\n",
			new:  "	if false {\n",
		}, {
			name: "one refusal of an accepted credential closes the login gate",
			file: "core/entraconn/internal/admission/logingate.go",
			old:  "		closed = g.rateLimit.slowDown(c.Number, now)\n",
			new:  "		closed = true\n",
		}, {
			name: "the login gate waits for the server's answer without a bound",
			file: "core/entraconn/internal/admission/trial.go",
			old:  "min(steps+time.Duration(t.doublings),",
			new:  "min(0*steps+time.Duration(t.doublings),",
		}, {
			name: "one silent connection has the login gate admit all dials",
			file: "core/entraconn/internal/admission/trial.go",
			old:  "		t.lapsed += n\n",
			new:  "		t.doublings = mostDoublings\n",
		}, {
			name: "a connection that was not dialed never is",
			file: "core/entraconn/internal/dialing/stub.go",
			old:  "time.Since(c.madeAt) < answersFor {",
			new:  "c.conn == nil {",
		}, {
			name: "the login gate never opens again",
			file: "core/entraconn/internal/admission/logingate.go",
			old:  "	*g = LoginGate{changed: changed, rateLimit: currentLimit}\n",
			new:  "	_ = changed\n",
		}, {
			name: "the Source does not learn that a login was refused",
			file: "core/entraconn/auth.go",
			old:  "TokenRefused: v.Failure.BlamesToken()}",
			new:  "TokenRefused: v.Failure.BlamesToken() && a.phase != entra.AuthInitial}",
		}, {
			name: "the Source does not learn that an AUTH of a rotation was refused",
			file: "core/entraconn/auth.go",
			old:  "TokenRefused: v.Failure.BlamesToken()}",
			new:  "TokenRefused: v.Failure.BlamesToken() && a.phase == entra.AuthInitial}",
		}, {
			name: "a server that refuses has tokens replaced that another server accepts",
			file: "core/entra/serverregister.go",
			old:  "!r.isAcceptedLocked(info.Token, now) && ",
			new:  "",
		}, {
			name: "the log says that a server accepts again at the first acceptance",
			file: "core/entra/serverrecord.go",
			old:  "	return max(0, r.refusedAt.Add(wavererMemory<<r.relapses).Sub(now))\n",
			new:  "	return 0\n",
		}, {
			name: "the log says that a server accepts again that accepts an older token",
			file: "core/entra/serverrecord.go",
			old:  "r.refusals.IsEmpty() && !isOlder(r.acceptedToken, r.refusedToken)",
			new:  "r.refusals.IsEmpty()",
		}, {
			name: "the log has no line for a refusal after the server accepted again",
			file: "core/entra/serverrecord.go",
			old:  "r.isLogged && token == r.loggedToken {",
			new:  "token == r.loggedToken {",
		}, {
			name: "a server that refuses every token has tokens replaced without end",
			file: "core/entra/serverrecord.go",
			old:  "	return r.forced <= mostForced\n",
			new:  "	return true\n",
		}, {
			name: "a refused AUTH of a rotation closes the connection",
			file: "core/entraconn/conn.go",
			old:  "		v.Auth.(*sentAuth).answeredLocked(v)\n",
			new:  "		if v.Auth.(*sentAuth).answeredLocked(v); !v.OK && !v.Auth.Login() {\n			_ = c.inner.Close()\n		}\n",
		}, {
			name: "no dial spreading after a loss of many connections",
			file: "core/entraconn/internal/admission/spreading.go",
			old:  "	if p.ahead < storm || !p.Storm(now) {\n",
			new:  "	if true {\n",
		}, {
			name: "an AUTH of a rotation counts as a login in telemetry",
			file: "otel/otelentra/auth.go",
			old:  `s.pool.authOptions(info.Phase, errorType != "")`,
			new:  `s.pool.authOptions(entra.AuthInitial, errorType != "")`,
		}, {
			name: "entragoredis accepts options without TLS",
			file: "adapters/entragoredis/dial.go",
			old:  "tlsonly.Rule{AllowPlaintext: opts.AllowPlaintext,",
			new:  "tlsonly.Rule{AllowPlaintext: true,",
		}, {
			name: "the token follows a cluster to any name",
			file: "adapters/internal/tlsonly/nodes.go",
			old:  "	if n.Trust != nil && n.Trust(node) {\n",
			new:  "	if n.Trust == nil || n.Trust(node) {\n",
		}, {
			name: "entrarueidis drops the client's own DialCtxFn",
			file: "adapters/entrarueidis/configure.go",
			old:  "custom, rule := opt.DialCtxFn, ",
			new:  "custom, rule := dialFunc(nil), ",
		}, {
			name: "a listener that subscribed to credentials hears of no later token",
			file: "adapters/entragoredis/streaming.go",
			old:  "		if newer.IsZero() || newer == token {\n",
			new:  "		if newer.IsZero() || !token.IsZero() {\n",
		}, {
			name: "entraredigo writes without a timeout",
			file: "adapters/entraredigo/options.go",
			old:  "redis.DialWriteTimeout(writeTimeout)",
			new:  "redis.DialWriteTimeout(0 * writeTimeout)",
		}, {
			name: "Options.TokenWait has no effect",
			file: "core/entra/source.go",
			old:  "cmp.Or(s.tokenWait, impatience.Longest)",
			new:  "cmp.Or(0, impatience.Longest)",
		}, {
			name: "SeedHost takes the first of several hosts",
			file: "adapters/internal/tlsonly/nodes.go",
			old:  "	case commonHost(n.Seeds) == \"\":\n",
			new:  "	case len(n.Seeds) == 0:\n",
		}, {
			name: "entraredigo accepts DialPassword",
			file: "adapters/entraredigo/options.go",
			old:  `first[len(first)-4:] == "AUTH":`,
			new:  `first[len(first)-4:] == "HELO":`,
		},
	}
}
