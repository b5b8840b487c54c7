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

// String is a sentence.
func (m Machine) String() string {
	return fmt.Sprintf("Measured on %s: %s, %d cores, %s, %s, redis-server %s, client and server on the same machine.", m.Date, m.CPU, m.Cores, m.Kernel, m.Go, m.Redis)
}

// field returns the value behind a name in a file of lines "name : value", or "unknown".
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
