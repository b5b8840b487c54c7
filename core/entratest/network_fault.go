package entratest

import (
	"context"
	"net"
	"time"
)

// A NetworkFault is trouble that a dial on a [Network] meets. Set one of its kinds. Of several faults, the one that was
// injected first strikes.
type NetworkFault struct {
	Count int    // how many dials it strikes; 0 means until [FaultHandle.Remove]
	Addr  string // strikes dials to that "host:port"; empty means any

	// Silent never answers, as a firewall that drops packets: the dial ends with its context. When the fault is removed
	// the dial succeeds. [WireFault.Silent] has the same for connections that are open.
	Silent bool
	// Delay is how much longer a dial takes, as with a slow TLS handshake. Removing the fault does not shorten what has
	// begun.
	Delay time.Duration
	// UnknownHost fails with a *net.DNSError that says so, as for a node that DNS does not know, or not yet.
	UnknownHost bool
}

// dialFaults are those of a [Network].
type dialFaults struct{ faults[NetworkFault] }

// endure plays the fault that strikes a dial, if one does.
func (d *dialFaults) endure(ctx context.Context, addr string) error {
	f, h := d.strike(func(f NetworkFault, _ *FaultHandle) bool { return f.Addr == "" || f.Addr == addr })
	var over <-chan time.Time
	var removed <-chan struct{}
	switch {
	case h == nil:
		return nil
	case f.UnknownHost:
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case f.Silent:
		removed = h.gone
	default:
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-removed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
