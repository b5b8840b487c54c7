package dialing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/dialing"
)

var (
	errReason = errors.New("the reason")
	errDial   = errors.New("the dial failed")
)

// newStub returns a Stub that dials when it is written to.
func newStub(dial func(context.Context) (net.Conn, error)) *dialing.Stub {
	stub := dialing.NewStub("tcp", "host:1", errReason, dial)
	time.Sleep(time.Second)
	return stub
}

// A dialed connection is one end of a pipe, which knows its deadlines.
type dialed struct {
	net.Conn
	mu          sync.Mutex
	read, write time.Time
}

func (d *dialed) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = t
	return d.Conn.SetReadDeadline(t)
}

func (d *dialed) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write = t
	return d.Conn.SetWriteDeadline(t)
}

// blocked is a dial that ends with its context.
func blocked(ctx context.Context) (net.Conn, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("dial: %w", ctx.Err())
}

func TestStubDialsAtItsFirstWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		below, dials := &dialed{Conn: ours}, 0
		stub := dialing.NewStub("tcp", "host:1", errReason, func(context.Context) (net.Conn, error) {
			dials++
			time.Sleep(time.Second)
			return below, nil
		})
		for range 2 {
			if _, err := stub.Write([]byte("abc")); err != errReason || dials > 0 {
				t.Fatalf("a write after the dial: %v", err)
			}
			if _, err := stub.Read(make([]byte, 1)); err != errReason || dials > 0 {
				t.Fatalf("a read before the first write: %v", err)
			}
			time.Sleep(time.Second - 1)
		}
		if got := stub.RemoteAddr(); got.String() != "host:1" || got.Network() != "tcp" || stub.LocalAddr().String() != "" {
			t.Errorf("from %v to %v", stub.LocalAddr(), got)
		}
		if text := fmt.Sprintf("%+v", stub); text != "dialing.Stub{server: host:1}" {
			t.Error(text)
		}
		readUntil, writeUntil := time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		_ = stub.SetReadDeadline(readUntil)
		_ = stub.SetWriteDeadline(writeUntil)
		heard := make(chan string, 1)
		go func() {
			all := make([]byte, 6)
			_, _ = io.ReadFull(theirs, all)
			heard <- string(all)
			_, _ = io.WriteString(theirs, "answer")
		}()
		var writes sync.WaitGroup
		for range 2 {
			writes.Go(func() {
				if n, err := stub.Write([]byte("abc")); n != 3 || err != nil {
					t.Error(n, err)
				}
			})
		}
		synctest.Wait()
		got := make([]byte, 6)
		if n, err := io.ReadFull(stub, got); n != 6 || err != nil || string(got) != "answer" {
			t.Errorf("%q, %v", got, err)
		}
		writes.Wait()
		if words := <-heard; words != "abcabc" || dials != 1 {
			t.Errorf("the server heard %q after %d dials", words, dials)
		}
		if below.read != readUntil || below.write != writeUntil {
			t.Errorf("deadlines %v and %v", below.read, below.write)
		}
		if later := writeUntil.Add(time.Hour); stub.SetDeadline(later) != nil || below.read != later || below.write != later {
			t.Errorf("deadlines %v and %v", below.read, below.write)
		}
		if stub.RemoteAddr() != ours.RemoteAddr() || stub.LocalAddr() != ours.LocalAddr() {
			t.Error("the addresses are not those of the connection")
		}
		if err := stub.Close(); err != nil {
			t.Error(err)
		}
		if _, err := stub.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}

// A bufio.Writer looks for WriteString, and writes long values in pieces without it.
func TestStubPassesLongStringsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		var heard bytes.Buffer
		var reading sync.WaitGroup
		reading.Go(func() { _, _ = io.Copy(&heard, theirs) })
		stub := newStub(func(context.Context) (net.Conn, error) { return ours, nil })
		long := strings.Repeat("v", 100_000)
		if n, err := stub.WriteString(long); n != len(long) || err != nil {
			t.Error(n, err)
		}
		stub.Close()
		reading.Wait()
		if heard.String() != long {
			t.Errorf("the server heard %d bytes", heard.Len())
		}
	})
}

func TestStubDialsOnceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		stub := newStub(func(context.Context) (net.Conn, error) {
			dials++
			return nil, errDial
		})
		for range 2 {
			if _, err := stub.Write([]byte("abc")); err != errDial {
				t.Error(err)
			}
			if _, err := stub.Read(make([]byte, 1)); err != errDial {
				t.Error(err)
			}
		}
		if dials != 1 {
			t.Errorf("%d dials", dials)
		}
	})
}

// A dial in a write ends with the deadline of the write, whenever that is set, and with Close.
func TestStubDialEndsWithItsWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		before, during func(*dialing.Stub)
		took           time.Duration
		isTimeout      bool
	}{
		"deadline": {before: func(s *dialing.Stub) { _ = s.SetDeadline(time.Now().Add(3 * time.Second)) }, took: 3 * time.Second, isTimeout: true},
		"deadline during the dial": {during: func(s *dialing.Stub) { _ = s.SetWriteDeadline(time.Now().Add(time.Second)) },
			took: 2 * time.Second, isTimeout: true},
		"deadline that is taken back": {during: func(s *dialing.Stub) {
			_ = s.SetWriteDeadline(time.Now().Add(time.Second))
			_ = s.SetWriteDeadline(time.Time{})
			time.AfterFunc(5*time.Second, func() { s.Close() })
		}, took: 6 * time.Second},
		"close": {during: func(s *dialing.Stub) { s.Close() }, took: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stub := newStub(blocked)
				if tc.before != nil {
					tc.before(stub)
				}
				if tc.during != nil {
					time.AfterFunc(time.Second, func() { tc.during(stub) })
				}
				began := time.Now()
				_, err := stub.Write([]byte("abc"))
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
				timeout := net.Error(nil)
				if isTimeout := errors.As(err, &timeout) && timeout.Timeout(); isTimeout != tc.isTimeout || errors.Is(err, net.ErrClosed) == tc.isTimeout {
					t.Error(err)
				}
			})
		})
	}
}

// A connection that comes after Close is closed.
func TestStubClosesWhatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		stub := newStub(func(context.Context) (net.Conn, error) {
			time.Sleep(time.Second)
			return ours, nil
		})
		time.AfterFunc(500*time.Millisecond, func() { stub.Close() })
		if _, err := stub.Write([]byte("abc")); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
			t.Error(err)
		}
		if err := stub.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestStubThatIsClosedDoesNotDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := newStub(func(context.Context) (net.Conn, error) {
			t.Error("dialed")
			return nil, errDial
		})
		stub.Close()
		if _, err := stub.Write([]byte("abc")); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if _, err := stub.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
