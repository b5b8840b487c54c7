package azure

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entratest"
)

// An Azure is the other process.
type Azure struct {
	Addr    string // of the gateway, which wants tokens
	Backend string // of the redis-server behind it, which asks for no password
	PID     int

	control string
	process *exec.Cmd
	stdin   io.Closer
}

// Start starts this program again, as the other process. The program must call [Serve] first of all.
func Start(ctx context.Context) (*Azure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a := &Azure{process: exec.CommandContext(ctx, self, argument)}
	a.process.Stderr = os.Stderr
	in, err := a.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	a.stdin = in
	out, err := a.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.process.Start(); err != nil {
		return nil, err
	}
	a.PID = a.process.Process.Pid
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var at addresses
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server's process says no address: %w", err), a.Close())
	}
	a.Addr, a.Backend, a.control = at.Gateway, at.Backend, "http://"+at.Control
	return a, nil
}

// Close ends the process. Close clients before.
func (a *Azure) Close() error {
	_ = a.stdin.Close() // which ends it
	return a.process.Wait()
}

// GetToken is Entra: a new token each time. It makes an Azure a credential.
func (a *Azure) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	var t token
	err := a.get(ctx, "/token", &t)
	return azcore.AccessToken{Token: t.Token, ExpiresOn: t.ExpiresOn}, err
}

// SetLifetime says how long tokens live from the next one on.
func (a *Azure) SetLifetime(ctx context.Context, d time.Duration) error {
	return a.ask(ctx, http.MethodPost, "/lifetime?d="+d.String(), nil)
}

// SetClock sets the clock of the gateway and of Entra ahead of this machine's.
func (a *Azure) SetClock(ctx context.Context, ahead time.Duration) error {
	return a.ask(ctx, http.MethodPost, "/clock?ahead="+ahead.String(), nil)
}

// Stats returns what the gateway has counted.
func (a *Azure) Stats(ctx context.Context) (entratest.GatewayStats, error) {
	var s entratest.GatewayStats
	return s, a.get(ctx, "/stats", &s)
}

// Auths returns the AUTHs that have arrived at the gateway, without the first ones.
func (a *Azure) Auths(ctx context.Context, without int) ([]entratest.Auth, error) {
	var all []entratest.Auth
	return all, a.get(ctx, fmt.Sprintf("/auths?from=%d", without), &all)
}

func (a *Azure) get(ctx context.Context, path string, answer any) error {
	return a.ask(ctx, http.MethodGet, path, answer)
}

func (a *Azure) ask(ctx context.Context, method, path string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.control+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
