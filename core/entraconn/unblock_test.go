package entraconn

import (
	"bytes"
	"context"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entratest"
)

// minted gives tokens that live so long.
type minted time.Duration

func (m minted) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: modelserver.Token, ExpiresOn: time.Now().Add(time.Duration(m))}, nil
}

// A talk is a connection whose other end is the test's.
type talk struct {
	client, server net.Conn

	mu    sync.Mutex
	bytes []byte // that the server has read
}

// talks returns connections to one server.
func talks(t *testing.T, n int) (all []*talk, end func()) {
	network := entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6379")
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	for range n {
		talk := &talk{}
		if talk.client, err = network.DialContext(t.Context(), "tcp", "10.0.0.4:6379"); err != nil {
			t.Fatal(err)
		}
		if talk.server, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		reading.Go(func() { _, _ = io.Copy(talk, talk.server) })
		all = append(all, talk)
	}
	return all, func() {
		for _, talk := range all {
			talk.server.Close()
		}
		l.Close()
		reading.Wait()
	}
}

// Write takes what the server has read.
func (k *talk) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bytes = append(k.bytes, p...)
	return len(p), nil
}

func (k *talk) heard() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytes.Clone(k.bytes)
}

func (k *talk) says(t *testing.T, words string) {
	if _, err := io.WriteString(k.server, words); err != nil {
		t.Error(err)
	}
	synctest.Wait()
}

// holdResume keeps what waits for the server waiting.
func (c *Conn) holdResume(hold bool) {
	c.mu.Lock()
	c.backlogLocked().resuming = hold
	c.mu.Unlock()
	c.resume()
}

