package entratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The two spellings of what a token for Redis is for.
const (
	redisAudience   = "https://redis.azure.com"
	redisAudienceID = "acca5fbb-b7e4-4009-81f1-37e38fd66d78"
)

// Claims is what a Redis server wants to know of a token.
type Claims struct {
	ObjectID            string // oid: the user name
	TokenID             string // uti: unique for each token
	IssuedAt, ExpiresOn time.Time
}

// ErrExpired is returned by [STS.Verify] for a token that was good once.
var ErrExpired = errors.New("entratest: the token has expired")

// readClaims reads a token that is signed and is for Redis. The Claims are filled as far as that goes.
func readClaims(token string) (Claims, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &signingKey().private.PublicKey, nil })
	if err != nil {
		return Claims{}, fmt.Errorf("entratest: %w", err)
	}
	var c Claims
	c.ObjectID, _ = claims["oid"].(string)
	c.TokenID, _ = claims["uti"].(string)
	if c.IssuedAt, err = parseNumericDate(claims, "iat"); err != nil {
		return c, err
	}
	if c.ExpiresOn, err = parseNumericDate(claims, "exp"); err != nil {
		return c, err
	}
	audience, _ := claims["aud"].(string)
	if a := strings.TrimRight(audience, "/"); a != redisAudience && a != redisAudienceID {
		return c, fmt.Errorf("entratest: the token is for %q, not for Redis", audience)
	}
	return c, nil
}

func parseNumericDate(claims jwt.MapClaims, name string) (time.Time, error) {
	n, _ := claims[name].(json.Number)
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return time.Time{}, fmt.Errorf("entratest: claim %s is not a number", name)
	}
	micros := new(big.Int).Quo(new(big.Int).Mul(r.Num(), big.NewInt(1e6)), r.Denom())
	return time.UnixMicro(micros.Int64()).UTC(), nil
}
