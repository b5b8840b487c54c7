package rawclients_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/rawclients"
)

// A program that copies a server's data begins with PSYNC, which Redis takes only where nothing is
// unanswered. Its answer is a dump with an ID of the server's own, so no script has it.
func TestPSYNCAsTheFirstCommand(t *testing.T) {
	needServer(t)
	server, err := entratest.StartRedis(t.Context(), "--repl-diskless-sync-delay", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	site, err := rawclients.OpenSite(server.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if _, err := rawclients.Play(t.Context(), site, &rawclients.Script{Rights: rawclients.AllRights}, nil, patience); err != nil {
		t.Fatal(err) // which made the user
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, dial := range map[string]rawclients.Connector{"plain": &wrongConnector{}, "ours": newSources(t)} {
		c, err := dial.Dialer(false, 60*time.Millisecond)(ctx, "tcp", server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(c, "*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, len("+FULLRESYNC"))
		if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+FULLRESYNC" {
			t.Errorf("%s: %q, %v", name, answer, err)
		}
	}
}
