package rotation

import "time"

// A choice is what a server has said about the credentials, and so which one a login should use.
type choice struct {
	newest      *Credential // of the Source, as far as this server has been told
	provenCred  *Credential // that the server accepted last
	refusedCred *Credential // the newest, if the server has refused it
}

// bestAt returns the newest credential, unless the server has yet to accept it and there is an older
// one that it has accepted and that still lives: a token may be good and the server not know it
// yet.
func (c *choice) bestAt(now time.Time) *Credential {
	if c.provenCred == nil {
		return c.newest
	}
	until := c.provenCred.token.RenewBy()
	if c.refusedCred == c.newest {
		until = c.provenCred.token.ExpiresOn()
	}
	if now.Before(until) {
		return c.provenCred
	}
	return c.newest
}

// accept remembers that the server accepts a credential.
func (c *choice) accept(cred *Credential) {
	if c.provenCred == nil || cred.number > c.provenCred.number {
		c.provenCred = cred
	}
	if cred == c.refusedCred {
		c.refusedCred = nil
	}
}

// refuse remembers that the server does not accept a credential now.
func (c *choice) refuse(cred *Credential) {
	if cred == c.newest {
		c.refusedCred = cred
	}
	if cred == c.provenCred {
		c.provenCred = nil
	}
}
