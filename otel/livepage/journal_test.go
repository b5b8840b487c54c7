package livepage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
)

func node(i int) entra.ConnInfo {
	return entra.ConnInfo{Library: "go-redis", ID: 1, ServerAddr: fmt.Sprintf("cache.test:%d", 15000+i)}
}

// rotate begins the rotation of a node, and returns what ends it.
func (s *site) rotate(i int, to entra.TokenTimes) (done func(took time.Duration)) {
	server := node(i).ServerAddr
	ctx := s.see.RotationStart(s.t.Context(), entra.RotationStartInfo{At: time.Now(), Library: "go-redis", ServerAddr: server, Connections: 10, ExpiresOn: to.ExpiresOn})
	return func(took time.Duration) {
		s.see.RotationDone(ctx, entra.RotationDoneInfo{At: time.Now(), Library: "go-redis", ServerAddr: server, Duration: took, Renewed: 10})
	}
}

func TestRotationOfAClusterIsOneLineAndKeepsTheTroubleListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		token := times(time.Hour)
		s.renewed(token)
		for i := range 60 {
			s.opened(node(i))
			s.auth(node(i), entra.AuthInitial, token, nil)
		}
		s.auth(node(3), entra.AuthInitial, token, &entra.AuthError{Err: errors.New("WRONGPASS no")})
		time.Sleep(time.Second)
		s.auth(node(3), entra.AuthInitial, token, nil)
		before := s.snapshot().Verdict
		if before.Answer != "Not any more." {
			t.Fatalf("%+v", before)
		}
		for i := range 60 {
			done := s.rotate(i, token)
			time.Sleep(5 * time.Second)
			done(5 * time.Minute)
		}
		v := s.snapshot()
		if v.Verdict != before {
			t.Errorf("an ordinary rotation made %+v of %+v", v.Verdict, before)
		}
		var told []string
		for _, e := range v.Events {
			told = append(told, e.Kind)
		}
		if fmt.Sprint(told) != "[rotated refused renewed]" {
			t.Errorf("events: %v", told)
		}
		const want = "600 connections on 60 servers got the new token within 5 min 0 s."
		if e := v.Events[0]; e.Text != want || e.Count != 60 || e.Times != 0 {
			t.Errorf("%+v, want %s", e, want)
		}
	})
}

func TestRotationsAreGroupedByToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		first := times(time.Hour)
		s.renewed(first)
		late, twice, again := s.rotate(0, first), s.rotate(1, first), s.rotate(1, first) // of two clients
		time.Sleep(time.Minute)
		second := times(time.Hour)
		s.renewed(second) // forced: the first ones are not done
		next := s.rotate(2, second)
		late(time.Minute)
		next(time.Second)
		twice(time.Minute)
		again(time.Minute)
		s.see.RotationDone(context.Background(), entra.RotationDoneInfo{At: time.Now(), ServerAddr: node(2).ServerAddr, Duration: time.Second, Renewed: 1})
		var got []string
		for _, e := range s.snapshot().Events {
			if e.Kind == "rotated" {
				got = append(got, e.Text)
			}
		}
		want := []string{
			"cache.test:15002: 11 connections got the new token within 1 s.", // one had lost its context, and counts for the newest token
			"30 connections on 2 servers got the new token within 1 min 0 s.",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Nodes that fail over one after the other are ordinary; what came before them is not.
func TestSevereEventsOutlastOrdinaryOnesForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &livepage.Options{MaxEvents: 5})
		token := times(48 * time.Hour)
		s.renewed(token)
		s.auth(node(0), entra.AuthInitial, token, &entra.AuthError{Err: errors.New("WRONGPASS no")})
		storm := func() (refused bool, newest string) {
			for i := range 60 {
				s.closed(node(i), entra.CloseByServer, token)
				s.see.Reconnected(t.Context(), entra.ReconnectedInfo{At: time.Now(), Conn: node(i), After: time.Second})
				time.Sleep(time.Second)
			}
			v := s.snapshot()
			if len(v.Events) != 5 {
				t.Errorf("%d events", len(v.Events))
			}
			for _, e := range v.Events {
				refused = refused || e.Kind == "refused"
			}
			return refused, v.Events[0].Kind
		}
		time.Sleep(time.Hour)
		if refused, newest := storm(); !refused || newest != "reconnected" {
			t.Errorf("an hour later: refusal listed: %t, newest: %s", refused, newest)
		}
		time.Sleep(23 * time.Hour)
		if refused, newest := storm(); refused || newest != "reconnected" {
			t.Errorf("a day later: refusal listed: %t, newest: %s", refused, newest)
		}
	})
}

func TestVerdictDoesNotDependOnTheEventList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &livepage.Options{MaxEvents: -1})
		token := times(time.Hour)
		s.renewed(token)
		s.auth(conn, entra.AuthInitial, token, &entra.AuthError{Err: errors.New("WRONGPASS no")})
		s.auth(conn, entra.AuthInitial, token, nil)
		if v := s.snapshot(); v.Verdict.Answer != "Not any more." || len(v.Events) != 0 {
			t.Errorf("%+v", v)
		}
	})
}

func TestConnectionsAreCountedOnceInALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		token := times(time.Hour)
		for id := range uint64(50) {
			c := conn
			c.ID = id
			s.opened(c)
			s.closed(c, entra.CloseByServer, token)
			time.Sleep(100 * time.Millisecond)
		}
		for range 4 {
			s.auth(conn, entra.AuthInitial, token, &entra.AuthError{Err: errors.New("WRONGPASS no")})
		}
		body := s.get("")
		for _, want := range []string{"50 connections closed by the server or the network. First at <time", "<b>4 times</b> since <time"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		if strings.Contains(body, "50 times") {
			t.Error("it reads as 50 times 50 connections")
		}
		if e := s.snapshot().Events; e[0].Times != 4 || e[1].Times != 0 || e[1].Count != 50 || e[1].Since.IsZero() {
			t.Errorf("%+v", e)
		}
	})
}

// The observer may be called long after an event.
func TestEventsAreListedWithTheTimeWhenTheyHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil)
		then := time.Now()
		time.Sleep(time.Minute)
		s.see.Reconnected(t.Context(), entra.ReconnectedInfo{At: then, Conn: conn, After: time.Second})
		if events := s.snapshot().Events; len(events) != 1 || !events[0].At.Equal(then) {
			t.Errorf("%+v, want one of %v", events, then)
		}
	})
}
