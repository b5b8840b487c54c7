package diagnosis

// identityCauses are of the steps credential and identity. The codes are those that core/entra
// explains too.
func identityCauses() []Cause {
	const (
		objectID = `az ad sp show --id {client_id} --query id --output tsv`
		login    = `az login --tenant {tenant}`
	)
	reset := Command{"", `az ad app credential reset --id {client_id} --append`}
	return []Cause{
		{
			ID: "credential-settings", Step: "credential", Says: "the settings of this process make no credential",
			Remedy: "check the environment variables that begin with AZURE_, and the credential that -credential names",
		},
		{
			ID: "no-identity", Step: "credential", Says: "no credential found an identity to use",
			Remedy: "sign in with a command line tool, set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate, or run this where a " +
				"managed or workload identity is",
			Commands: []Command{{"", `az login`}},
		},
		{
			ID: "managed-identity-missing", Step: "credential", Says: "this machine has no such managed identity",
			Remedy: "assign the identity to it; for one that is user-assigned set AZURE_CLIENT_ID to its client id; on a developer's " +
				"machine take AzureCLICredential, here with -credential",
			Commands: []Command{
				{"", `az vm identity show --name {machine} --resource-group {machine_group}`},
				{"", `az vm identity assign --name {machine} --resource-group {machine_group}`},
			},
		},
		{
			ID: "tool-missing", Step: "credential", Says: "the command line tool that the credential runs was not found",
			Remedy: "install it, or put it on the PATH of this process",
		},
		{
			ID: "az-not-signed-in", Step: "credential", Says: "the Azure CLI is not signed in",
			Remedy: "sign in as the user of this process: sudo and containers have a home directory of their own", Commands: []Command{{"", `az login`}},
		},
		{
			ID: "azd-not-signed-in", Step: "credential", Says: "the Azure Developer CLI is not signed in",
			Remedy: "sign in as the user of this process", Commands: []Command{{"", `azd auth login`}},
		},
		{
			ID: "powershell-not-signed-in", Step: "credential", Says: "Azure PowerShell is not signed in",
			Remedy: "sign in as the user of this process", Commands: []Command{{"", `pwsh -Command Connect-AzAccount`}},
		},
		{
			ID: "powershell-module-missing", Step: "credential", Says: "Azure PowerShell has no module Az.Accounts 2.2.0 or later",
			Remedy:   "install it, or take another credential",
			Commands: []Command{{"", `pwsh -Command 'Install-Module -Name Az.Accounts -MinimumVersion 2.2.0 -Scope CurrentUser'`}},
		},
		{
			ID: "person-needed", Step: "credential", Says: "the credential can acquire no token without a person who signs in",
			Remedy: "have the program call the credential's method Authenticate before entra.NewSource, while a person is there; on a " +
				"developer's machine sign in with az and take AzureCLICredential",
			Commands: []Command{{"", `az login`}},
		},
		{
			ID: "entra-unreachable", Step: "credential", Says: "Microsoft Entra, or the managed identity endpoint, cannot be reached from here",
			Remedy: "check DNS, proxy (HTTPS_PROXY) and firewall on the way to login.microsoftonline.com, port 443, or to the host of your Azure cloud",
		},
		{
			ID: "entra-silent", Step: "credential", Says: "the credential does not answer in time",
			Remedy: "check the firewall on the way to login.microsoftonline.com, port 443, and whether the credential asks a person",
		},
		{
			ID: "entra-down", Step: "credential", Says: "Microsoft Entra, or the managed identity endpoint, answers with an error of its own",
			Remedy: "wait, and run this again; https://azure.status.microsoft shows outages",
		},
		{
			ID: "entra-throttles", Step: "credential", Says: "Microsoft Entra or the managed identity endpoint gets too many requests",
			Remedy: "wait a minute; look for a program that asks for a token for each connection",
		},
		{
			ID: "credential-rejected", Step: "credential", Says: "Microsoft Entra rejects the credential",
			Remedy: "look up the code at https://login.microsoftonline.com/error?code={code}; check the tenant, the client id, and the secret or certificate",
		},
		{
			ID: "secret-wrong", Step: "credential", Says: "the client secret is wrong", Codes: []string{"AADSTS7000215"},
			Remedy:   "set AZURE_CLIENT_SECRET to the value of the secret and not to its id, or create another secret",
			Commands: []Command{reset},
		},
		{
			ID: "secret-expired", Step: "credential", Says: "the client secret has expired", Codes: []string{"AADSTS7000222"},
			Remedy: "create another one", Commands: []Command{reset},
		},
		{
			ID: "client-unknown", Step: "credential", Says: "Microsoft Entra knows no application of this client id in this tenant",
			Codes:    []string{"AADSTS700016"},
			Remedy:   "check AZURE_CLIENT_ID and AZURE_TENANT_ID",
			Commands: []Command{{"", `az ad app show --id {client_id} --query appId --output tsv`}},
		},
		{
			ID: "tenant-unknown", Step: "credential", Says: "Microsoft Entra knows no such tenant", Codes: []string{"AADSTS90002", "AADSTS900023"},
			Remedy:   "check AZURE_TENANT_ID, and that AZURE_AUTHORITY_HOST is that of the right Azure cloud",
			Commands: []Command{{"", `az account show --query tenantId --output tsv`}},
		},
		{
			ID: "resource-refused", Step: "credential", Says: "the identity may not get tokens for this resource",
			Codes:  []string{"AADSTS650057", "AADSTS500011", "AADSTS65001", "AADSTS650052"},
			Remedy: "leave Scope empty, here -scope; if the tenant does not know the name, use acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default",
		},
		{
			ID: "scope-invalid", Step: "credential", Says: "the scope is not valid", Codes: []string{"AADSTS70011", "AADSTS1002012"},
			Remedy: "leave Scope empty, here -scope; a scope ends in /.default",
		},
		{
			ID: "request-loop", Step: "credential", Says: "Microsoft Entra has counted a loop of requests by this identity", Codes: []string{"AADSTS50196"},
			Remedy: "look for a program that repeats its requests, and stop it",
		},
		{
			ID: "assertion-invalid", Step: "credential", Says: "the client assertion or its certificate is not valid",
			Codes:    []string{"AADSTS700024", "AADSTS700027", "AADSTS700021"},
			Remedy:   "check the certificate or the federated token file, and this machine's clock",
			Commands: []Command{{"", `az ad app credential list --id {client_id} --cert --output table`}},
		},
		{
			ID: "federation-mismatch", Step: "credential", Says: "no federated credential of the identity matches the token of this workload",
			Codes:  []string{"AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213"},
			Remedy: "compare issuer, subject and audience of its federated credentials with those of the workload",
			Commands: []Command{
				{"", `az identity federated-credential list --identity-name {identity} --resource-group {identity_group} --output table`},
				{"", `az ad app federated-credential list --id {client_id} --output table`},
			},
		},
		{
			ID: "identity-disabled", Step: "credential", Says: "the identity is disabled", Codes: []string{"AADSTS7000112", "AADSTS50057"},
			Remedy: "enable it", Commands: []Command{{"", `az ad sp update --id {client_id} --set accountEnabled=true`}},
		},
		{
			ID: "password-wrong", Step: "credential", Says: "the user name or the password is wrong", Codes: []string{"AADSTS50126", "AADSTS50034"},
			Remedy: "check both, or sign in with az login", Commands: []Command{{"", login}},
		},
		{
			ID: "account-locked", Step: "credential", Says: "the account is locked", Codes: []string{"AADSTS50053"},
			Remedy: "wait, or have an administrator unlock it",
		},
		{
			ID: "conditional-access", Step: "credential", Says: "a conditional access policy blocks the sign-in",
			Codes:  []string{"AADSTS53003", "AADSTS530003", "AADSTS53000"},
			Remedy: "have an administrator look at the policies for this identity",
		},
		{
			ID: "second-factor-needed", Step: "credential", Says: "the sign-in needs a second factor",
			Codes:  []string{"AADSTS50076", "AADSTS50079", "AADSTS50158"},
			Remedy: "sign in again with the tool that the credential uses", Commands: []Command{{"", login}},
		},
		{
			ID: "sign-in-expired", Step: "credential", Says: "the sign-in has expired or was revoked",
			Codes: []string{"AADSTS70043", "AADSTS700082", "AADSTS50173", "AADSTS70008", "AADSTS700084", "AADSTS50078", "AADSTS50132",
				"AADSTS50133"},
			Remedy: "sign in again with the tool that the credential uses", Commands: []Command{{"", login}},
		},
		{
			ID: "token-empty", Step: "credential", Says: "the credential returned no token and no error",
			Remedy: "check the managed identity endpoint, or whatever else it asks",
		},
		{
			ID: "token-expired", Step: "credential", Says: "the token had expired when it came, by this machine's clock",
			Remedy: "check this machine's clock, and that of any cache of the credential", Commands: []Command{{"", "timedatectl status"}},
		},
		{
			ID: "token-without-user", Step: "credential", Says: "the token does not name its user: it has no oid claim",
			Remedy:   "set Username to the object id of the identity, here with -user",
			Commands: []Command{{"", objectID}},
		},
		{
			ID: "token-not-for-redis", Step: "identity", Says: "the token is for {audience}, and not for Redis",
			Remedy: "leave Scope empty, here -scope, or set it to https://redis.azure.com/.default",
		},
		{
			ID: "another-identity", Step: "identity", Says: "AZURE_CLIENT_ID is {configured}, and the token is that of the client id {client_id}",
			Remedy: "make the credential that you mean in place of the chain, of which another one has answered; here -credential names one",
		},
		{
			ID: "user-is-client-id", Step: "identity", Says: "the user name is the client id of the identity, and Redis knows it by its object id {object_id}",
			Remedy:   "leave Username empty, here -user, and give the access policy assignment to the object id",
			Commands: []Command{{"", objectID}},
		},
		{
			ID: "user-is-not-object-id", Step: "identity", Says: "the user name is {user}, and the object id of the identity is {object_id}",
			Remedy: "leave Username empty, here -user",
		},
	}
}
