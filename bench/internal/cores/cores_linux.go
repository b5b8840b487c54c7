// Package cores keeps the server and its clients on cores of their own, so that a measurement does not depend on where
// the scheduler happens to put them.
package cores

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Separate gives the last core to the process of the server, and the others to this one. It does nothing on a machine
// with one core.
func Separate(server int) error {
	n := runtime.NumCPU()
	if n < 2 {
		return nil
	}
	var last, others unix.CPUSet
	last.Set(n - 1)
	for i := range n - 1 {
		others.Set(i)
	}
	if err := pin(server, &last); err != nil {
		return err
	}
	runtime.GOMAXPROCS(n - 1)
	return pin(os.Getpid(), &others)
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
