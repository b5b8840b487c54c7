package dialing_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/dialing"
)

// What a dial tells of the server is reported, and what the client did is not.
func TestDoReportsWhatConcernsTheServer(t *testing.T) {
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errDial }
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) { return blocked(ctx) }
	for name, tc := range map[string]struct {
		dial    dialing.Func
		timeout time.Duration
		cancel  time.Duration
		reports int
		took    time.Duration
	}{
		"refused":                 {dial: refuse, reports: 1},
		"silent":                  {dial: hang, timeout: 5 * time.Second, reports: 2, took: 5 * time.Second},
		"silent for a short time": {dial: hang, timeout: 2 * time.Second, reports: 1, took: 2 * time.Second},
		"cancelled":               {dial: hang, cancel: time.Second, took: time.Second},
		"cancelled late":          {dial: hang, cancel: 4 * time.Second, reports: 1, took: 4 * time.Second},
		"cancelled before":        {dial: refuse, cancel: -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.timeout > 0 {
					ctx, cancel = context.WithTimeout(ctx, tc.timeout)
					defer cancel()
				}
				switch {
				case tc.cancel > 0:
					time.AfterFunc(tc.cancel, cancel)
				case tc.cancel < 0:
					cancel()
				}
				var reports atomic.Int32
				began := time.Now()
				_, err := dialing.Do(ctx, tc.dial, "tcp", "host:1", func(error) { reports.Add(1) })
				synctest.Wait()
				if n := int(reports.Load()); err == nil || n != tc.reports || time.Since(began) != tc.took {
					t.Errorf("%d reports, want %d; after %v, want %v: %v", n, tc.reports, time.Since(began), tc.took, err)
				}
				var opErr *net.OpError
				isOp := errors.As(err, &opErr)
				if isBefore := isOp && opErr.Addr.String() == "host:1"; isBefore != (tc.cancel < 0) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestFoundNoServer(t *testing.T) {
	dialError := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{dialError(os.NewSyscallError("connect", syscall.ECONNREFUSED)), true},
		{dialError(&net.DNSError{Err: "no such host", IsNotFound: true}), true},
		{fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host", IsNotFound: true}), true},
		{dialError(os.NewSyscallError("connect", syscall.ETIMEDOUT)), false},
		{dialError(context.DeadlineExceeded), false},
		{&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, false},
		{errDial, false},
	} {
		if got := dialing.FoundNoServer(tc.err); got != tc.want {
			t.Errorf("%v: %t, want %t", tc.err, got, tc.want)
		}
	}
}
