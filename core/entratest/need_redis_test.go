package entratest_test

import (
	"os"
	"os/exec"
	"testing"
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
