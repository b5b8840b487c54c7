package otelentra

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// connectionMetrics are what is observed of pools at any time.
type connectionMetrics struct {
	active        metric.Int64ObservableUpDownCounter
	expiry        metric.Float64ObservableGauge
	retirements   metric.Int64ObservableCounter
	reconnections metric.Int64ObservableCounter
	refusals      metric.Int64ObservableCounter
	refusing      metric.Int64ObservableUpDownCounter
}

func newConnectionMetrics(m *instrumentMaker) *connectionMetrics {
	return &connectionMetrics{
		active: m.number("entraredis.connection.active", "{connection}",
			"Open connections by the state of the token that they logged in with."),
		expiry: m.seconds("entraredis.connection.time_to_expiry.min",
			"Time until the first token that a connection is logged in with expires; negative once it has."),
		retirements: m.total("entraredis.connection.retirements", "{connection}",
			"Connections that ended because of their token."),
		reconnections: m.total("entraredis.connection.reconnections", "{reconnection}",
			"Logins that made up for a lost connection, by why that was lost."),
		refusals: m.total("entraredis.connection.auth.refusals", "{refusal}",
			"Logins and renewals that servers refused, by the code of the answer."),
		refusing: m.number("entraredis.connection.auth.refusing", "{server}",
			"Servers whose last answer to an AUTH was a refusal."),
	}
}

func (c *connectionMetrics) instruments() []metric.Observable {
	return []metric.Observable{c.active, c.expiry, c.retirements, c.reconnections, c.refusals, c.refusing}
}

func (c *connectionMetrics) observe(to metric.Observer, s census.Snapshot, pools []poolSum) {
	for _, p := range pools {
		for state, n := range [tokenStates]int{p.Current, p.Stale, p.AtRisk, p.Expired} {
			to.ObserveInt64(c.active, int64(n), p.states[state])
		}
		p.retirements.observe(to, c.retirements)
		p.reconnections.observe(to, c.reconnections)
		p.refusals.observe(to, c.refusals)
		to.ObserveInt64(c.refusing, p.refusing.servers(s.At), p.gauge)
		if p.holdsToken() {
			to.ObserveFloat64(c.expiry, p.SoonestExpiry.Sub(s.At).Seconds(), p.gauge)
		}
	}
}
