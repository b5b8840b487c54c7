package entra

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/internal/impatience"
)

// A Source keeps one valid token for one identity: it asks an Azure credential for the next one
// long before the current one expires. One Source serves any number of Redis clients. Its methods
// are safe for concurrent use.
type Source struct {
	current    atomic.Pointer[snapshot]
	waiters    atomic.Int32
	wake       chan struct{} // to the renewer: look at waiters
	rejects    chan Token    // to the renewer: tokens to replace early
	rejected   atomic.Uint64 // number of the token that the program rejected last
	tokenWait  time.Duration // see Options
	relay      *relay
	observer   *Observer // calls relay
	logger     *slog.Logger
	servers    *serverRegister
	readClocks func() clock.Instant
	cancel     context.CancelFunc
	done       chan struct{} // closed when the renewer has ended
}

// NewSource returns a Source and starts its goroutine, which asks cred now and whenever a token is
// due. It does no I/O itself and does not wait for a token: a program that is to end at its start if
// it can get none calls Token once. The caller must Close the Source; cred stays the caller's. nil
// opts stand for the defaults.
//
// The Source calls cred from one goroutine at a time, with a deadline of its own for every call. It
// retries itself, and therefore switches azcore's retries off. The error is a *ConfigError.
func NewSource(cred azcore.TokenCredential, opts *Options) (*Source, error) {
	if isNil(cred) {
		return nil, &ConfigError{Field: "cred", Reason: "is nil; pass a credential, for example from azidentity.NewDefaultAzureCredential"}
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Scope == "" {
		o.Scope = DefaultScope
	}
	relayed := newRelay(o.Observer, o.Logger)
	o.Logger = relayed.logger
	o.warn()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Source{
		wake:       make(chan struct{}, 1),
		rejects:    make(chan Token, 1),
		tokenWait:  o.TokenWait,
		relay:      relayed,
		logger:     o.Logger,
		readClocks: clock.Machine(),
		cancel:     cancel,
		done:       make(chan struct{}),
	}
	s.servers = newServerRegister(o.Logger, s.numbered, s.replace)
	s.observer = relayed.observer(s.servers.observer())
	r := newRenewer(s, cred, o)
	r.publish()
	go r.run(ctx)
	return s, nil
}

// isNil also finds the nil pointer that a constructor returned beside an error that the caller
// ignored.
func isNil(cred azcore.TokenCredential) bool {
	if cred == nil {
		return true
	}
	value := reflect.ValueOf(cred)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// Token returns a valid token. While there is one it returns at once, also if ctx has ended: it
// takes no lock, allocates nothing and makes no system call. Else it waits until there is a valid
// token, until ctx ends or until Close.
//
// When ctx ends, the error Is ctx.Err() and holds a *RefreshError for errors.As: the last failure
// since the last token. If nothing has failed since then, its Kind is KindTimedOut and it stands for
// the attempt under way. After Close the error is [ErrClosed].
//
// A token is valid until one of this machine's two clocks, the wall clock or the monotonic clock,
// reaches its expiry. A timer of the Source looks at them: for up to 30 seconds after a suspension,
// Token may return a token that expired meanwhile. The server refuses that token.
func (s *Source) Token(ctx context.Context) (Token, error) {
	if snap := s.current.Load(); !snap.token.IsZero() {
		return snap.token, nil
	}
	return s.wait(ctx)
}

func (s *Source) wait(ctx context.Context) (Token, error) {
	s.waiters.Add(1)
	defer s.waiters.Add(-1)
	select {
	case s.wake <- struct{}{}:
	default: // the renewer has not received an earlier one yet
	}
	var reasonKnown <-chan struct{}
	began, patience := time.Now(), time.Duration(math.MaxInt64)
	if longest, isImpatient := impatience.Of(ctx); isImpatient {
		patience = min(longest, cmp.Or(s.tokenWait, impatience.Longest))
		if snap := s.current.Load(); snap.reason == nil || s.waitsThrough(snap) {
			reasonKnown = snap.reasonKnown
		} else {
			patience = min(patience, impatience.WithReason)
		}
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for gaveUp := false; ; {
		snap := s.current.Load()
		switch {
		case snap.status.Closed:
			return Token{}, ErrClosed
		case !snap.token.IsZero():
			return snap.token, nil
		case gaveUp:
			return Token{}, &waitError{snap.whyNoToken(), ctx.Err(), time.Since(began)}
		}
		select {
		case <-snap.changed:
		case <-reasonKnown:
			reasonKnown = nil
			if snap = s.current.Load(); s.waitsThrough(snap) {
				reasonKnown = snap.reasonKnown
				continue
			}
			gaveUp = !snap.isTransient
			enough.Reset(min(patience-time.Since(began), impatience.WithReason))
		case <-enough.C:
			gaveUp = true
		case <-ctx.Done():
			gaveUp = true
		}
	}
}

// waitsThrough reports whether connections go on waiting although it is known why there is no token:
// because a failure is transient, or the credential is silent.
func (s *Source) waitsThrough(snap *snapshot) bool {
	return s.tokenWait > 0 && (snap.isTransient || snap.status.Err == nil)
}

// Latest returns the valid token, if there is one, and a channel that is closed when there is a
// newer one. The token is zero before the first one, and from its expiry until the next one. The
// channel stays the same when a token expires. Close closes the channel, and the token is zero from
// then on: Status().Closed tells the two cases apart. Latest never blocks.
func (s *Source) Latest() (Token, <-chan struct{}) {
	snap := s.current.Load()
	return snap.token, snap.changed
}

// Status returns how the Source is doing at this moment. It never blocks.
func (s *Source) Status() Status {
	snap := s.current.Load()
	st := snap.statusAt(s.readClocks(), s.servers.report(snap.token.Times()), s.rejected.Load() == snap.number)
	st.DroppedEvents = s.relay.dropped.Load()
	return st
}

// Reject tells the Source that a Redis server refused t, and never blocks. If t is still the
// current token, the Source soon asks the credential for another one, past the credential's cache
// if possible. It then takes a different token even if that one does not live longer. Until then t
// stays the current token: a missing access policy is a more common reason than a bad token.
// Requests caused by Reject are at least 30 seconds apart, and up to 10 minutes as long as no token
// lives to its regular renewal. With a negative Options.AttemptTimeout there is one until then.
//
// Reject is for connections that the program authenticates itself. Connections that report to
// Observer need no call: the Source hears of each AUTH. It asks for another token at once if a
// server refuses the current one and no other server accepts it, for three tokens in a row at most
// on account of one server.
func (s *Source) Reject(t Token) {
	snap := s.current.Load()
	if t.IsZero() || t != snap.token {
		return
	}
	if s.rejected.Swap(snap.number) != snap.number {
		s.logger.LogAttrs(context.Background(), slog.LevelWarn,
			"entra: the program reports that a Redis server refused the token; asking for another one",
			slog.String("user", t.Username()), slog.Time("current_expires_on", t.ExpiresOn()))
	}
	s.replace(t)
}

// numbered returns the valid token, if there is one, and the number of the newest.
func (s *Source) numbered() (Token, uint64) {
	snap := s.current.Load()
	return snap.token, snap.number
}

// replace has the renewer replace t early, if that is still the current token. It never blocks.
func (s *Source) replace(t Token) {
	select {
	case s.rejects <- t:
	default: // the renewer has not received an earlier one yet, which may be of the token before
		select {
		case <-s.rejects:
		default:
		}
		select {
		case s.rejects <- t:
		default:
		}
	}
}

// Observer returns the observer that adapters report to. It is for adapters only: a program sets
// Options.Observer. It is never nil and all its functions are set. None of them panics or blocks: they
// queue the event for the observers of Options. The context of a Start function gets its values as
// soon as those observers have returned theirs. Do not change it.
func (s *Source) Observer() *Observer { return s.observer }

// Logger returns the logger that adapters write to. It is for adapters only: a program sets
// Options.Logger. It is never nil.
func (s *Source) Logger() *slog.Logger { return s.logger }

// Close ends the Source. Callers that wait in Token get ErrClosed, and the channels from Latest are
// closed. Close cancels a running call to the credential and waits until it has returned, and until the
// observers and the log handler have got what was reported. It waits for a second at most in all, and
// for a call that ignores its context 0.8 of that. What observers and the log handler have not got by
// then it drops.
//
// Close the clients first: they need tokens until they are closed. Close returns nil, may be called
// again, and may be called by an observer or by the log handler, for which it waits that second.
func (s *Source) Close() error {
	began := time.Now()
	s.cancel()
	<-s.done
	s.servers.close()
	s.relay.close(began)
	return nil
}
