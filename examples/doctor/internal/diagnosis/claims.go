package diagnosis

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// claims are what an access token says of its identity. They verify nothing: that is up to Redis.
type claims struct {
	ObjectID string `json:"oid"`
	Tenant   string `json:"tid"`
	Audience string `json:"aud"`
	AppID    string `json:"appid"` // the client id, in tokens of version 1
	AZP      string `json:"azp"`   // the same in tokens of version 2
	Type     string `json:"idtyp"` // "app" or "user"
	Managed  string `json:"xms_mirid"`
}

// readClaims returns the claims of a JSON Web Token, none for a token of another kind.
func readClaims(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}
	}
	// A claim of another type than Entra gives it leaves the others as they are.
	_ = json.Unmarshal(raw, &c)
	return c
}

func (c claims) clientID() string {
	if c.AppID != "" {
		return c.AppID
	}
	return c.AZP
}

// kind says whose token it is.
func (c claims) kind() string {
	switch {
	case c.Managed != "":
		return "managed identity " + c.Managed[strings.LastIndex(c.Managed, "/")+1:]
	case c.Type == "user":
		return "account of a person"
	case c.Type == "app":
		return "service principal"
	}
	return "identity"
}

// isForRedis reports whether the token is for Redis: by the name of the resource, by its
// application id, or by one of the names that it had in each cloud before.
func (c claims) isForRedis() bool {
	audience := strings.ToLower(c.Audience)
	return strings.Contains(audience, "redis") || strings.Contains(audience, ".cacheinfra.") ||
		strings.TrimRight(audience, "/") == "acca5fbb-b7e4-4009-81f1-37e38fd66d78"
}

// An acquisition is what a credential returned last.
type acquisition struct {
	happened  bool
	isEmpty   bool
	expiresOn time.Time
	claims    claims
}
