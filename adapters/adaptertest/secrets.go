package adaptertest

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// secretNowhere catches a library that writes a token, or a piece of one, to a log, an error or an observer's report.
// Every scenario ends with a search for tokens; this one meets as many errors as it can, also those of a server that
// repeats what it was sent.
func secretNowhere(e *env) {
	client := e.open("talkative", 2)
	e.warm(client, 2)
	patience := 5 * time.Second
	if e.virtual {
		patience = e.interval(1000) * 20
	}
	do := func() {
		ctx, cancel := context.WithTimeout(e.ctx, patience)
		defer cancel()
		_, err := client.Do(ctx, "INCR", "key")
		_ = e.output.saw(err)
		_, err = client.Pipeline(ctx, []string{"ECHO", "text"}, []string{"NO-SUCH-COMMAND"})
		_ = e.output.saw(err)
	}
	token, err := e.source.Token(e.ctx)
	if err != nil {
		e.t.Fatal(err)
	}
	user, password := token.Credentials()
	var faults []entratest.WireFault
	if e.virtual { // in real time a newer token may be sent before these words come back, which repeat the one of now
		faults = []entratest.WireFault{
			// In real time a busy machine may let the caller's context end before the handshake begins, and then rueidis
			// panics at these words of a server, see docs/upstream.md.
			{MaxClients: true},
			{RefuseAuth: "ERR unknown command 'AUTH', with args beginning with: '" + user + "' '" + password + "'"},
			{RefuseAuth: "LOADING " + password[len(password)-100:]},
		}
	}
	faults = append(faults, []entratest.WireFault{
		{RefuseAuth: e.dialect.WrongPassword}, {RefuseConn: true}, {CutAfter: 3}, {Garbage: []byte("?garbage\r\n")},
	}...)
	for _, fault := range faults {
		handle := e.gateway.Inject(fault)
		e.gateway.DropAll()
		for range 3 {
			do()
		}
		handle.Remove()
	}
	for _, fault := range []entratest.Fault{
		{Refuse: true, Count: 2}, {Status: 401, Body: `{"error":"invalid_client"}`, Count: 2}, {Token: "opaque", Count: 1}, {NoObjectID: true, Count: 1},
	} {
		e.sts.Inject(fault)
	}
	e.awaitTokens(1)
	do()
	if !e.output.holds("talkative") || e.virtual && !e.output.holds("[REDACTED]") {
		e.t.Error("nothing was written down: nothing was tested")
	}
	if e.output.holdsPieceOf(e.tap.secrets()) {
		e.t.Error("a piece of an access token stands in a log, in an error or in what the observer was told")
	}
}
