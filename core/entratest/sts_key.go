package entratest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// signingKey makes one key per process, because making an RSA key takes a fraction of a second and
// a second key would have no use.
var signingKey = sync.OnceValue(newSigner)

type signer struct {
	private *rsa.PrivateKey
	id      string // kid
}

func newSigner() *signer {
	private, err := rsa.GenerateKey(rand.Reader, 2048) // what Entra's keys have
	if err != nil {
		panic(fmt.Sprintf("entratest: making an RSA key: %v", err)) // crypto/rand never fails, and the size is valid
	}
	sum := sha256.Sum256(private.N.Bytes())
	return &signer{private: private, id: base64.RawURLEncoding.EncodeToString(sum[:16])}
}

func (s *signer) sign(claims jwt.MapClaims) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = s.id
	return t.SignedString(s.private)
}

// jwks is the public key as RFC 7517 writes it.
func (s *signer) jwks() map[string]any {
	exponent := binary.BigEndian.AppendUint64(nil, uint64(s.private.E))
	return map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.id,
		"n": base64.RawURLEncoding.EncodeToString(s.private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(new(big.Int).SetBytes(exponent).Bytes()),
	}}}
}
