package entra

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// A serverRegister knows how the Redis servers answer the AUTHs of the Source's connections. It
// hears of them from the connections themselves, at once, and decides three things: what Status and
// the log say of the servers, and whether a refused token is to be replaced early.
type serverRegister struct {
	log *slog.Logger
	// current returns the current token and its number, zero if none is valid. replace has it
	// replaced early.
	current func() (Token, uint64)
	replace func(Token)

	mu       sync.Mutex // never held over a log line
	records  map[string]*serverRecord
	isClosed bool // no line is written later than its event
}

func newServerRegister(log *slog.Logger, current func() (Token, uint64), replace func(Token)) *serverRegister {
	return &serverRegister{log: log, current: current, replace: replace, records: map[string]*serverRecord{}}
}

// observer returns what tells the register of connections and AUTHs.
func (r *serverRegister) observer() *Observer {
	return &Observer{ConnOpened: r.connOpened, ConnClosed: r.connClosed, AuthDone: r.authDone}
}

func (r *serverRegister) connOpened(ctx context.Context, info ConnOpenedInfo) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recordLocked(info.Conn.ServerAddr, time.Now()).open()
	return ctx
}

func (r *serverRegister) connClosed(_ context.Context, info ConnClosedInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record := r.records[info.Conn.ServerAddr]; record != nil && record.connections > 0 {
		record.connections--
		record.seen = time.Now()
		if last := info.TokenExpiresOn.UTC(); record.accepted[last] > 0 {
			record.accepted[last]--
		}
	}
}

// recordLocked returns the record of a server, and notes that something happens there now.
func (r *serverRegister) recordLocked(addr string, now time.Time) *serverRecord {
	record := r.records[addr]
	if record == nil {
		maps.DeleteFunc(r.records, func(_ string, old *serverRecord) bool {
			return old.connections == 0 && now.Sub(old.seen) > rememberedFor
		})
		record = &serverRecord{accepted: acceptedConns{}}
		r.records[addr] = record
	}
	record.seen = now
	return record
}

// authDone notes how an AUTH ended, and acts on it.
func (r *serverRegister) authDone(ctx context.Context, info AuthDoneInfo) {
	var refusal *AuthError
	_ = errors.As(info.Err, &refusal)
	current, number := r.current()
	news := r.note(info, refusal, current, number)
	if news.begins {
		attrs := append(authAttrs(info), slog.String("code", refusal.Code()), slog.Any("err", refusal))
		r.log.LogAttrs(ctx, slog.LevelWarn, "entra: a Redis server refuses AUTH", attrs...)
	}
	if news.replaces {
		r.replace(current)
	}
}

// authAttrs says of which AUTH a log line is.
func authAttrs(info AuthDoneInfo) []slog.Attr {
	return []slog.Attr{
		slog.String("server", info.Conn.ServerAddr), slog.String("user", info.User),
		slog.String("library", info.Conn.Library), slog.String("pool", info.Conn.Pool), slog.String("phase", string(info.Phase)),
	}
}

// serverNews is what follows from the end of an AUTH.
type serverNews struct {
	begins   bool // the log gets a line: the server refuses the token
	replaces bool // the current token is replaced early
}

// note notes how an AUTH ended. refusal is the error with which the server answered, nil if it
// accepted or did not answer. The last two are the current token and its number.
func (r *serverRegister) note(info AuthDoneInfo, refusal *AuthError, current Token, number uint64) (news serverNews) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	record := r.recordLocked(info.Conn.ServerAddr, now)
	switch {
	case info.Err == nil:
		record.noteAnswer(info.User, "OK", now)
		record.accept(info.Token, info.Phase == AuthInitial, now)
		if record.isRecovering() && record.recovery == nil && !r.isClosed {
			record.recovery = time.AfterFunc(record.untilRecovered(now), func() { r.confirmRecovery(record, info) })
		}
	case refusal == nil: // the connection ended before the answer
	case info.Refused:
		record.noteAnswer(info.User, fmt.Sprint(refusal.Err), now)
		record.refuse(info.Token, refusal, now)
		news.begins = record.beginsTrouble(info.Token, now)
		news.replaces = info.TokenRefused && !current.IsZero() && info.Token == current.Times() &&
			!r.isAcceptedLocked(info.Token, now) && record.mayForce(number)
	default: // the server serves no client at the moment
		record.noteAnswer(info.User, fmt.Sprint(refusal.Err), now)
	}
	return news
}

// confirmRecovery logs that a server accepts AUTHs again, unless it has refused one meanwhile. info
// describes the first AUTH that it accepted.
func (r *serverRegister) confirmRecovery(record *serverRecord, info AuthDoneInfo) {
	if r.endTrouble(record) {
		r.log.LogAttrs(context.Background(), slog.LevelInfo, "entra: a Redis server accepts AUTH again", authAttrs(info)...)
	}
}

// endTrouble reports whether the trouble with a server has ended, and notes that it has.
func (r *serverRegister) endTrouble(record *serverRecord) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isClosed || !record.isRecovering() {
		record.recovery = nil // until the next acceptance
		return false
	}
	now := time.Now()
	if left := record.untilRecovered(now); left > 0 {
		record.recovery.Reset(left)
		return false
	}
	record.recovery, record.isLogged, record.recoveredAt = nil, false, now
	return true
}

// close ends what would write a line later.
func (r *serverRegister) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isClosed = true
	for _, record := range r.records {
		if record.recovery != nil {
			record.recovery.Stop()
			record.recovery = nil
		}
	}
}

// isAcceptedLocked reports whether a server accepts a token: then those that refuse it do so for
// another reason.
func (r *serverRegister) isAcceptedLocked(token TokenTimes, now time.Time) bool {
	for addr, record := range r.records {
		if s := record.status(addr, now); record.isListed(now) && s.accepts() && record.acceptedToken == token {
			return true
		}
	}
	return false
}

// A serverReport is what the register tells a Status.
type serverReport struct {
	servers        []ServerStatus // by address
	refusal        *AuthError     // of the first that refuses, nil if none does
	currentRefused bool           // one of them refuses the current token
}

// report reports on the servers that are listed. current is the current token.
func (r *serverRegister) report(current TokenTimes) serverReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	var report serverReport
	for addr, record := range r.records {
		if record.isListed(now) {
			report.servers = append(report.servers, record.status(addr, now))
		}
	}
	slices.SortFunc(report.servers, func(a, b ServerStatus) int { return cmp.Compare(a.Addr, b.Addr) })
	for i := range report.servers {
		server := &report.servers[i]
		if !server.refuses() {
			continue
		}
		record := r.records[server.Addr]
		report.refusal = cmp.Or(report.refusal, record.refusal)
		report.currentRefused = report.currentRefused || record.refusedToken == current
	}
	return report
}
