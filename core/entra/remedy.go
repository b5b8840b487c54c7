package entra

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// remedyFor returns what is wrong and what to check, if a failure says more than its kind. What it
// recognises is in Microsoft's list of error codes and in azidentity 1.15.
func remedyFor(r result) string {
	if remedy := remedyForCode(entraCode(r.text)); remedy != "" {
		return remedy
	}
	if r.httpAnswer() != nil {
		return ""
	}
	if !isChain(r.text) {
		if remedy := remedyForTool(r.err, r.text); remedy != "" {
			return remedy
		}
	}
	if isUnavailable(r.err) {
		return "the credential found no identity to use: check its environment variables, that this machine has a managed identity, " +
			"or sign in with a command line tool; the log says at debug level what it tried"
	}
	return ""
}

// remedyForUnusable returns what to check when a credential returned no error and nothing usable.
func remedyForUnusable(err error) string {
	switch {
	case errors.Is(err, errEmptyToken):
		return "the credential returned an empty token: check the managed identity endpoint, or whatever else it asks; retrying"
	case errors.Is(err, errExpiredToken):
		return "the token had expired when it came, by this machine's clock: check that clock, and that of any cache of the credential; retrying"
	case errors.Is(err, errNoUsername):
		return "the token has no oid claim: set Options.Username to the object id of the identity, or check what the credential is for"
	}
	return ""
}

// remedyForCode returns what Entra's error code asks for, empty for a code that only Entra's own
// documentation explains.
func remedyForCode(code string) string {
	switch code {
	case "AADSTS7000215":
		return "the client secret is wrong: check its secret, the value and not the id"
	case "AADSTS7000222":
		return "the client secret has expired: create a new one for the app registration"
	case "AADSTS700016":
		return "Entra knows no application of this client id in this tenant: check the client id and the tenant"
	case "AADSTS90002", "AADSTS900023":
		return "Entra knows no such tenant: check the tenant id, and that the credential is for the right Azure cloud"
	case "AADSTS650057", "AADSTS500011", "AADSTS65001", "AADSTS650052":
		return "the identity may not get tokens for this resource: check Options.Scope"
	case "AADSTS70011", "AADSTS1002012":
		return "the scope is not valid: check Options.Scope, which ends in /.default"
	case "AADSTS50196":
		return "Entra has counted a loop of requests: check for another program that repeats them with this identity"
	case "AADSTS700024", "AADSTS700027", "AADSTS700021":
		return "the client assertion or its certificate is not valid: check the certificate, and this machine's clock"
	case "AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213":
		return "no federated credential of the identity matches: check its issuer, subject and audience"
	case "AADSTS7000112", "AADSTS50057":
		return "the identity is disabled: enable it in Entra"
	case "AADSTS50126", "AADSTS50034":
		return "the user name or the password is wrong: check both"
	case "AADSTS50053":
		return "the account is locked: unlock it in Entra"
	case "AADSTS53003", "AADSTS530003", "AADSTS53000":
		return "a conditional access policy blocks the sign-in: check the policies for this identity"
	case "AADSTS50076", "AADSTS50079", "AADSTS50158":
		return "the sign-in needs a second factor: sign in again with the tool that the credential uses"
	case "AADSTS70043", "AADSTS700082", "AADSTS50173", "AADSTS70008", "AADSTS700084", "AADSTS50078", "AADSTS50132", "AADSTS50133":
		return "the sign-in has expired or was revoked: sign in again with the tool that the credential uses"
	}
	return ""
}

// isTransientCode reports whether Entra's code says that a retry helps.
func isTransientCode(code string) bool {
	switch code {
	case "AADSTS50033", "AADSTS90024", "AADSTS90033", "AADSTS90090":
		return true
	}
	return false
}

// remedyForTool returns what a command line tool asks for, empty if text is of another error.
func remedyForTool(err error, text string) string {
	switch {
	case errors.Is(err, exec.ErrNotFound), strings.Contains(text, "executable not found"):
		return "the command line tool that the credential runs was not found: install it, or put it on the PATH of this process"
	case strings.Contains(text, "azd auth login"), strings.Contains(text, "azd login"):
		return "the Azure Developer CLI is not signed in: run azd auth login as the user of this process"
	case strings.Contains(text, "az login"):
		return "the Azure CLI is not signed in: run az login as the user of this process"
	case strings.Contains(text, "Connect-AzAccount"):
		return "Azure PowerShell is not signed in: run Connect-AzAccount as the user of this process"
	case strings.Contains(text, "Az.Accounts module not found"):
		return "Azure PowerShell lacks a module: install Az.Accounts 2.2.0 or later"
	case strings.Contains(text, "without user interaction"):
		return "the credential needs a person: call its Authenticate method before NewSource"
	}
	return ""
}

// isUnavailable reports whether a credential of azidentity had nothing to ask with: no environment
// variable, no managed identity, no tool. azidentity does not export the type of that error.
func isUnavailable(err error) bool {
	var marked interface {
		error
		NonRetriable()
	}
	if !errors.As(err, &marked) {
		return false
	}
	switch fmt.Sprintf("%T", marked) {
	case "*azidentity.credentialUnavailableError", "*azidentity.AuthenticationRequiredError":
		return true
	}
	return false
}

// isChain reports whether text is that of several credentials which were tried in turn.
func isChain(text string) bool { return strings.Contains(text, "\nAttempted credentials:") }

// attempted returns the first line of what an unavailable credential said, and of each that it has
// tried. It leaves out the lines that follow, which quote answers.
func attempted(text string) string {
	const most = 1000
	said := make([]string, 0, 8)
	for i, line := range strings.Split(text, "\n") {
		tried := strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "\t\t")
		if i == 0 || isChain(text) && (tried || line == "Attempted credentials:") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	joined := strings.ToValidUTF8(strings.Join(said, " | "), "")
	return strings.ToValidUTF8(joined[:min(len(joined), most)], "")
}
