package diagnosis

import (
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Dates remembers by how much this machine's clock differs from that of the last server which a
// credential asked. It is a policy for the credential's PerRetryPolicies. The zero Dates is ready.
type Dates struct {
	mu     sync.Mutex
	ahead  time.Duration
	server string
}

// Do implements [policy.Policy].
func (d *Dates) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err == nil {
		d.note(req.Raw().URL.Host, resp.Header.Get("Date"), time.Now())
	}
	return resp, err
}

// note leaves out a managed identity endpoint, which has this machine's clock. A date is in whole
// seconds, so the mean of what it may stand for is half a second later.
func (d *Dates) note(server, date string, now time.Time) {
	at, err := http.ParseTime(date)
	if err != nil || isMachineLocal(server) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server, d.ahead = server, now.Sub(at.Add(500*time.Millisecond))
}

// Ahead returns how far this machine's clock is ahead of the server's. The server is empty if none
// has said its date.
func (d *Dates) Ahead() (ahead time.Duration, server string) {
	if d == nil {
		return 0, ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ahead, d.server
}
