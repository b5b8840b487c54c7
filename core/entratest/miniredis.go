package entratest

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// A Miniredis is a [Backend] inside the process, made of [miniredis.Miniredis]. It needs no socket:
// made in a bubble of testing/synctest, it works there, and keys expire by the bubble's clock. With
// miniredis before v2.40 it listens on a loopback address for a moment when its gateway opens.
//
// It adds what clients need and miniredis lacks: blocking commands that serve the first who came,
// BLMPOP; RESET; CLIENT ID, UNBLOCK, SETINFO, NO-EVICT, NO-TOUCH, REPLY, TRACKING and CACHING;
// Pub/Sub in RESP3, where other commands are allowed while subscribed, and sharded Pub/Sub.
// Client-side caching forgets all that a connection has cached at each write of any client, which
// Redis may do as well. It says that it is no cluster. What is still lacking, among it functions, ACL,
// CLIENT KILL and SUBSCRIBE in MULTI, is answered with an error. A message that is published while
// its subscriber leaves the channel may arrive right after the confirmation.
type Miniredis struct {
	redis *miniredis.Miniredis

	// running is held while a command runs. As in Redis, commands run one after the other and never
	// wait.
	running sync.Mutex
	waiting waiters
	shards  shardChannels
	expired time.Time // when keys were last looked at for their expiry, zero if miniredis does that by itself

	mu      sync.Mutex
	conns   map[*miniConn]struct{}
	users   map[string]string // their passwords
	numbers map[int]int64     // how many connections came through each proxy
}

// NewMiniredis returns an empty server. Closing it is needed only to interrupt blocked commands that no gateway
// closes.
func NewMiniredis() *Miniredis {
	m := &Miniredis{
		redis: miniredis.NewMiniRedis(), conns: map[*miniConn]struct{}{}, users: map[string]string{}, numbers: map[int]int64{},
		shards: shardChannels{},
	}
	if newer, ok := any(m.redis).(interface{ ClockTTL(bool) }); ok {
		newer.ClockTTL(true)
		return m
	}
	m.running.Lock()
	defer m.running.Unlock()
	m.expired = time.Now()
	return m
}

// Miniredis returns the server inside, to look at its data or change them. Blocked commands look at what was changed
// that way when the next command writes something.
func (m *Miniredis) Miniredis() *miniredis.Miniredis { return m.redis }

// expireLocked removes what has expired since it was last called, if miniredis cannot do so by itself: before v2.40 it has keys
// expire when it is told that time has passed. It needs Miniredis.running.
func (m *Miniredis) expireLocked() {
	now := time.Now()
	if passed := now.Sub(m.expired); !m.expired.IsZero() && passed > 0 {
		m.expired = now
		m.redis.FastForward(passed)
	}
}

// Close ends the connections of every gateway, and blocked commands.
func (m *Miniredis) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.conns {
		c.end()
	}
	return nil
}

// attach makes miniredis's command table, once.
func (m *Miniredis) attach(context.Context) (upstream, error) {
	m.running.Lock()
	defer m.running.Unlock()
	if m.redis.Server() == nil {
		if err := m.makeCommandsLocked(); err != nil {
			return nil, err
		}
	}
	return &miniUpstream{miniredis: m}, nil
}

// makeCommandsLocked has miniredis make its command table, which it does when it is dialed in memory. The oldest supported
// version does so when it listens only, so it listens on a loopback address for as long as that takes. It needs
// Miniredis.running.
func (m *Miniredis) makeCommandsLocked() error {
	if inMemory, ok := any(m.redis).(interface{ Dial() (net.Conn, error) }); ok {
		c, err := inMemory.Dial()
		if err != nil {
			return err
		}
		return c.Close()
	}
	if err := m.redis.Start(); err != nil {
		return err
	}
	m.redis.Server().Close()
	return nil
}

// miniUpstream is one gateway's share of a Miniredis.
type miniUpstream struct {
	miniredis *Miniredis
	work      sync.WaitGroup // two goroutines and more for each connection
}

// dial connects in memory. Replies are not bounded: a Redis server keeps what its client does not read, and
// miniredis holds its lock while it writes.
func (u *miniUpstream) dial(_ context.Context, as identity) (net.Conn, error) {
	client, wire := connPair(nameAddr("gateway"), nameAddr("miniredis"), socketBuffer, unbounded)
	c := newMiniConn(u.miniredis, wire, as)
	u.miniredis.mu.Lock()
	u.miniredis.numbers[as.proxy]++
	c.id = u.miniredis.numbers[as.proxy]
	u.miniredis.conns[c] = struct{}{}
	u.miniredis.mu.Unlock()
	u.work.Go(c.serve)
	return client, nil
}

func (u *miniUpstream) allow(_ context.Context, who user, _ []string) error {
	m := u.miniredis
	m.setPassword(who.name, who.password)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[who.name] = who.password
	return nil
}

func (u *miniUpstream) expel(_ context.Context, who user) (int, error) {
	m := u.miniredis
	m.setPassword(who.name, "")
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.users, who.name)
	n := 0
	for c := range m.conns {
		if c.user == who.name && c.end() {
			n++
		}
	}
	return n, nil
}

func (u *miniUpstream) close() error {
	u.work.Wait()
	return nil
}

// setPassword makes a user, or removes it if the password is empty. No command runs meanwhile: miniredis's HELLO looks up
// passwords without miniredis's lock.
func (m *Miniredis) setPassword(name, password string) {
	m.running.Lock()
	defer m.running.Unlock()
	m.redis.RequireUserAuth(name, password)
}

// become records that c has logged in, or out with the zero user. If that user was expelled in the same moment,
// so is c.
func (m *Miniredis) become(c *miniConn, u user) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch password, known := m.users[u.name]; {
	case u == user{}: // RESET logs out
		c.user = ""
	case !known:
		c.end()
	case password == u.password:
		c.user = u.name
	}
}

func (m *Miniredis) forget(c *miniConn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conns, c)
}

// written tells the caching connections that a command may have changed a cached key.
func (m *Miniredis) written() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.conns {
		c.outlet.invalidate()
	}
}
