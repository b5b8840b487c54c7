package entratest

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// ArcKeyFolder is where the agent of Azure Arc leaves the keys that its challenges name, on Linux. azidentity reads
// them nowhere else. To make it takes root's rights; an [STS] does not make it.
const ArcKeyFolder = "/var/opt/azcmagent/tokens"

// arcVersion is what azidentity asks the agent of Azure Arc for. It is all that tells its requests from those to IMDS,
// whose path they have.
const arcVersion = "2020-06-01"

// answerArc answers as the agent of Azure Arc does, which gives tokens to any process that may read
// its keys: first a challenge that names a file with a new key, then a token for that key.
func answerArc(keys *arcKeys, from *issuer, r *http.Request, e Endpoint, form url.Values, f Fault) answer {
	if e == ArcChallenge {
		file, err := keys.leave()
		if err != nil {
			return oauthError(http.StatusInternalServerError, "server_error", 90000, err.Error())
		}
		a := oauthError(http.StatusUnauthorized, "unauthorized_client", 90001, "Missing Basic Authorization header")
		a.header.Set("WWW-Authenticate", "Basic realm="+file)
		return a
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
	if !keys.take(key) {
		return oauthError(http.StatusUnauthorized, "unauthorized_client", 90002, "The key is not the one that was asked for.")
	}
	return answerManagedIdentity(from, e, form, f)
}

// arcKeys leaves keys where the agent of Azure Arc does.
type arcKeys struct {
	folder string

	mu         sync.Mutex
	last, file string // the key that was left last; empty once it was used
}

// leave writes a new key to a file of its own.
func (k *arcKeys) leave() (file string, err error) {
	if k.folder == "" {
		return "", errors.New("entratest: for Azure Arc, STSOptions.ArcKeyFolder must say where to leave keys")
	}
	key := rand.Text()
	file = filepath.Join(k.folder, rand.Text()+".key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		return "", fmt.Errorf("entratest: leaving a key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last, k.file = key, file
	return file, nil
}

// take reports whether key is the one that was left last, and takes it away: it is good for one request.
func (k *arcKeys) take(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == "" || subtle.ConstantTimeCompare([]byte(k.last), []byte(key)) == 0 {
		return false
	}
	_ = os.Remove(k.file) // the agent's housekeeping; a key that was used is worth nothing
	k.last, k.file = "", ""
	return true
}
