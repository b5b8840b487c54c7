package entratest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

func TestClustersStartAtTheSameTime(t *testing.T) {
	needClusters(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var starts sync.WaitGroup
	clusters := make([]*entratest.RedisCluster, 4)
	for i := range clusters {
		starts.Go(func() {
			var err error
			if clusters[i], err = entratest.StartRedisCluster(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	for _, c := range clusters {
		if c == nil {
			continue // the start failed
		}
		addr := c.Nodes()[5].Gateway.Addr()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := net.Dial("tcp", addr); err == nil {
			t.Error("a gateway still listens")
		}
	}
	if left, err := os.ReadDir(temp); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestClusterSaysWhyItDidNotStart(t *testing.T) {
	needClusters(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := entratest.StartRedisCluster(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if _, err := entratest.StartRedisCluster(t.Context(), &entratest.RedisClusterOptions{Announce: "no host"}); err == nil {
		t.Error("an impossible host name was taken")
	}
}

func TestClusterSaysWhenRedisIsNotInstalled(t *testing.T) {
	t.Setenv("ENTRATEST_REDIS_SERVER", "")
	t.Setenv("PATH", t.TempDir())
	if _, err := entratest.StartRedisCluster(t.Context(), nil); !errors.Is(err, entratest.ErrNoRedisServer) || !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestKeySlotIsThatOfTheSpecification(t *testing.T) {
	for key, want := range map[string]int{
		"123456789": 0x31c3, "foo": 12182, "{foo}bar": 12182, "bar{foo}{baz}": 12182, "bar": 5061, "": 0,
	} {
		if got := entratest.KeySlot(key); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
}
