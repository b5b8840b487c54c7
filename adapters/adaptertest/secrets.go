package adaptertest

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// secretNowhere catches a library that writes a token to a log, an error or an observer's report.
// Every scenario ends with that search; this one meets as many errors as it can.
func secretNowhere(e *env) {
	client := e.open("talkative", 2)
	e.warm(client, 2)
	// Long enough for a handshake on a busy machine: rueidis panics when a context ends one and the answers come later,
	// also with a password.
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
	for _, fault := range []entratest.WireFault{
		{RefuseAuth: wrongPass}, {MaxClients: true}, {RefuseConn: true}, {CutAfter: 3}, {Garbage: []byte("?garbage\r\n")},
	} {
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
	if !e.output.holds("talkative") {
		e.t.Error("nothing was written down: nothing was tested")
	}
}
