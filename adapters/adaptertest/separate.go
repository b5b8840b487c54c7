package adaptertest

import (
	"bytes"
	"context"
	"net"
	"sync"
)

// separateLogin catches an adapter that was told to wait for the answer to AUTH, and does not.
func separateLogin(e *env) {
	var mu sync.Mutex
	var heard []*eavesdropper
	e.cfg.SeparateLogin = true
	e.through(func(conn net.Conn) net.Conn {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, &eavesdropper{Conn: conn})
		return heard[len(heard)-1]
	})
	client := e.open("separate", 2)
	if e.virtual {
		e.warm(client, 2)
		e.unnoticed()
	} else { // a login waits for its answer for five seconds, which a busy machine may take
		e.eventually("2 connections", func(context.Context) error {
			return e.hold(client, 2, func(int, Conn) error { return nil })
		})
	}
	mu.Lock()
	defer mu.Unlock()
	for i, conn := range heard {
		if !conn.onlyLogin() {
			e.t.Errorf("connection %d: something else than one AUTH was written before that was answered", i+1)
		}
	}
}

// An eavesdropper keeps what is written on a connection before anything is read.
type eavesdropper struct {
	net.Conn

	mu          sync.Mutex
	answered    bool
	beforeReply []byte
}

func (d *eavesdropper) Write(p []byte) (int, error) {
	d.mu.Lock()
	if !d.answered {
		d.beforeReply = append(d.beforeReply, p...)
	}
	d.mu.Unlock()
	return d.Conn.Write(p)
}

func (d *eavesdropper) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered = d.answered || n > 0
	return n, err
}

// onlyLogin reports whether that is one AUTH with a user and a token, neither of which holds a line's end.
func (d *eavesdropper) onlyLogin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	const head, ends = "*3\r\n$4\r\nAUTH\r\n", 7
	return bytes.HasPrefix(d.beforeReply, []byte(head)) && bytes.HasSuffix(d.beforeReply, []byte("\r\n")) && bytes.Count(d.beforeReply, []byte("\r\n")) == ends
}
