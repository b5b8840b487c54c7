package adaptertest

import (
	"sync/atomic"

	"github.com/entraredis/entraredis/core/entratest"
)

// A dayTally is what a day comes to.
type dayTally struct {
	calls        atomic.Int64 // each with one to ten commands
	resubscribed atomic.Int64 // subscriptions that the library did not restore after the reboot

	// The rest belongs to the goroutine that runs the scenario.
	last            entratest.GatewayStats // at the last census
	atStart         int                    // dials, until every worker has its connections
	dropped         int                    // connections, by the reboot
	inMoment, grown int                    // dials
	messages        int
	messagesLost    int // in the moment
	elements        int
	elementsLost    int // in the moment
}

// census returns how many connections were dialed and how many ended since it was called last.
func (d *day) census() (dialed, ended int) {
	s, last := d.gateway.Stats(), d.tally.last
	d.tally.last = s
	dialed = s.Accepted - last.Accepted
	return dialed, dialed - (s.Open - last.Open)
}

// noConnsDialedOrEnded fails the scenario if a connection was dialed or ended since the last
// census. It returns how many connections rueidis dialed for its own reasons: it spreads keys over
// four connections and dials each when it first needs it. In RESP2 it dials another one for each
// connection that its holder returns for the first time.
func (d *day) noConnsDialedOrEnded(when string) (dialed int) {
	d.t.Helper()
	dialed, ended := d.census()
	if ended > 0 || dialed > 0 && d.harness.Library != "rueidis" || dialed > 10 {
		d.t.Errorf("%s: %d connections were dialed, %d ended", when, dialed, ended)
	}
	return dialed
}

// judge looks at what the servers saw.
func (d *day) judge(outage, revoked *entratest.FaultHandle) {
	s := d.gateway.Stats()
	if s.Expired > 0 {
		d.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
	if outage.Hits() == 0 || revoked.Hits() == 0 {
		d.t.Errorf("%d requests while Entra was down, %d tokens revoked: nothing was tested", outage.Hits(), revoked.Hits())
	}
	refused := d.refusals()
	for _, auth := range refused {
		if auth.TokenID != refused[0].TokenID {
			d.t.Errorf("the server refused token %s as well, not only the one that was revoked", auth.TokenID)
		}
	}
	if len(refused) == 0 {
		d.t.Error("the revoked token reached no connection: nothing was tested")
	}
	d.eachTokenOnce()
	if d.t.Failed() {
		return
	}
	m, y := &d.reboot, &d.tally
	m.mu.Lock()
	defer m.mu.Unlock()
	d.t.Logf("a day: %d tokens, %d AUTHs, %d of them refused; %d calls; %d connections dialed at the start; the reboot dropped %d: "+
		"its callers saw %d errors while the node was away and %d in the %v after, with %d dials, "+
		"and %d subscriptions to be made again; %d of %d messages and %d of %d elements were lost in that moment; %d dials and no error else",
		d.sts.Issued(), s.Auths, len(refused), y.calls.Load(), y.atStart, y.dropped,
		m.away, m.after, momentAfter, y.inMoment,
		y.resubscribed.Load(), y.messagesLost, y.messages, y.elementsLost, y.elements, y.grown)
}
