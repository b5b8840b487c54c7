package rotation

import "time"

// A choice is what a server has said about the credentials, and so which one a login should use.
type choice struct {
	newest      *Credential // of the Source, as far as this server has been told
	provenCred  *Credential // that the server accepted last
	refusedCred *Credential // the newest, if the server has refused it

	provenNumber uint64 // of provenCred, also when that is forgotten; 0 if there is none
}

// forgotten returns what is left of the choice in which no token is in memory. The server has still
// accepted the credential, so one refusal is not its word.
func (c *choice) forgotten() choice { return choice{provenNumber: c.provenNumber} }

// hasAccepted reports whether a credential, which may be nil, is the one that the server accepted last.
func (c *choice) hasAccepted(cred *Credential) bool {
	return cred != nil && cred.number != 0 && cred.number == c.provenNumber
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
		c.provenCred, c.provenNumber = cred, cred.number
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
	if c.hasAccepted(cred) {
		c.provenCred, c.provenNumber = nil, 0
	}
}
