//go:build !linux

// Package cores keeps the server and its clients on cores of their own, so that a measurement does not depend on where
// the scheduler happens to put them.
package cores

// Separate does nothing on systems where processes cannot be kept on cores.
func Separate(int) (restore func() error, err error) { return func() error { return nil }, nil }
