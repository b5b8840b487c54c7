package entratest_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// Commands that tell what a redis-server can do.
const (
	reset    = "RESET"          // since 6.2
	isSince7 = "CLUSTER SHARDS" // since 7.0
)

// needRedisServer skips a test that starts a redis-server where there is none, and with -short: the inner loop needs
// none, and what does not need one is tested on miniredis.
func needRedisServer(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no redis-server")
	}
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("ENTRATEST_REDIS_SERVER") == "" {
		t.Skip(err)
	}
}

// needCommand skips a test that a redis-server which does not know a command cannot run, and says why.
func needCommand(t *testing.T, redis *entratest.RedisServer, command, why string) {
	t.Helper()
	if !knows(t, redis, command) {
		t.Skipf("the redis-server does not know %s: %s", command, why)
	}
}

func knows(t *testing.T, redis *entratest.RedisServer, command string) bool {
	t.Helper()
	known, err := redis.Knows(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// needClusters skips a test that starts clusters where there can be none.
func needClusters(t *testing.T) {
	t.Helper()
	needCommand(t, startRedis(t), isSince7, "its nodes announce no host names and take no port for their bus")
}

// dialectOf returns how a redis-server speaks.
func dialectOf(t *testing.T, redis *entratest.RedisServer) entratest.Dialect {
	t.Helper()
	if knows(t, redis, isSince7) {
		return entratest.Redis7()
	}
	return entratest.Redis6()
}
