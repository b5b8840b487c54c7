// Package machine says what numbers were measured on.
package machine

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A Machine is where numbers come from.
type Machine struct {
	CPU, Kernel, Go, Redis, Date string
	Cores                        int
	SystemCall                   time.Duration // that does nothing
	Isolated                     bool          // the kernel isolates its page tables, against Meltdown
}

// Look returns this machine.
func Look(ctx context.Context) (Machine, error) {
	m := Machine{Go: runtime.Version(), Cores: runtime.NumCPU(), Date: time.Now().UTC().Format(time.DateOnly)}
	m.CPU = field("/proc/cpuinfo", "model name")
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = runtime.GOOS + " " + strings.TrimSpace(string(kernel))
	} else {
		m.Kernel = runtime.GOOS
	}
	meltdown, err := os.ReadFile("/sys/devices/system/cpu/vulnerabilities/meltdown")
	m.Isolated = err == nil && strings.Contains(string(meltdown), "PTI")
	m.SystemCall = systemCall()
	out, err := exec.CommandContext(ctx, "redis-server", "--version").Output()
	if err != nil {
		return m, fmt.Errorf("redis-server: %w: install it, for example with apt-get install redis-server", err)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if version, found := strings.CutPrefix(word, "v="); found {
			m.Redis = version
		}
	}
	return m, nil
}

// String says it in sentences.
func (m Machine) String() string {
	isolated := ""
	if m.Isolated {
		isolated = " (the kernel isolates its page tables)"
	}
	return fmt.Sprintf("Measured on %s: %s, %d cores, %s, %s, redis-server %s, client and server on the same machine. A system call that does nothing takes %v here%s.",
		m.Date, m.CPU, m.Cores, m.Kernel, m.Go, m.Redis, m.SystemCall, isolated)
}

// systemCall returns what one takes if nothing comes between.
func systemCall() time.Duration {
	const calls = 100
	least := time.Hour
	for range 1000 {
		from := time.Now()
		for range calls {
			_ = os.Getppid()
		}
		least = min(least, time.Since(from)/calls)
	}
	return least
}

// field returns the value after a name in a file of lines "name : value", or "unknown".
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
