package lockrules_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/lockrules"
	"github.com/entraredis/entraredis/internal/typecheck"
)

const declarations = `package p

import (
	"slices"
	"sync"
)

var _ = slices.Contains[[]int]

type pool struct {
	name string

	mu    sync.Mutex
	open  bool
	conns int // how many
	// limit of conns
	limit int

	free bool

	wmu     sync.RWMutex
	written int
	rmu     sync.Mutex
	read    int
}

func change() bool { return true }
`

// Rules that cannot fail protect nothing, so each is broken at least once.
func TestLockRulesCatch(t *testing.T) {
	tests := []struct {
		name   string
		src    string
		broken string // what is said, if anything is
	}{
		{"locked", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); p.open = true }`, ""},
		{"not locked", `func (p *pool) f() { p.open = true }`, "p.pool.f uses open without pool.mu"},
		{"not locked to read", `func (p *pool) f() bool { return p.open }`, "uses open without pool.mu"},
		{"with the address", `func (p *pool) f() *bool { return &p.open }`, "uses open without pool.mu"},
		{"field above the mutex", `func (p *pool) f() string { return p.name }`, ""},
		{"last field of the block", `func (p *pool) f() int { return p.limit }`, "uses limit without pool.mu"},
		{"field behind a blank line", `func (p *pool) f() bool { return p.free }`, ""},
		{"field of the next mutex", `func (p *pool) f() int { p.wmu.Lock(); defer p.wmu.Unlock(); return p.read }`, "uses read without pool.rmu"},
		{"lock to read", `func (p *pool) f() int { p.wmu.RLock(); defer p.wmu.RUnlock(); return p.written }`, ""},
		{"another mutex", `func (p *pool) f() { p.wmu.Lock(); defer p.wmu.Unlock(); p.open = true }`, "uses open without pool.mu"},
		{"after the lock was given back", `func (p *pool) f() { p.mu.Lock(); p.open = true; p.mu.Unlock(); p.conns++ }`, "uses conns without pool.mu"},
		{"before it was taken", `func (p *pool) f() { p.conns++; p.mu.Lock(); p.open = true; p.mu.Unlock() }`, "uses conns without pool.mu"},
		{"function that is no method", `func f(p *pool) { p.open = true }`, "p.f uses open without pool.mu"},
		{"constructor with a literal", `func f() *pool { return &pool{open: true, limit: 3} }`, ""},
		{"constructor that fills", `func f() *pool { p := &pool{}; p.open = true; return p }`, "uses open without pool.mu"},
		{"promoted field", `type outer struct{ pool }; func (o *outer) f() { o.open = true }`, "uses open without pool.mu"},

		{"in a branch", `func (p *pool) f() { if change() { p.mu.Lock(); p.open = true; p.mu.Unlock() } }`, ""},
		{"after a branch that locked", `func (p *pool) f() { if change() { p.mu.Lock() }; p.open = true }`, "uses open without pool.mu"},
		{"after a branch that left", `func (p *pool) f() { p.mu.Lock(); if change() { p.mu.Unlock(); return }; p.open = true; p.mu.Unlock() }`, ""},
		{"after a branch that panics", `func (p *pool) f() { p.mu.Lock(); if change() { p.mu.Unlock(); panic("") }; p.open = true; p.mu.Unlock() }`, ""},
		{"with a try", `func (p *pool) f() { if p.mu.TryLock() { p.open = true; p.mu.Unlock() } }`, ""},
		{"without a try's success", `func (p *pool) f() { if p.mu.TryLock() { p.mu.Unlock() } else { p.open = true } }`, "uses open without pool.mu"},
		{"after a try that failed", `func (p *pool) f() { if !p.mu.TryLock() { return }; p.open = true; p.mu.Unlock() }`, ""},
		{"with a try that a variable remembers", `func (p *pool) f() { ok := p.mu.TryLock(); if ok { p.open = true; p.mu.Unlock() } }`, ""},
		{"with a try at the start of an if", `func (p *pool) f() { if ok := p.mu.TryLock(); !ok { return }; p.open = true; p.mu.Unlock() }`, ""},
		{"without the success that a variable remembers", `func (p *pool) f() { ok := p.mu.TryLock(); if !ok { p.open = true; return }; p.mu.Unlock() }`, "uses open without pool.mu"},
		{"in a loop that gives the lock back to wait", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); for p.open { p.mu.Unlock(); change(); p.mu.Lock() } }`, ""},
		{"in the second turn of a loop", `func (p *pool) f() { p.mu.Lock(); for change() { p.open = true; p.mu.Unlock() } }`, "uses open without pool.mu"},
		{"after break", `func (p *pool) f() { for { p.mu.Lock(); if change() { break }; p.mu.Unlock() }; p.open = true; p.mu.Unlock() }`, ""},
		{"after a labelled break", `func (p *pool) f() { out: for { p.mu.Lock(); for { break out } }; p.open = true; p.mu.Unlock() }`, ""},
		{"after continue", `func (p *pool) f() { p.mu.Lock(); for change() { if change() { p.mu.Unlock(); continue } }; p.open = true; p.mu.Unlock() }`, "uses open without pool.mu"},
		{"after a switch", `func (p *pool) f() { switch { case change(): p.mu.Lock(); default: p.mu.Lock() }; p.open = true; p.mu.Unlock() }`, ""},
		{"after a switch without a default", `func (p *pool) f() { switch { case change(): p.mu.Lock() }; p.open = true }`, "uses open without pool.mu"},
		{"after a select", `func (p *pool) f(c chan int) { select { case <-c: p.mu.Lock(); case c <- 1: p.mu.Lock() }; p.open = true; p.mu.Unlock() }`, ""},
		{"in a goroutine", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); go func() { p.open = true }() }`, "uses open without pool.mu"},
		{"in a literal that locks", `func (p *pool) f() func() { return func() { p.mu.Lock(); p.open = true; p.mu.Unlock() } }`, ""},
		{"in a literal", `func (p *pool) f() func() { p.mu.Lock(); defer p.mu.Unlock(); return func() { p.open = true } }`, "uses open without pool.mu"},

		{"in a literal that is called where it stands", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); func() { p.open = true }() }`, ""},
		{"in a literal that is called without the lock", `func (p *pool) f() { func() { p.open = true }() }`, "uses open without pool.mu"},
		{"in an argument of slices", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); slices.ContainsFunc([]int{1}, func(n int) bool { return n == p.limit }) }`, ""},
		{"in an argument of slices without the lock", `func (p *pool) f() { slices.ContainsFunc([]int{1}, func(n int) bool { return n == p.limit }) }`, "uses limit without pool.mu"},
		{"in an argument of slices that gives the lock back", `func (p *pool) f() { p.mu.Lock(); defer p.mu.Unlock(); slices.ContainsFunc([]int{1}, func(int) bool { p.mu.Unlock(); return true }) }`, "returns with pool.mu unlocked"},
		{"in an argument of slices in a Locked", `func (p *pool) fLocked() { slices.ContainsFunc([]int{1}, func(n int) bool { return n == p.limit }) }; func (p *pool) g() { p.fLocked() }`, "calls fLocked without pool.mu"},

		{"Locked that uses its field", `func (p *pool) fLocked() { p.open = true }`, ""},
		{"Locked from where it is locked", `func (p *pool) fLocked() { p.open = true }; func (p *pool) g() { p.mu.Lock(); p.fLocked(); p.mu.Unlock() }`, ""},
		{"Locked from where it is not", `func (p *pool) fLocked() { p.open = true }; func (p *pool) g() { p.fLocked() }`, "p.pool.g calls fLocked without pool.mu"},
		{"Locked from under another lock", `func (p *pool) fLocked() { p.open = true }; func (p *pool) g() { p.rmu.Lock(); p.fLocked(); p.rmu.Unlock() }`, "calls fLocked without pool.mu"},
		{"Locked by way of another", `func (p *pool) fLocked() { p.gLocked() }; func (p *pool) gLocked() { p.open = true }; func (p *pool) h() { p.fLocked() }`, "p.pool.h calls fLocked without pool.mu"},
		{"Locked that needs one more", `func (p *pool) fLocked() { p.open = true; p.read++ }; func (p *pool) g() { p.mu.Lock(); p.fLocked(); p.mu.Unlock() }`, "calls fLocked without pool.rmu"},
		{"Locked that locks one itself", `func (p *pool) fLocked() { p.read++; p.mu.Lock(); p.open = true; p.mu.Unlock() }; func (p *pool) g() { p.rmu.Lock(); p.fLocked(); p.rmu.Unlock() }`, ""},
		{"Locked that uses no field, under a lock", `func (p *pool) writeLocked() {}; func (p *pool) g() { p.wmu.Lock(); p.writeLocked(); p.wmu.Unlock() }`, ""},
		{"Locked that uses no field, without", `func (p *pool) writeLocked() {}; func (p *pool) g() { p.writeLocked() }`, "calls writeLocked without a lock"},
		{"Locked in a goroutine of a Locked", `func (p *pool) fLocked() { p.open = true }; func (p *pool) gLocked() { p.open = true; go func() { p.fLocked() }() }`, "calls fLocked without pool.mu"},
		{"Locked of two mutexes in any order of functions", `func (p *pool) aLocked() { p.bLocked() }; func (p *pool) bLocked() { p.cLocked() }; func (p *pool) cLocked() { p.read++ }; func g(p *pool) { p.aLocked() }`, "p.g calls aLocked without pool.rmu"},

		{"returns with its lock", `func (p *pool) f() { p.mu.Lock(); p.open = true }`, "returns with pool.mu locked"},
		{"returns with its lock on one path", `func (p *pool) f() { p.mu.Lock(); if change() { return }; p.mu.Unlock() }`, "returns with pool.mu locked"},
		{"lock of a function that returns with it", `func (p *pool) lock() { p.mu.Lock() }; func (p *pool) g() { p.lock(); p.open = true; p.mu.Unlock() }`, "p.pool.lock returns with pool.mu locked"},
		{"Locked that gives its lock back", `func (p *pool) fLocked() { p.open = true; p.mu.Unlock() }`, "returns with pool.mu unlocked, with which it was called"},
		{"Locked that gives its lock back for a while", `func (p *pool) fLocked() { p.mu.Unlock(); change(); p.mu.Lock(); p.open = true }`, ""},
		{"Locked that takes its lock again at the end", `func (p *pool) fLocked() { p.open = true; p.mu.Unlock(); defer p.mu.Lock(); change() }`, ""},
		{"Locked that uses its field without it", `func (p *pool) fLocked() { p.mu.Unlock(); p.open = true; p.mu.Lock() }`, "uses open without pool.mu"},
		{"unlocks another's lock", `func (p *pool) f() { p.mu.Unlock() }`, "unlocks pool.mu, which it did not lock"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := typecheck.Source("p", declarations+test.src)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, v := range lockrules.Check(p) {
				said = append(said, v.String())
			}
			got := strings.Join(said, "\n")
			if test.broken == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, test.broken) {
				t.Errorf("got %q, want a line with %q", got, test.broken)
			}
		})
	}
}

func TestCommentsNameTheMutex(t *testing.T) {
	const oneMutex = "package p\n\nimport \"sync\"\n\ntype one struct{ mu sync.Mutex }\n"
	tests := []struct{ name, declarations, src, broken string }{
		{"named", declarations, "// fLocked does it. It needs wmu.\nfunc (p *pool) fLocked() {}", ""},
		{"two named", declarations, "// fLocked does it. It needs pool.wmu and\n// pool.mu.\nfunc fLocked(p *pool) {}", ""},
		{"named first", declarations, "// It needs pool.mu, and so does what it calls.\nfunc fLocked(p *pool) {}", ""},
		{"not named", declarations, "// fLocked does it.\nfunc (p *pool) fLocked() {}", "p.pool.fLocked has no comment"},
		{"no comment", declarations, "func (p *pool) fLocked() {}", "has no comment"},
		{"not a mutex", declarations, "// fLocked does it. It needs conns.\nfunc (p *pool) fLocked() {}", "needs conns by its comment"},
		{"second is not a mutex", declarations, "// It needs mu and conns.\nfunc (p *pool) fLocked() {}", "needs conns by its comment"},
		{"other function", declarations, "func (p *pool) f() {}", ""},
		{"one mutex", oneMutex, "func (o *one) fLocked() {}", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := typecheck.Source("p", test.declarations+test.src)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, v := range lockrules.CheckComments(p) {
				said = append(said, v.String())
			}
			got := strings.Join(said, "\n")
			if test.broken == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, test.broken) {
				t.Errorf("got %q, want a line with %q", got, test.broken)
			}
		})
	}
}
