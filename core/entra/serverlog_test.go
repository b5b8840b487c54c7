package entra_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A textLog keeps its lines.
type textLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *textLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *textLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// String returns the lines so far.
func (l *textLog) String() string {
	synctest.Wait() // for the goroutine that writes
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A serverLog counts the lines about servers in a log.
type serverLog struct {
	textLog
	t *testing.T
}

// check fails the test unless the log has so many refusals and so many ends of them.
func (l *serverLog) check(when string, refuses, accepts int) {
	l.t.Helper()
	text := l.String()
	if got := strings.Count(text, "refuses AUTH"); got != refuses {
		l.t.Errorf("%s: %d refusals in the log, want %d:\n%s", when, got, refuses, text)
	}
	if got := strings.Count(text, "accepts AUTH again"); got != accepts {
		l.t.Errorf("%s: %d ends in the log, want %d:\n%s", when, got, accepts, text)
	}
}

func TestRefusalsAreLoggedOnceForServerAndToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := serverLog{t: t}
		src, a, b := twoServers(t, &entra.Options{Logger: log.logger()})
		older := mustToken(t, src)
		a.isLoading(older)
		a.accepts(older)
		log.check("accepted", 0, 0)
		for range 5 {
			b.hasNoAuth(older)
		}
		log.check("b refused", 1, 0)
		tok := nextToken(t, src)
		for range 5 {
			a.hasNoAuth(tok)
			b.hasNoAuth(tok)
			b.hasNoAuth(older)
		}
		log.check("both refused the next token", 3, 0)
		a.accepts(tok)
		a.accepts(tok)
		log.check("a accepted", 3, 0)
		time.Sleep(time.Minute)
		log.check("a has not refused for a minute", 3, 1)
		line, _, _ := strings.Cut(log.String(), "\n")
		for _, part := range []string{
			"level=WARN", "server=b:1", "user=" + objectID, "library=lib", "pool=carts", "phase=initial", "code=ERR", "unknown command 'AUTH'",
		} {
			if !strings.Contains(line, part) {
				t.Errorf("%q does not say %s", line, part)
			}
		}
		if !strings.Contains(log.String(), `level=INFO msg="entra: a Redis server accepts AUTH again" server=a:1 user=`+objectID+" library=lib pool=carts") {
			t.Errorf("the end:\n%s", &log)
		}
	})
}

// Several servers behind one address do not agree, as often and for as long as that.
func TestServerThatWaversHasNotRecovered(t *testing.T) {
	for _, pause := range []time.Duration{10 * time.Millisecond, 3 * time.Second, 40 * time.Second} {
		t.Run(pause.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := serverLog{t: t}
				src, a, _ := twoServers(t, &entra.Options{Logger: log.logger()})
				tok := mustToken(t, src)
				for range 50 {
					a.hasNoAuth(tok)
					a.accepts(tok)
					time.Sleep(pause)
				}
				log.check("a changed its mind a hundred times", 1, 0)
				time.Sleep(time.Minute - pause - time.Nanosecond)
				log.check("the last refusal was not a minute ago", 1, 0)
				time.Sleep(time.Nanosecond)
				log.check("the last refusal was a minute ago", 1, 1)
				time.Sleep(time.Hour)
				log.check("nothing happened", 1, 1)
			})
		})
	}
}

// The log says that a server accepts again. So it has to say that the server refuses again, also if it
// is the same token: the next one may be an hour away.
func TestRefusalAfterARecoveryIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := serverLog{t: t}
		src, a, _ := twoServers(t, &entra.Options{Logger: log.logger()})
		tok := mustToken(t, src)
		for n := range 3 {
			a.hasNoAuth(tok)
			a.hasNoAuth(tok)
			log.check("refused", n+1, n)
			time.Sleep(4 * time.Minute)
			log.check("neither refused nor accepted", n+1, n)
			a.accepts(tok)
			log.check("accepted, 4 minutes after the last refusal", n+1, n+1)
		}
	})
}

// A server that refuses every few minutes has a few lines at first, and then no end.
func TestServerThatRefusesNowAndThenDoesNotFillTheLog(t *testing.T) {
	for pause, lines := range map[time.Duration]int{time.Minute: 2, 3 * time.Minute: 3, 10 * time.Minute: 5} {
		t.Run(pause.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := serverLog{t: t}
				src, a, _ := twoServers(t, &entra.Options{Logger: log.logger()})
				tok := mustToken(t, src)
				for began := time.Now(); time.Since(began) < 50*time.Minute; time.Sleep(pause) {
					a.hasNoAuth(tok)
					time.Sleep(time.Second)
					a.accepts(tok)
				}
				log.check("for most of an hour", lines, lines-1)
				time.Sleep(31 * time.Minute)
				log.check("half an hour later", lines, lines)
				time.Sleep(2 * time.Hour)
				tok = mustToken(t, src)
				a.hasNoAuth(tok)
				a.accepts(tok)
				time.Sleep(time.Minute)
				log.check("hours later", lines+1, lines+1)
			})
		})
	}
}

// A server that refuses the newer token and accepts the older one has not recovered, however long ago
// the refusal was: its connections end with the older token.
func TestAcceptanceOfAnOlderTokenIsNoRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := serverLog{t: t}
		src, a, _ := twoServers(t, &entra.Options{Logger: log.logger()})
		old := mustToken(t, src)
		a.accepts(old)
		tok := nextToken(t, src)
		a.hasNoAuth(tok)
		time.Sleep(2 * time.Minute)
		a.accepts(old)
		time.Sleep(2 * time.Minute)
		log.check("the older token was accepted", 1, 0)
		a.renews(tok)
		log.check("the newer one was accepted", 1, 1)
	})
}

func TestClosedSourceLogsNoRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := serverLog{t: t}
		src, a, b := twoServers(t, &entra.Options{Logger: log.logger()})
		tok := mustToken(t, src)
		a.hasNoAuth(tok)
		a.accepts(tok)
		b.hasNoAuth(tok)
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
		b.accepts(tok)
		time.Sleep(2 * time.Minute)
		b.accepts(tok)
		log.check("closed", 2, 0)
	})
}
