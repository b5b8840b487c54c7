//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

const (
	// serveArgument makes the program serve instead of comparing.
	serveArgument  = "serve"
	staticUser     = "service"
	staticPassword = "a password that stays"
)

// The other process gets these commands, one a line, and answers each with one line of JSON.
const (
	giveToken   = "token"
	refuseLogin = "refuse"
)

// An answer is to any of the commands, and the first line that the other process says.
type answer struct {
	Addr      string    `json:",omitempty"`
	Token     string    `json:",omitempty"`
	ExpiresOn time.Time `json:",omitzero"`
}

// serve is Entra and a server that wants its tokens, until commands end.
func serve(commands io.Reader, answers io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sts := entratest.NewSTS(nil)
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, StaticUsers: map[string]string{staticUser: staticPassword}})
	defer gateway.Close()
	out := json.NewEncoder(answers)
	if err := out.Encode(answer{Addr: gateway.Addr()}); err != nil {
		return err
	}
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		var a answer
		switch command := lines.Text(); command {
		case giveToken:
			token, err := sts.Credential().GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}})
			if err != nil {
				return err
			}
			a = answer{Token: token.Token, ExpiresOn: token.ExpiresOn}
		case refuseLogin:
			gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair or user is disabled."})
			gateway.DropAll()
		default:
			return fmt.Errorf("unknown command %q", command)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// A serverProcess is the other process, as this one sees it. It is a credential.
type serverProcess struct {
	addr     string
	process  *exec.Cmd
	commands io.WriteCloser

	mu      sync.Mutex // held while a command is answered
	answers *json.Decoder
}

// startServer starts this program once more, to serve.
func startServer(ctx context.Context) (*serverProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, self, serveArgument)
	process.Stderr = os.Stderr
	commands, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	answers := json.NewDecoder(out)
	var first answer
	err = answers.Decode(&first)
	s := &serverProcess{addr: first.Addr, process: process, commands: commands, answers: answers}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server's process says no address: %w", err), s.close())
	}
	return s, nil
}

// close ends the process, and waits for it.
func (s *serverProcess) close() error {
	_ = s.commands.Close() // which ends it
	return s.process.Wait()
}

// refuse makes the server refuse every AUTH from now on, and reset every connection.
func (s *serverProcess) refuse() error {
	_, err := s.ask(refuseLogin)
	return err
}

// GetToken implements azcore.TokenCredential.
func (s *serverProcess) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a, err := s.ask(giveToken)
	return azcore.AccessToken{Token: a.Token, ExpiresOn: a.ExpiresOn}, err
}

func (s *serverProcess) ask(command string) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a answer
	if _, err := io.WriteString(s.commands, command+"\n"); err != nil {
		return a, err
	}
	return a, s.answers.Decode(&a)
}
