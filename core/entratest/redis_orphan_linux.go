package entratest

import (
	"os/exec"
	"syscall"
)

// dieWithUs has the kernel kill a server whose test panicked or ran out of time, so that nothing could close it. It
// watches the thread that starts the server, and Go keeps its threads.
func dieWithUs(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
