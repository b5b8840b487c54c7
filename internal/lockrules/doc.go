// Package lockrules checks by the names of functions that fields are used under their locks.
//
// A mutex is a field of type sync.Mutex or sync.RWMutex. It guards the fields directly below it, up
// to the next blank line or the next mutex:
//
//	type pool struct {
//		name string // nothing guards it
//
//		mu    sync.Mutex
//		conns []conn // mu guards it
//		open  bool   // mu guards it
//
//		limit int // nothing guards it
//	}
//
// The rules:
//
//   - A function that uses a guarded field locks the mutex before, or its name ends in Locked.
//   - A function whose name ends in Locked is called where the mutexes that it needs are locked, or
//     by another such function. It needs those of the fields that it uses, and those that the
//     functions that it calls need. A function that uses no guarded field may stand for what a
//     mutex serialises: it is called where any mutex is locked.
//   - A function returns with every mutex as it was when it was called: a Locked one does not
//     return with the mutex unlocked, and no function returns with one locked that it locked.
//   - Where a struct has several mutexes, the comments of the package's Locked functions name what
//     they need: "It needs wmu.", "It needs Conn.wmu and Conn.mu."
//
// The checker follows the paths of a function: branches, loops, TryLock in an if, deferred calls. A
// function literal begins without locks, because nothing says when it runs, unless it is called
// where it stands or is an argument of package slices, maps, sort, strings or bytes, or of
// sync.Once.Do. Reading and writing locks are one, and so are the mutexes of two values of one
// type. A composite literal that fills a field does not use it: the value is not shared yet.
//
// # When the check fails
//
// The message says what to do in most cases. In these the declaration is wrong, not the use:
//
//   - The field never changes after the constructor, or synchronises itself (a channel, an atomic,
//     a sync.Cond): declare it above the mutex, and fill it in the composite literal.
//   - The field belongs to one goroutine: declare it above the mutex, with a comment that says to
//     which.
//   - The function needs no lock, like a predicate isLocked: give it another name.
//   - A group of fields ends: a blank line before the next one says so.
//
// What must stay as it is gets an exception in exceptions_test.go, with its reason. An exception
// that is needed no more fails.
//
// # How it works
//
// guards.go reads which mutex guards which field. check.go walks through the functions of a
// package. flow.go follows the paths of one, with a state (state.go) that says who has locked each
// mutex. function.go has the rules, and reports. comments.go
// reads the comments. For a new rule, begin with a line in
// source_test.go that breaks it.
package lockrules
