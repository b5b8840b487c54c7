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
)

// ArcKeyFolder is where the agent of Azure Arc leaves the keys that its challenges name, on Linux. azidentity reads
// them nowhere else. To make it takes root's rights; an [STS] does not make it.
const ArcKeyFolder = "/var/opt/azcmagent/tokens"

// arcVersion is what azidentity asks the agent of Azure Arc for. It is all that tells its requests from those to IMDS,
// whose path they have.
const arcVersion = "2020-06-01"

// answerArc answers as the agent of Azure Arc does, which gives tokens to any process that may read
// its keys: first a challenge that names a file with a new key, then a token for that key.
func (s *STS) answerArc(r *http.Request, e Endpoint, form url.Values, f Fault) answer {
	if e == ArcChallenge {
		file, err := s.leaveArcKey()
		if err != nil {
			return oauthError(http.StatusInternalServerError, "server_error", 90000, err.Error())
		}
		a := oauthError(http.StatusUnauthorized, "unauthorized_client", 90001, "Missing Basic Authorization header")
		a.header.Set("WWW-Authenticate", "Basic realm="+file)
		return a
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
	if !s.takeArcKey(key) {
		return oauthError(http.StatusUnauthorized, "unauthorized_client", 90002, "The key is not the one that was asked for.")
	}
	return s.answerManagedIdentity(e, form, f)
}

// leaveArcKey writes a new key to a file of its own.
func (s *STS) leaveArcKey() (file string, err error) {
	if s.arcKeyFolder == "" {
		return "", errors.New("entratest: for Azure Arc, STSOptions.ArcKeyFolder must say where to leave keys")
	}
	key := rand.Text()
	file = filepath.Join(s.arcKeyFolder, rand.Text()+".key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		return "", fmt.Errorf("entratest: leaving a key: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arcKey, s.arcKeyFile = key, file
	return file, nil
}

// takeArcKey reports whether key is the one that was left last, and takes it away: it is good for one request.
func (s *STS) takeArcKey(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arcKey == "" || subtle.ConstantTimeCompare([]byte(s.arcKey), []byte(key)) == 0 {
		return false
	}
	_ = os.Remove(s.arcKeyFile) // the agent's housekeeping; a key that was used is worth nothing
	s.arcKey, s.arcKeyFile = "", ""
	return true
}
