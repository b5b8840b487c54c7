package entratest

import (
	"os/exec"
	"syscall"
)

// dieWithUs has the kernel kill a server whose test panicked or ran out of time, so that nothing could close it.
func dieWithUs(process *exec.Cmd) { process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
