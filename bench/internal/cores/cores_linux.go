// Package cores keeps the server and its clients on cores of their own, so that a measurement does not depend on where
// the scheduler happens to put them.
package cores

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Separate gives the last of the cores that this process may use to the process of the server, and the others to this
// one, until restore is called. It does nothing where there is one core only.
func Separate(server int) (restore func() error, err error) {
	var all, last unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	n := all.Count()
	if n < 2 {
		return func() error { return nil }, nil
	}
	core := 0
	for seen := 0; seen < n; core++ {
		if all.IsSet(core) {
			seen++
		}
	}
	last.Set(core - 1)
	others := all
	others.Clear(core - 1)
	procs := runtime.GOMAXPROCS(n - 1)
	restore = func() error {
		runtime.GOMAXPROCS(procs)
		return pin(os.Getpid(), &all)
	}
	if err := errors.Join(pin(server, &last), pin(os.Getpid(), &others)); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}

// pin keeps all threads of a process on cores; those that they start inherit it.
func pin(process int, set *unix.CPUSet) error {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", process))
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, set); err != nil && err != unix.ESRCH { // it has ended meanwhile
			return fmt.Errorf("sched_setaffinity: %w", err)
		}
	}
	return nil
}
