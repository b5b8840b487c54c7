package connections

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/entraredis/entraredis/bench/internal/cores"
)

// A process is this program once more, as a server.
type process struct {
	addr    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	restore func() error
}

// start starts it, on a core of its own.
func start(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, argument), restore: func() error { return nil }}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the server's process says no address: %w", err)
	}
	p.addr = strings.TrimSpace(line)
	restore, err := cores.Separate(p.cmd.Process.Pid)
	if err != nil {
		p.stop()
		return nil, err
	}
	p.restore = restore
	return p, nil
}

// stop ends the process, and gives back its core.
func (p *process) stop() {
	_ = p.in.Close() // which ends it
	_ = p.cmd.Wait()
	_ = p.restore()
}

// seen sends the server a line, see [serve], and returns what it has seen.
func (p *process) seen(what string) (s seen, err error) {
	if _, err := io.WriteString(p.in, what+"\n"); err != nil {
		return s, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(line, &s)
}

// holdExpiry makes the server forget the time: no token expires until [process.expire]. Call it before the first login.
func (p *process) holdExpiry() error {
	_, err := p.seen(holdExpiry)
	return err
}

// expire closes the connections that hold a token that expires at a time or before, and returns when that is done.
func (p *process) expire(until time.Time) error {
	_, err := p.seen(expireUntil + strconv.FormatInt(until.UnixNano(), 10))
	return err
}

// mostFiles returns how many files and sockets a process may have open. Go programs raise that to the hard limit when
// they start.
func mostFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<30 {
		return 1 << 30
	}
	return int(l.Cur)
}
