package settings_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/entraredis/entraredis/examples/proxy/settings"
)

const cache = "contoso.redis.cache.windows.net:6380"

func TestDefaults(t *testing.T) {
	t.Setenv("REDIS_ADDR", cache)
	var stderr bytes.Buffer
	s, err := settings.Parse(nil, &stderr)
	want := settings.Settings{Cache: cache, Listen: "127.0.0.1:6379", SocketMode: 0o600, DialTimeout: 5 * time.Second, Drain: 20 * time.Second}
	if err != nil || s != want || stderr.Len() > 0 {
		t.Errorf("%+v, %v, %s; want %+v", s, err, stderr.String(), want)
	}
}

func TestFlagsAreRead(t *testing.T) {
	s, err := settings.Parse([]string{"-cache", cache, "-listen", "/run/redis.sock", "-socket-mode", "0660", "-http", ":9464",
		"-allow-remote", "-dial-timeout", "2s", "-drain", "0s"}, &bytes.Buffer{})
	want := settings.Settings{Cache: cache, Listen: "/run/redis.sock", SocketMode: 0o660, HTTP: ":9464", AllowRemote: true, DialTimeout: 2 * time.Second}
	if err != nil || s != want {
		t.Errorf("%+v, %v; want %+v", s, err, want)
	}
}

func TestUselessFlagsAreRefused(t *testing.T) {
	t.Setenv("REDIS_ADDR", "")
	for _, args := range [][]string{
		nil,
		{"-cache", "contoso"},
		{"-cache", "contoso:"},
		{"-cache", cache, "redis://localhost"},
		{"-cache", cache, "-socket-mode", "0888"},
		{"-cache", cache, "-socket-mode", "07777"},
		{"-cache", cache, "-socket-mode", "0460"},
		{"-cache", cache, "-drain", "-1s"},
		{"-cache", cache, "-dial-timeout", "0s"},
		{"-password", "secret"},
	} {
		var stderr bytes.Buffer
		if _, err := settings.Parse(args, &stderr); err == nil || stderr.Len() == 0 {
			t.Errorf("%q: %v, and %q on stderr", args, err, stderr.String())
		}
	}
}
