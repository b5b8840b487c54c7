package entra

import (
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
)

// A loginClaims is what the claims of a token say of a login with it. It keeps no claim but the
// object id, which is no secret.
type loginClaims struct {
	objectID       string // oid, empty if the token does not say
	namesClientID  bool   // the user name is the client id of the token's application
	otherAudiences bool   // the token is not for Redis
}

func newLoginClaims(c jwt.Claims, username string) loginClaims {
	return loginClaims{
		objectID:       c.ObjectID,
		namesClientID:  c.ClientID != "" && username == c.ClientID,
		otherAudiences: c.Audience != "" && !isRedisAudience(c.Audience),
	}
}

// isRedisAudience reports whether a token for that audience is for Redis: by the name of the
// resource or by its application id. Before it had that name, the resource had one in each cloud.
func isRedisAudience(audience string) bool {
	audience = strings.TrimRight(strings.ToLower(audience), "/")
	return audience == strings.TrimSuffix(DefaultScope, "/.default") || audience == "acca5fbb-b7e4-4009-81f1-37e38fd66d78" ||
		strings.Contains(audience, ".cacheinfra.")
}

// remedy returns what to check when a server has refused the token, empty if the claims and the
// time say nothing.
func (c loginClaims) remedy(username string, expired time.Duration) string {
	var all []string
	if expired >= 0 {
		all = append(all, fmt.Sprintf("the token expired %v before the answer came, by this machine's clock: check the clock, or wait "+
			"for the next token", expired.Round(time.Millisecond)))
	}
	if c.otherAudiences {
		all = append(all, "the token is not for Redis: leave Options.Scope empty, or set it to "+DefaultScope)
	}
	switch {
	case c.objectID == "":
		all = append(all, "the token has no oid claim: check that Options.Username is the identity's object id, and that the "+
			"identity has an access policy assignment on this cache")
	case c.namesClientID && username != c.objectID:
		all = append(all, "Options.Username is the client id of the identity, and Redis knows it by its object id "+c.objectID+
			": leave Options.Username empty")
	case username != c.objectID:
		all = append(all, "Options.Username is not the object id of the token, which is "+c.objectID+": leave Options.Username empty")
	}
	return strings.Join(all, "; ")
}
