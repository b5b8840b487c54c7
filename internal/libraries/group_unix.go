//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// leadGroup makes cmd the leader of a group of processes, which ends with its context. The function that it returns ends
// what is left of the group.
func leadGroup(cmd *exec.Cmd) (end func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end = func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may be empty
		}
	}
	cmd.Cancel = func() error { end(); return nil }
	return end
}
