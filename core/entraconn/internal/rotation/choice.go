package rotation

import "time"

// A choice is what a server has said about the credentials, and so which one a login should use.
type choice struct {
	newest  *Credential // of the Source, as far as this server has been told
	proven  *Credential // that the server accepted last
	refused *Credential // the newest, if the server has refused it
}

// best returns the newest credential, unless the server has yet to accept it and there is an older
// one that it has accepted and that still lives: a token may be good and the server not know it
// yet.
func (c *choice) best(now time.Time) *Credential {
	if c.proven == nil {
		return c.newest
	}
	until := c.proven.token.RenewBy()
	if c.refused == c.newest {
		until = c.proven.token.ExpiresOn()
	}
	if now.Before(until) {
		return c.proven
	}
	return c.newest
}

// accept remembers that the server accepts a credential.
func (c *choice) accept(cred *Credential) {
	if c.proven == nil || cred.number > c.proven.number {
		c.proven = cred
	}
	if cred == c.refused {
		c.refused = nil
	}
}

// refuse remembers that the server does not accept a credential now.
func (c *choice) refuse(cred *Credential) {
	if cred == c.newest {
		c.refused = cred
	}
	if cred == c.proven {
		c.proven = nil
	}
}
