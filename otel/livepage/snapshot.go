package livepage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// A snapshot is all that the page shows, and what the endpoints events and snapshot answer. Absent fields are unknown
// or zero.
type snapshot struct {
	Now      time.Time `json:"now"`   // by the process's clock, as all times
	Since    time.Time `json:"since"` // when the page began to see
	Name     string    `json:"name,omitempty"`
	Instance string    `json:"instance,omitempty"` // see Options
	Verdict  verdict   `json:"verdict"`
	Token    token     `json:"token"`
	Entra    answer    `json:"entra"`
	Servers  []server  `json:"servers"`
	More     int       `json:"more_servers,omitempty"` // that are not listed
	Events   []line    `json:"events"`                 // the newest first
}

type token struct {
	State     string    `json:"state"` // none, valid, expired
	IssuedAt  time.Time `json:"issued_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RenewBy   time.Time `json:"renew_by,omitzero"` // when every connection should have the next one
	ObjectID  string    `json:"object_id,omitempty"`
	Renewal   moment    `json:"renewal"` // of the next token
}

// A moment is something that happens or happened at a time, unless that is zero.
type moment struct {
	Text string    `json:"text"`
	At   time.Time `json:"at,omitzero"`
}

// An answer is the last one of Entra, or the error of a proxy or a network in its place.
type answer struct {
	moment
	Failures int    `json:"failures"` // in a row, 0 if the answer was a token
	Kind     string `json:"kind,omitempty"`
	Status   int    `json:"status,omitempty"`
	Host     string `json:"host,omitempty"`
	Code     string `json:"code,omitempty"`
	Meaning  string `json:"meaning,omitempty"`
	Codes    string `json:"codes,omitempty"` // all of these in a line
}

// line puts what can be looked up together.
func (a answer) line() string {
	var parts []string
	if a.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", a.Status))
	}
	if a.Host != "" {
		parts = append(parts, "from "+a.Host)
	}
	if a.Code != "" {
		parts = append(parts, a.Code)
	}
	if a.Meaning != "" {
		parts = append(parts, a.Meaning)
	}
	parts = append(parts, a.Kind, number(a.Failures, "failure")+" in a row")
	return strings.Join(parts, ", ")
}

type server struct {
	Server  string `json:"server"`
	Library string `json:"library,omitempty"`
	Pool    string `json:"pool,omitempty"`
	Trouble *mark  `json:"trouble,omitempty"` // with its answers to AUTH

	Current     int       `json:"current"`
	Stale       int       `json:"stale"`
	AtRisk      int       `json:"at_risk"`
	Expired     int       `json:"expired"`
	NotLoggedIn int       `json:"not_logged_in"`
	Soonest     time.Time `json:"soonest_expiry,omitzero"`
	Rotation    *rotation `json:"rotation,omitempty"` // under way
}

type rotation struct {
	Begun   time.Time `json:"begun"`
	Window  float64   `json:"window_seconds"` // over which it is spread
	Planned int       `json:"planned"`
	Done    int       `json:"done"`
}

// Client is who has the connections.
func (s server) Client() string { return strings.TrimSpace(s.Library + " " + s.Pool) }

// A line is an event, or several of the same kind.
type line struct {
	ID    uint64    `json:"id"`
	At    time.Time `json:"at"`             // of the last
	Since time.Time `json:"since,omitzero"` // of the first, if that was at another time
	Count int       `json:"count"`
	Times int       `json:"times,omitempty"` // as Count, if there were several and Text does not say how many
	Kind  happening `json:"kind"`
	Level level     `json:"level"`
	Text  string    `json:"text"`
}

// mostServers bounds what one page shows: more than a reader can take in, and a snapshot stays
// below 100 KB.
const mostServers = 200

// snapshot returns how things are now.
func (p *Page) snapshot(now time.Time) snapshot {
	c, r := p.census.Snapshot(now), p.journal.record(now)
	s := snapshot{Now: now, Since: p.began, Name: p.opts.Name, Instance: p.instance, Events: lines(r.events), Servers: []server{}}
	closed := false
	var next time.Time
	if src := p.source.Load(); src != nil {
		status := src.Status()
		closed, next = status.Closed, status.NextAttempt
		if t, _ := src.Latest(); p.opts.ShowObjectID {
			s.Token.ObjectID = t.Username()
		}
	}
	s.Verdict = judge(c, r, closed)
	s.Token = tokenOf(c.Token, r, s.Token.ObjectID, now)
	s.Token.Renewal = renewal(c.Token, next, closed)
	s.Entra = answerOf(c.Token, r)
	marks := marksOf(r.setbacks)
	for _, pool := range c.Pools {
		if trouble := marks[pool.ServerAddr]; trouble != nil || pool.Open() > 0 || leftLately(pool, now) {
			s.Servers = append(s.Servers, serverOf(pool, trouble))
		}
	}
	slices.SortStableFunc(s.Servers, func(a, b server) int { return b.Trouble.urgency() - a.Trouble.urgency() })
	if s.More = max(0, len(s.Servers)-mostServers); s.More > 0 {
		s.Servers = s.Servers[:mostServers]
	}
	return s
}

func tokenOf(t census.Token, r record, objectID string, now time.Time) token {
	shown := token{State: "valid", IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresOn, RenewBy: t.RenewBy, ObjectID: objectID}
	switch {
	case t.ExpiresOn.IsZero():
		shown.State = "none"
	case !now.Before(t.ExpiresOn):
		shown.State = "expired"
	}
	if shown.IssuedAt.IsZero() {
		shown.IssuedAt = r.accepted // as long as no server has seen it
	}
	return shown
}

// renewal says when the next token is asked for, or what is known instead.
func renewal(t census.Token, next time.Time, closed bool) moment {
	switch {
	case closed:
		return moment{Text: "none, the token source is closed"}
	case t.Failures > 0:
		return moment{"next try", t.LastFailure.RetryAt}
	case !t.Refresh.Begun.IsZero():
		return moment{"being asked for, since", t.Refresh.Begun}
	case !next.IsZero():
		return moment{"asked for", next}
	case !t.RenewBy.IsZero():
		return moment{"due at the latest", t.RenewBy}
	}
	return moment{Text: "not known"}
}

// answerOf says what Entra answered last.
func answerOf(t census.Token, r record) answer {
	f := t.LastFailure
	switch {
	case t.Failures > 0:
		a := answer{
			moment:   moment{"No token: " + cause(f.Kind, f.Host, f.Code), f.At},
			Failures: t.Failures, Kind: string(f.Kind), Status: f.Status, Host: f.Host, Code: f.Code, Meaning: meaning(f.Code),
		}
		a.Codes = a.line()
		return a
	case r.same.After(r.accepted):
		return answer{moment: moment{"The same token again, out of a cache", r.same}}
	case !r.accepted.IsZero():
		return answer{moment: moment{"A new token", r.accepted}}
	}
	return answer{moment: moment{Text: "None yet"}}
}

func serverOf(p census.Pool, trouble *mark) server {
	s := server{
		Server: p.ServerAddr, Library: p.Library, Pool: p.Name, Trouble: trouble,
		Current: p.Current, Stale: p.Stale, AtRisk: p.AtRisk, Expired: p.Expired, NotLoggedIn: p.NotLoggedIn, Soonest: p.SoonestExpiry,
	}
	if r := p.Rotation; r.Active() {
		planned := max(r.Planned, r.Pending)
		s.Rotation = &rotation{Begun: r.Begun, Window: r.Window.Seconds(), Planned: planned, Done: planned - r.Pending}
	}
	return s
}

// leftLately reports whether a server without connections is still of interest. The others are old nodes of clusters.
func leftLately(p census.Pool, now time.Time) bool {
	for _, c := range p.Closes {
		if now.Sub(c.Last) < troubleMemory {
			return true
		}
	}
	return false
}

func lines(events []event) []line {
	all := make([]line, 0, len(events))
	for _, e := range events {
		l := line{ID: e.id, At: e.last, Count: e.count, Kind: e.what, Level: e.level(), Text: e.text()}
		if e.count > 1 && !e.counted() {
			l.Times = e.count
		}
		if l.Times > 0 || e.last.Sub(e.first) >= time.Second {
			l.Since = e.first
		}
		all = append(all, l)
	}
	return all
}
