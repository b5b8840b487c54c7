package rotation

import (
	"fmt"
	"hash/maphash"
	"sync"
	"weak"

	"github.com/entraredis/entraredis/core/entra"
)

// A Credential is a token as it goes over the wire. It is encoded once for all connections.
//
// A token goes by several names, each for its own question:
//
//   - Is it the token that the Source gives now? entra.Token with ==.
//   - Is it the credential of this rotation, or the one that this connection has? The pointer. A client
//     that logs in by itself makes another pointer of the same token, see Overwritten.
//   - Has the server accepted it, also where it is not in memory any more? The number, which a Dialer
//     counts. The login gate knows only that.
//   - Is a token that was forgotten the same as this one? The fingerprint, which keeps the number.
//   - Which token was an event about? entra.TokenTimes, which tells nothing secret. Tokens of one moment
//     share them, so the Source has a number of its own (entra.serverRecord.forcedNumber).
type Credential struct {
	token  entra.Token
	wire   func() []byte // a function, because fmt prints the unexported bytes of a struct
	number uint64        // see Number
}

// NewCredential encodes a token. Newer credentials have higher numbers, and none of the Source's has
// 0.
func NewCredential(tok entra.Token, number uint64) *Credential {
	user, password := tok.Credentials()
	auth := fmt.Appendf(nil, "*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n",
		len(user), user, len(password), password)
	return &Credential{token: tok, wire: func() []byte { return auth }, number: number}
}

// Token returns the token.
func (c *Credential) Token() entra.Token { return c.token }

// Wire returns AUTH with user name and token, as it is sent. It must not be changed.
func (c *Credential) Wire() []byte { return c.wire() }

// Overwritten returns the credential as that of a connection on which the client has logged in by
// itself since: for the same token, equal to none of the Source's, and older than all.
func (c *Credential) Overwritten() *Credential { return &Credential{token: c.token, wire: c.wire} }

// Number tells the tokens of a Dialer apart, also when they are not in memory any more. It is 0 for
// an overwritten credential.
func (c *Credential) Number() uint64 { return c.number }

// Credentials are the tokens of a Source, each encoded once for as long as it is in use. All servers
// of a client share them.
type Credentials struct {
	src      *entra.Source
	hashSeed maphash.Seed

	mu          sync.Mutex
	encoded     weak.Pointer[Credential] // the newest; weak, so that a client without connections keeps no token in memory
	number      uint64                   // of the newest
	fingerprint uint64                   // of the newest, by which its token is known again
}

// NewCredentials returns the credentials that are made of the tokens of src.
func NewCredentials(src *entra.Source) *Credentials {
	return &Credentials{src: src, hashSeed: maphash.MakeSeed()}
}

// fingerprintOf returns a hash of a token, which tells nothing of it. A token that is returned again with
// a later expiry is another one.
func (c *Credentials) fingerprintOf(tok entra.Token) uint64 {
	_, password := tok.Credentials()
	return maphash.Comparable(c.hashSeed, struct {
		password  string
		expiresOn int64
	}{password, tok.ExpiresOn().UnixNano()})
}

// Latest returns the valid token of the Source, or nil if there is none, and a channel that is
// closed when there is a newer one. A token that was forgotten gets the number that it had. When the
// Source is closed, the channel is closed and stays the same.
func (c *Credentials) Latest() (latest *Credential, newer <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tok, newer := c.src.Latest() // under the lock, so that the numbers are in the order of the tokens
	if tok.IsZero() {
		return nil, newer
	}
	if newest := c.encoded.Value(); newest != nil && newest.token == tok {
		return newest, newer
	}
	if fingerprint := c.fingerprintOf(tok); fingerprint != c.fingerprint || c.number == 0 {
		c.fingerprint = fingerprint
		c.number++
	}
	latest = NewCredential(tok, c.number)
	c.encoded = weak.Make(latest)
	return latest, newer
}
