package main_test

import (
	"os/exec"
	"syscall"
)

// dieWithUs has the kernel end a program whose test panicked or ran out of time, so that no Cleanup ran. It watches the
// thread that starts the program, and Go keeps its threads.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
