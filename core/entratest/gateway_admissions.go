package entratest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"sync"
	"time"
)

// Admissions gives every good token a user of the backend's, and takes it away when the token expires. One
// goroutine waits for expiries, from the first connection until close.
type admissions struct {
	backend Backend
	clock   *clock
	server  identity // that the backend shall have
	rights  []string // of the users of good tokens
	guests  []string // the rights of connections before their first good AUTH
	expired func(connections int)

	// door is a mutex that may be held over I/O with the backend, see [turn].
	door     turn
	up       upstream // nil until the first connection
	guest    user     // logged in on connections before their first good AUTH; the user default of a server without passwords
	admitted map[string]admission
	again    chan struct{} // tells the goroutine that an expiry may come before the one it waits for
	stop     chan struct{}
	reaper   sync.WaitGroup
}

type admission struct {
	user user
	end  time.Time // of the token, in the time of clock.judged; zero for a static user, who stays
}

// guestRights returns the ACL rules of a connection before its first good AUTH: it may log in, and
// use EVAL and CLIENT REPLY. AUTH, QUIT and RESET are always allowed, and since Redis 6.2 HELLO too.
func guestRights() []string { return []string{"-@all", "+eval", "+client|reply", "+hello"} }

func newAdmissions(opts *GatewayOptions, expired func(int)) *admissions {
	rights, guests := opts.Rights, guestRights()
	if rights == nil {
		rights = []string{"+@all", "~*", "&*"}
	}
	if opts.Dialect.Passwordless {
		guests = rights
	}
	return &admissions{
		backend: opts.Backend, clock: &opts.STS.clock, rights: rights, guests: guests, expired: expired,
		server: identity{version: opts.Dialect.Version, simpleStrings: opts.Dialect.SimpleStrings}, door: make(turn, 1),
		admitted: map[string]admission{}, again: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

func newUser() user { return user{name: "entratest-" + rand.Text(), password: rand.Text()} }

// connect returns a connection to the backend for a client of one of the proxies, and the user with which it must log
// in as a guest.
func (a *admissions) connect(ctx context.Context, proxy int) (net.Conn, user, error) {
	a.door.take()
	err := a.attach(ctx)
	up, guest := a.up, a.guest
	a.door.release()
	if err != nil {
		return nil, user{}, err
	}
	as := a.server
	as.proxy = proxy
	c, err := up.dial(ctx, as)
	return c, guest, err
}

// attach is for the holder of the door. If it fails, the next connection tries again.
func (a *admissions) attach(ctx context.Context) error {
	if a.up != nil {
		return nil
	}
	up, err := a.backend.attach(ctx)
	if err != nil {
		return err
	}
	guest := newUser()
	if err := up.allow(ctx, guest, a.guests); err != nil {
		_ = up.close() // the error before says more
		return err
	}
	a.up, a.guest = up, guest
	a.reaper.Go(a.reap)
	return nil
}

// admit returns the backend's user for a token that was verified, or for a static user, whose name stands for the token
// and who has no end.
func (a *admissions) admit(ctx context.Context, token string, end time.Time) (user, error) {
	a.door.take()
	defer a.door.release()
	if known, ok := a.admitted[token]; ok {
		return known.user, nil
	}
	u := newUser()
	if err := a.up.allow(ctx, u, a.rights); err != nil {
		return user{}, fmt.Errorf("entratest: making a user for a token: %w", err)
	}
	a.admitted[token] = admission{u, end}
	select {
	case a.again <- struct{}{}:
	default:
	}
	return u, nil
}

// reap expels users as their tokens expire.
func (a *admissions) reap() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	a.clock.tell(a.again)
	defer a.clock.forget(a.again)
	for {
		select {
		case <-timer.C:
			a.expel(a.clock.judged())
		case <-a.again:
		case <-a.stop:
			return
		}
		timer.Stop()
		if next, ok := a.next(); ok {
			timer.Reset(a.clock.wait(next))
		}
	}
}

func (a *admissions) next() (time.Time, bool) {
	a.door.take()
	defer a.door.release()
	var next time.Time
	for _, ad := range a.admitted {
		if !ad.end.IsZero() && (next.IsZero() || ad.end.Before(next)) {
			next = ad.end
		}
	}
	return next, !next.IsZero()
}

// expel takes away the users whose tokens have expired by now.
func (a *admissions) expel(now time.Time) {
	a.door.take()
	defer a.door.release()
	for token, ad := range a.admitted {
		if ad.end.IsZero() || now.Before(ad.end) {
			continue
		}
		// An error means that the backend is gone, and every connection with it.
		n, _ := a.up.expel(context.Background(), ad.user)
		delete(a.admitted, token)
		if n > 0 {
			a.expired(n)
		}
	}
}

// close removes every user. No connection may be open any more.
func (a *admissions) close() {
	close(a.stop)
	a.reaper.Wait()
	if a.up == nil {
		return
	}
	for _, ad := range a.admitted {
		_, _ = a.up.expel(context.Background(), ad.user) // fails if the backend is gone, and its users with it
	}
	_, _ = a.up.expel(context.Background(), a.guest)
	_ = a.up.close()
}
