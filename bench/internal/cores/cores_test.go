//go:build linux

package cores_test

import (
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/entraredis/entraredis/bench/internal/cores"
)

// What is measured afterwards must have all cores again.
func TestCoresAreGivenBack(t *testing.T) {
	runtime.LockOSThread() // affinity is of a thread
	defer runtime.UnlockOSThread()
	server := exec.Command("sleep", "60")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	before, procs := affinity(t, 0), runtime.GOMAXPROCS(0)
	if before.Count() < 2 {
		t.Skip("there is one core only")
	}
	restore, err := cores.Separate(server.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := affinity(t, 0), affinity(t, server.Process.Pid)
	if theirs.Count() != 1 || ours.Count() != before.Count()-1 {
		t.Errorf("%d cores for the server, %d of %d for us", theirs.Count(), ours.Count(), before.Count())
	}
	for i := range 1024 {
		if ours.IsSet(i) && theirs.IsSet(i) {
			t.Errorf("both have core %d", i)
		}
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if after := affinity(t, 0); after != before || runtime.GOMAXPROCS(0) != procs {
		t.Errorf("%d cores and %d at once, %d and %d before", after.Count(), runtime.GOMAXPROCS(0), before.Count(), procs)
	}
}

func affinity(t *testing.T, process int) (set unix.CPUSet) {
	t.Helper()
	if err := unix.SchedGetaffinity(process, &set); err != nil {
		t.Fatal(err)
	}
	return set
}
