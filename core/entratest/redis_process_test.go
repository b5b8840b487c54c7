package entratest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

func TestStartRedisSaysWhenItIsNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := entratest.StartRedis(t.Context())
	if !errors.Is(err, entratest.ErrNoRedisServer) || !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("err = %v", err)
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
	if err == nil || !strings.Contains(err.Error(), "redis-server ended: ") {
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