// slice returns for how long the server was asked to block when it was asked last. It runs in a bubble.
func (k *talk) slice(t *testing.T) time.Duration {
	t.Helper()
	synctest.Wait()
	heard := string(k.heard())
	args := strings.Split(heard[max(0, strings.LastIndex(heard, "BLPOP\r\n")):], "\r\n") // BLPOP, $1, k, $n, timeout
	if len(args) < 5 {
		t.Fatalf("the server heard no BLPOP: %q", heard)
	}
	seconds, err := strconv.ParseFloat(args[4], 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(math.Round(seconds*1000)) * time.Millisecond
}

// unblockable returns two connections to a server, of which the first is number 17 there. It runs in a bubble.
func unblockable(t *testing.T) (server *talk, c, other *Conn) {
	server, c, other = twoConns(t)
	const hello = "%1\r\n$2\r\nid\r\n:17\r\n"
	sends(t, c, "HELLO 3")
	server.says(t, "+OK\r\n"+hello)
	if _, err := io.ReadFull(c, make([]byte, len(hello))); err != nil || c.session.ClientNumber() != 17 {
		t.Fatal(err, c.session.ClientNumber())
	}
	return server, c, other
}

// twoConns returns two connections to a server. It runs in a bubble.
func twoConns(t *testing.T) (server *talk, c, other *Conn) {
	src, err := entra.NewSource(minted(75*time.Minute), &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	both, end := talks(t, 2)
	t.Cleanup(end)
	d := NewDialer(src, nil)
	c, other = d.Wrap(both[0].client), d.Wrap(both[1].client)
	t.Cleanup(func() { c.Close() })
	t.Cleanup(func() { other.Close() })
	return both[0], c, other
}

func sends(t *testing.T, c io.Writer, command string) {
	t.Helper()
	if _, err := c.Write(modelserver.Encode(command)); err != nil {
		t.Fatal(err)
	}
}

// A CLIENT UNBLOCK that comes between two slices finds nothing to unblock at the server. The call ends nevertheless,
// and what its host has written behind it goes out.
func TestUnblockBetweenTwoSlices(t *testing.T) {
	for _, how := range []struct{ reading, known bool }{{false, true}, {true, true}, {true, false}} {
		synctest.Test(t, func(t *testing.T) {
			reading := how.reading
			server, c, other, null := (*talk)(nil), (*Conn)(nil), (*Conn)(nil), "_\r\n"
			if how.known {
				server, c, other = unblockable(t)
			} else { // a client that says no HELLO
				null = "*-1\r\n"
				server, c, other = twoConns(t)
				sends(t, c, "PING")
				server.says(t, "+OK\r\n+PONG\r\n")
				if _, err := io.ReadFull(c, make([]byte, 7)); err != nil {
					t.Fatal(err)
				}
			}
			write := func(c io.Writer, command string) {
				sends(t, c, command)
				synctest.Wait()
			}
			read := func(want string) {
				got := make([]byte, len(want))
				if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
			}
			write(c, "BLPOP k 0")
			if !how.known { // what we ask for is taken out
				server.says(t, ":17\r\n")
			}
			write(c, "GET k")
			time.Sleep(server.slice(t) + time.Millisecond)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if reading {
					read(null + "$1\r\nx\r\n")
				}
			}()
			synctest.Wait()
			c.holdResume(true) // the command is not sent again yet
			server.says(t, null)
			if !reading {
				renewal{c}.look(make([]byte, lookSize), longestLook)
			}
			write(other, "CLIENT UNBLOCK 17")
			c.holdResume(false)
			synctest.Wait()
			server.says(t, "$1\r\nx\r\n")
			if !reading {
				read(null + "$1\r\nx\r\n")
			}
			<-done
			write(c, "GET k")
			server.says(t, "$1\r\ny\r\n")
			read("$1\r\ny\r\n") // no deadline of ours is left behind
			if n := bytes.Count(server.heard(), []byte("BLPOP")); n != 1 {
				t.Errorf("BLPOP was sent %d times", n)
			}
			if !bytes.HasSuffix(server.heard(), modelserver.Encode("GET k")) {
				t.Errorf("%+v: what was written behind it was not sent: %q", how, server.heard())
			}
		})
	}
}

// A worker has read the null of a slice's end, and is about to put the host's deadline back, when the call is cancelled:
// the host is owed a null now, and gets it.
func TestUnblockWhileAWorkerReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, other := unblockable(t)
		sends(t, c, "BLPOP k 0")
		time.Sleep(server.slice(t) + time.Millisecond)

		c.wmu.Lock() // so that what sends the command again waits for its turn
		c.rmu.Lock()
		c.inner.BeginRead(time.Now().Add(time.Second)) // as readAheadLocked does
		go func() { _, _ = io.WriteString(server.server, "_\r\n") }()
		buf := make([]byte, lookSize)
		n, err := c.inner.Read(buf)
		if n, behind, err := c.receiveLocked(buf, n, 0, err); n+len(behind) > 0 || err != nil {
			t.Fatal(n, behind, err)
		}
		sends(t, other, "CLIENT UNBLOCK 17")
		c.wmu.Unlock()
		synctest.Wait()
		c.inner.EndRead()
		c.rmu.Unlock()

		began, got := time.Now(), make([]byte, 10)
		if err := c.SetReadDeadline(began.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(got); string(got[:n]) != "_\r\n" || err != nil || time.Since(began) > time.Second {
			t.Errorf("read %q, %v after %v", got[:n], err, time.Since(began))
		}
	})
}

// Below a client that says no HELLO, CLIENT UNBLOCK between two slices ends the call that it is for, as it says, and no
// other call.
func TestUnblockOfClientsWithoutHello(t *testing.T) {
	const value = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
	for command, want := range map[string]string{
		"CLIENT UNBLOCK 17": "*-1\r\n", "CLIENT UNBLOCK 17 ERROR": unblockedWords, "CLIENT UNBLOCK 18": value,
	} {
		synctest.Test(t, func(t *testing.T) {
			server, c, other := twoConns(t)
			sends(t, c, "BLPOP k 0")
			done := make(chan string)
			go func() {
				b := make([]byte, 100)
				n, _ := c.Read(b)
				done <- string(b[:n])
			}()
			server.says(t, "+OK\r\n:17\r\n")
			time.Sleep(server.slice(t) + time.Millisecond)
			c.holdResume(true) // the command is not sent again yet
			server.says(t, "*-1\r\n")
			sends(t, other, command)
			c.holdResume(false)
			if want == value {
				server.says(t, value)
			}
			if got := <-done; got != want {
				t.Errorf("%s: the client read %q, want %q", command, got, want)
			}
			if n := bytes.Count(server.heard(), modelserver.Encode("CLIENT ID")); n != 1 {
				t.Errorf("CLIENT ID was sent %d times", n)
			}
		})
	}
}
