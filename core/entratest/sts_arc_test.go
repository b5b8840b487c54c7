package entratest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// A key is good for one token, and only the one that the last challenge named. azidentity's part is tested in core/entra:
// its folder is one for the whole machine, so only one package's tests may use it.
func TestArcTakesEachKeyOnce(t *testing.T) {
	folder := t.TempDir()
	sts := entratest.NewSTS(&entratest.STSOptions{ArcKeyFolder: folder})
	ask := func(key string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), "GET",
			"http://127.0.0.1:40342/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https://redis.azure.com", nil)
		r.Header.Set("Metadata", "true")
		if key != "" {
			r.Header.Set("Authorization", "Basic "+key)
		}
		res, err := sts.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	challenge := ask("")
	file, found := strings.CutPrefix(challenge.Header.Get("WWW-Authenticate"), "Basic realm=")
	if challenge.StatusCode != http.StatusUnauthorized || !found || filepath.Dir(file) != folder {
		t.Fatalf("%s, %v", challenge.Status, challenge.Header)
	}
	key, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		key  string
		want int
	}{{"another", 401}, {string(key), 200}, {string(key), 401}} {
		if got := ask(try.key).StatusCode; got != try.want {
			t.Errorf("key %q: %d, want %d", try.key, got, try.want)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%d keys are left", len(left))
	}
	if res := ask(""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("another challenge: %s", res.Status)
	}
}

func TestNoArcWithoutAFolder(t *testing.T) {
	sts := entratest.NewSTS(nil)
	r := httptest.NewRequestWithContext(t.Context(), "GET",
		"http://127.0.0.1:40342/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https://redis.azure.com", nil)
	r.Header.Set("Metadata", "true")
	if res, err := sts.Do(r); err != nil || res.StatusCode != http.StatusInternalServerError {
		t.Errorf("%v, %v", res, err)
	}
}
