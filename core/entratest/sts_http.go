package entratest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// An Endpoint is a place of an [STS] that requests go to.
type Endpoint string

// The endpoints. Token, IMDS, AppService, Arc and Direct give tokens.
const (
	Discovery    Endpoint = "discovery"     // instance discovery and OpenID configuration
	Keys         Endpoint = "keys"          // the public keys (JWKS)
	Token        Endpoint = "token"         // /oauth2/v2.0/token
	IMDS         Endpoint = "imds"          // 169.254.169.254, of managed identities on VMs and most of Azure
	IMDSProbe    Endpoint = "imds_probe"    // DefaultAzureCredential's question whether there is an IMDS
	AppService   Endpoint = "app_service"   // IDENTITY_ENDPOINT with IDENTITY_HEADER
	Arc          Endpoint = "arc"           // the agent of Azure Arc, asked with a key
	ArcChallenge Endpoint = "arc_challenge" // the same asked without, to learn where the key is
	Direct       Endpoint = "direct"        // [STS.Credential], without HTTP
	unknown      Endpoint = "unknown"
)

func (e Endpoint) givesTokens() bool {
	return e == Token || e == IMDS || e == AppService || e == Arc || e == Direct
}

// An answer is what an HTTP response is made of.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// errRefused stands for a connection that could not be made.
var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func (a answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}
}

func readForm(r *http.Request) (url.Values, error) {
	form := r.URL.Query()
	if r.Body == nil {
		return form, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	posted, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, err
	}
	maps.Copy(form, posted)
	return form, nil
}

func endpointOf(r *http.Request) Endpoint {
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/.well-known/openid-configuration"), strings.HasSuffix(path, "/common/discovery/instance"):
		return Discovery
	case strings.HasSuffix(path, "/discovery/v2.0/keys"):
		return Keys
	case strings.HasSuffix(path, "/oauth2/v2.0/token"):
		return Token
	case strings.HasSuffix(path, "/metadata/identity/oauth2/token"):
		switch {
		case r.Header.Get("Metadata") == "":
			return IMDSProbe
		case r.URL.Query().Get("api-version") != arcVersion:
			return IMDS
		case r.Header.Get("Authorization") == "":
			return ArcChallenge
		}
		return Arc
	case r.Header.Get("X-Identity-Header") != "":
		return AppService
	}
	return unknown
}

func jsonAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, header: http.Header{}, body: []byte(err.Error())}
	}
	return answer{
		status: status,
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		body:   body,
	}
}

// oauthError is an error as Entra tells it, number being that of its AADSTS messages.
func oauthError(status int, code string, number int, text string) answer {
	return jsonAnswer(status, map[string]any{
		"error":             code,
		"error_description": fmt.Sprintf("AADSTS%d: %s", number, text),
		"error_codes":       []int{number},
		"trace_id":          "00000000-0000-0000-0000-000000000000",
		"correlation_id":    "00000000-0000-0000-0000-000000000000",
	})
}
