package census

import (
	"errors"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A token is what is known of the newest token of the Source and of its renewal.
type token struct {
	newest   entra.TokenTimes
	latest   time.Time // expiry that was ever met
	failures int
	failure  Failure
	refresh  Refresh
}

// replaced takes note of a newer token. It need not expire later, if the server refused the one before.
func (t *token) replaced(expiresOn time.Time) {
	t.failures = 0
	if !t.newest.ExpiresOn.Equal(expiresOn) {
		t.newest = entra.TokenTimes{ExpiresOn: expiresOn}
	}
	if expiresOn.After(t.latest) {
		t.latest = expiresOn
	}
}

// met takes note of a token that a server has accepted. No refresh may have reported it before,
// because a token from an attempt that was given up ends no refresh.
func (t *token) met(times entra.TokenTimes) {
	switch {
	case times.ExpiresOn.Equal(t.newest.ExpiresOn):
		t.newest = times
	case times.ExpiresOn.After(t.latest):
		t.newest = times
		t.latest = times.ExpiresOn
	}
}

// asked takes note of how an attempt ended. If the credential refuses claims, the Source asks again
// without them. That is no failure, and does not increase the count in the error.
func (t *token) asked(info entra.AttemptDoneInfo) {
	if !t.refresh.Begun.IsZero() {
		t.refresh.Attempts = info.Attempt
	}
	var failed *entra.RefreshError
	if !errors.As(info.Err, &failed) || failed.Attempt <= t.failures {
		return
	}
	t.failures = failed.Attempt
	t.failure = Failure{
		At: info.At, Kind: failed.Kind, Status: failed.Status, Host: failed.Host, Code: failed.Code, RetryAt: failed.RetryAt,
	}
}
