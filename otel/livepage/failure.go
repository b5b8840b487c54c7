package livepage

import (
	"net/netip"
	"net/url"

	"github.com/entraredis/entraredis/core/entra"
)

// issuer names what was asked for a token: Microsoft Entra, or the managed identity endpoint of this
// machine. host is who answered. Without an answer it is not known which of them was asked.
func issuer(host string) string {
	switch {
	case host == "":
		return "the token endpoint"
	case isMachineLocal(host):
		return "the managed identity endpoint"
	}
	return "Microsoft Entra"
}

// cause says in half a sentence why there is no new token.
func cause(kind entra.Kind, host, code string) string {
	switch kind {
	case entra.KindNetwork:
		return issuer(host) + " cannot be reached, or is in trouble itself"
	case entra.KindThrottled:
		return issuer(host) + " says that it gets too many requests"
	case entra.KindRejected:
		switch {
		case isMachineLocal(host):
			return "the managed identity endpoint has no identity for this machine"
		case host == "" && code == "":
			return "the credential found no identity to ask with"
		}
		return "Microsoft Entra refuses the credential"
	case entra.KindMalformed:
		return "the credential returns tokens that cannot be used"
	case entra.KindTimedOut:
		return issuer(host) + " does not answer in time"
	}
	return "for a reason that this page does not know"
}

// remedy says what to do about it.
func remedy(kind entra.Kind, host, code string) string {
	const byItself = " The process goes on asking by itself."
	switch kind {
	case entra.KindNetwork, entra.KindTimedOut:
		return reach(host) + byItself
	case entra.KindThrottled:
		if isMachineLocal(host) {
			return "Look for other programs on this machine that ask for tokens. The process waits for as long as it was told to."
		}
		return "Look for what else asks for so many tokens with this identity. The process waits for as long as it was told to."
	case entra.KindRejected:
		switch {
		case isMachineLocal(host):
			return "Assign the managed identity to this machine again, or check which client id the program asks for." + byItself
		case host == "" && code == "":
			return "Check the environment variables of the credential, or the sign-in of its command line tool. " +
				"The log names what it has tried, at level DEBUG." + byItself
		}
		return "An operator must fix the credential: its secret, its certificate or its identity assignment." + byItself
	case entra.KindMalformed:
		return "Check the scope, and set entra.Options.Username if the tokens carry no oid claim." + byItself
	}
	return ""
}

// reach says where to look if tokens are asked for in vain.
func reach(host string) string {
	const status = " and the Azure status page."
	switch {
	case host == "":
		return "Check DNS, proxy and firewall on the way to login.microsoftonline.com, or to 169.254.169.254 for a managed identity," + status
	case isMachineLocal(host):
		return "Check the managed identity endpoint of this machine: what runs it, that no network policy or proxy is on the way to it," + status
	}
	return "Check DNS, proxy and firewall on the way to login.microsoftonline.com," + status
}

// isMachineLocal reports whether host is a managed identity endpoint: these have addresses, Entra
// has names.
func isMachineLocal(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

// meaning says what a code of Entra's means, for those that services meet. Source: "Microsoft Entra authentication and
// authorization error codes" on learn.microsoft.com.
func meaning(code string) string {
	switch code {
	case "AADSTS7000215":
		return "the client secret is wrong"
	case "AADSTS7000222":
		return "the client secret has expired"
	case "AADSTS1000502":
		return "the certificate has expired"
	case "AADSTS700027":
		return "the certificate is not registered for this application"
	case "AADSTS700016":
		return "the tenant does not know this application"
	case "AADSTS7000112", "AADSTS7000113":
		return "the application is disabled or not allowed in this tenant"
	case "AADSTS90002":
		return "there is no such tenant"
	case "AADSTS500011":
		return "the tenant does not know the scope's resource"
	case "AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213":
		return "no federated credential fits the workload's token"
	case "AADSTS700024":
		return "the workload's token is outside its time: check the clocks"
	case "AADSTS53003":
		return "a Conditional Access policy forbids it"
	case "AADSTS50076", "AADSTS50079":
		return "the user has to sign in with a second factor"
	case "AADSTS700082":
		return "the user has to sign in again"
	}
	return ""
}
