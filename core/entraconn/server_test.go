package entraconn

import "testing"

// A round that went back to an older credential, and then forth again, would send the newer one twice where its answer
// was still to come.
func TestOlderCredentialIsNoNews(t *testing.T) {
	older, newer := &credential{number: 1}, &credential{number: 2}
	s := &server{}
	for _, cred := range []*credential{older, newer, older, nil} {
		s.notice(cred)
	}
	if s.newest != newer {
		t.Errorf("the newest credential has number %d", s.newest.number)
	}
}
