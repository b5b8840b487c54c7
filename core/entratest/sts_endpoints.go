package entratest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// discover answers both questions that a client asks before its first token.
func discover(r *http.Request) answer {
	origin := "https://" + r.Host
	if r.TLS == nil && r.URL.Scheme != "https" {
		origin = "http://" + r.Host
	}
	if strings.HasSuffix(r.URL.Path, "/common/discovery/instance") {
		authorize, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
		if err != nil || authorize.Host == "" {
			return oauthError(http.StatusBadRequest, "invalid_request", 90019, "No tenant-identifying information found.")
		}
		tenant := firstSegment(authorize.Path)
		return jsonAnswer(http.StatusOK, map[string]any{
			"tenant_discovery_endpoint": authorize.Scheme + "://" + authorize.Host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
			"api-version":               "1.1",
			"metadata": []any{map[string]any{
				"preferred_network": authorize.Host,
				"preferred_cache":   authorize.Host,
				"aliases":           []string{authorize.Host},
			}},
		})
	}
	base := origin + "/" + firstSegment(r.URL.Path)
	return jsonAnswer(http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code", "token"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
	})
}

// firstSegment is the tenant in the paths of Entra's URLs.
func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}

// answerToken answers a client credentials request. Assertions must be there, but their contents
// are not checked: their signer, Kubernetes or a certificate, is not part of the fake.
func answerToken(from *issuer, r *http.Request, form url.Values, f Fault) answer {
	const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	secret := form.Get("client_secret")
	asserted := form.Get("client_assertion") != "" && form.Get("client_assertion_type") == jwtBearer
	switch {
	case form.Get("grant_type") != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
	case secret == "" && !asserted:
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case !asserted && secret != ClientSecret:
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided.")
	}
	audience := ""
	for scope := range strings.FieldsSeq(form.Get("scope")) { // MSAL adds openid, offline_access and profile
		if a, ok := strings.CutSuffix(scope, "/.default"); ok {
			audience = a
		}
	}
	if audience == "" {
		return oauthError(http.StatusBadRequest, "invalid_scope", 1002012, "Client credential flows must have a scope value with /.default suffixed to the resource identifier.")
	}
	t, err := from.issue(tokenRequest{
		audience: audience, tenant: firstSegment(r.URL.Path), client: form.Get("client_id"), fault: f, wholeSeconds: true,
	})
	if err != nil {
		return oauthError(http.StatusInternalServerError, "server_error", 90000, err.Error())
	}
	body := map[string]any{
		"token_type":     "Bearer",
		"access_token":   t.value,
		"expires_in":     t.secondsLeft(from.clock.now()),
		"ext_expires_in": t.secondsLeft(from.clock.now()),
	}
	if t.refreshIn > 0 {
		body["refresh_in"] = int(t.refreshIn.Seconds())
	}
	return jsonAnswer(http.StatusOK, body)
}

// answerManagedIdentity answers as IMDS, App Service and Azure Arc do: with numbers in strings.
func answerManagedIdentity(from *issuer, e Endpoint, form url.Values, f Fault) answer {
	resource := form.Get("resource")
	if resource == "" {
		return oauthError(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal was not found.")
	}
	t, err := from.issue(tokenRequest{
		audience: resource, tenant: TenantID, client: form.Get("client_id"), fault: f, wholeSeconds: true,
	})
	if err != nil {
		return oauthError(http.StatusInternalServerError, "server_error", 90000, err.Error())
	}
	body := map[string]any{
		"token_type":   "Bearer",
		"access_token": t.value,
		"resource":     resource,
		"client_id":    form.Get("client_id"),
		"expires_on":   strconv.FormatInt(t.expiresOn.Unix(), 10),
		"not_before":   strconv.FormatInt(t.issuedAt.Unix(), 10),
	}
	if e != AppService { // which says expires_on only
		body["expires_in"] = strconv.Itoa(t.secondsLeft(from.clock.now()))
		body["ext_expires_in"] = body["expires_in"]
	}
	if t.refreshIn > 0 {
		body["refresh_in"] = strconv.Itoa(int(t.refreshIn.Seconds()))
	}
	return jsonAnswer(http.StatusOK, body)
}
