package entratest_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

func TestStartRedisSaysWhenItIsNotInstalled(t *testing.T) {
	t.Setenv("ENTRATEST_REDIS_SERVER", "")
	t.Setenv("PATH", t.TempDir())
	_, err := entratest.StartRedis(t.Context())
	if !errors.Is(err, entratest.ErrNoRedisServer) || !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

// A script stands for a server of another version: it tells how it was started.
func TestStartRedisTakesTheProgramThatTheEnvironmentNames(t *testing.T) {
	needRedisServer(t)
	usual, err := exec.LookPath(cmp.Or(os.Getenv("ENTRATEST_REDIS_SERVER"), "redis-server"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other-server")
	if err := os.WriteFile(other, []byte("#!/bin/sh\nexec '"+usual+"' \"$@\" --maxclients 77\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ENTRATEST_REDIS_SERVER", other)
	c := dialRaw(t, &site{dial: toAddr(startRedis(t).Addr())})
	c.exchange(t, cmd("CONFIG", "GET", "maxclients"), "*2\r\n$10\r\nmaxclients\r\n$2\r\n77\r\n")
}

// A name that is wrong must not become a test that is skipped.
func TestStartRedisSaysWhenTheNamedProgramIsMissing(t *testing.T) {
	t.Setenv("ENTRATEST_REDIS_SERVER", filepath.Join(t.TempDir(), "no-server"))
	_, err := entratest.StartRedis(t.Context())
	if err == nil || errors.Is(err, entratest.ErrNoRedisServer) || !strings.Contains(err.Error(), "ENTRATEST_REDIS_SERVER") {
		t.Errorf("err = %v", err)
	}
	if _, err = entratest.StartRedisCluster(t.Context(), nil); err == nil || errors.Is(err, entratest.ErrNoRedisServer) {
		t.Errorf("a cluster: err = %v", err)
	}
}

func TestRedisServerSaysWhichCommandsItKnows(t *testing.T) {
	redis := startRedis(t)
	for command, want := range map[string]bool{"GET": true, "BRPOPLPUSH": true, "NOSUCHCOMMAND": false, "CLIENT NOSUCHCOMMAND": false} {
		if known, err := redis.Knows(t.Context(), command); known != want || err != nil {
			t.Errorf("%s: %v, %v", command, known, err)
		}
	}
	c := dialRaw(t, &site{dial: toAddr(redis.Addr())})
	c.send(t, cmd("SPUBLISH", "channel", "message"))
	known, err := redis.Knows(t.Context(), "SPUBLISH")
	if answer := c.reply(t); known != strings.HasPrefix(answer, ":") || err != nil {
		t.Errorf("SPUBLISH: %v, %v; it is answered %q", known, err, answer)
	}
}

func TestRedisServerCanBeUsedDirectly(t *testing.T) {
	redis := startRedis(t)
	c := dialRaw(t, &site{dial: toAddr(redis.Addr())})
	c.exchange(t, cmd("PING"), "+PONG\r\n")
	if err := redis.Close(); err != nil {
		t.Error(err)
	}
	if err := redis.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	c.expectEnd(t)
	if _, err := net.Dial("tcp", redis.Addr()); err == nil {
		t.Error("it still listens")
	}
}

func TestStartRedisTellsWhyTheServerDidNotStart(t *testing.T) {
	needRedisServer(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, err := entratest.StartRedis(t.Context(), "--no-such-option", "x")
	if err == nil || !strings.Contains(err.Error(), " ended: ") || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = entratest.StartRedis(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if left, err := os.ReadDir(temp); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
