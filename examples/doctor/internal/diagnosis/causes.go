package diagnosis

import "slices"

// Causes returns the whole table, in the order of the steps. docs/doctor.md has the same.
func Causes() []Cause {
	return slices.Concat(addressCauses(), identityCauses(), networkCauses(), serverCauses(), clusterCauses(), clockCauses())
}

func addressCauses() []Cause {
	return []Cause{
		{
			ID: "address-malformed", Step: "address", Says: "the address is not host:port",
			Remedy: "write the host name of the cache and its TLS port, 6380 for Azure Cache for Redis and 10000 for Azure Managed Redis",
			Commands: []Command{
				{AzureCache, `az redis list --query "[].[hostName, sslPort]" --output table`},
				{AzureManaged, `az redisenterprise list --query "[].hostName" --output tsv`},
			},
		},
		{
			ID: "enterprise-tier", Step: "address",
			Says:   "{host} is a cache of the Enterprise tiers of Azure Cache for Redis, which take no tokens of Microsoft Entra",
			Remedy: "move to Azure Managed Redis, or go on with access keys",
		},
		{
			ID: "unusual-port", Step: "address", Says: "caches of this service listen with TLS on port {usual_port}, and the address has {port}",
			Remedy: "dial {host}:{usual_port}",
		},
	}
}

func networkCauses() []Cause {
	const firewall = `az redis firewall-rules list --name {cache} --resource-group {group} --output table`
	return []Cause{
		{
			ID: "dns-unknown", Step: "dns", Says: "DNS knows no {host}",
			Remedy: "check the spelling, and that the cache exists; if it has a private endpoint only, link its private DNS zone to this network",
			Commands: []Command{
				{AzureCache, `az redis list --query "[].hostName" --output tsv`},
				{AzureCache, `az network private-dns zone list --query "[?name=='privatelink.redis.cache.windows.net'].id" --output tsv`},
				{AzureManaged, `az redisenterprise list --query "[].hostName" --output tsv`},
				{AzureManaged, `az network private-dns zone list --query "[?name=='privatelink.redis.azure.net'].id" --output tsv`},
			},
		},
		{
			ID: "dns-silent", Step: "dns", Says: "DNS gives no answer about {host}",
			Remedy: "check the DNS servers of this machine or pod, and the way to them",
		},
		{
			ID: "tcp-refused", Step: "tcp", Says: "{host} refuses connections to port {port}",
			Remedy: "check that the server runs, and its port: 6380 for Azure Cache for Redis, 10000 for Azure Managed Redis",
			Commands: []Command{
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query "[sslPort, provisioningState]" --output tsv`},
				{AzureManaged, `az redisenterprise database show --cluster-name {cache} --resource-group {group} --query "[port, provisioningState]" --output tsv`},
			},
		},
		{
			ID: "tcp-silent", Step: "tcp", Says: "nothing answers at {addresses} (a {kind} address) on port {port}",
			Remedy: "allow this machine to reach that port: firewall rules of the cache, network security groups, public network access; with a " +
				"private endpoint the name has to lead to a private address here, so link its private DNS zone to this network",
			Commands: []Command{
				{AzureCache, firewall},
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
				{AzureManaged, `az redisenterprise show --cluster-name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
			},
		},
		{
			ID: "tcp-unreachable", Step: "tcp", Says: "there is no way from here to {addresses} (a {kind} address)",
			Remedy: "check the routes of this network, its peering with that of the private endpoint, and the VPN",
		},
		{
			ID: "plain-port", Step: "tls", Says: "the server at port {port} speaks no TLS, and no token may cross a network in plain text",
			Remedy: "dial the TLS port: 6380 for Azure Cache for Redis, 10000 for Azure Managed Redis",
			Commands: []Command{
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query sslPort --output tsv`},
				{AzureManaged, `az redisenterprise database show --cluster-name {cache} --resource-group {group} --query "[port, clientProtocol]" --output tsv`},
			},
		},
		{
			ID: "plain-on-this-machine", Step: "tls", Says: "the server speaks no TLS, which is good enough on this machine only",
			Remedy: "leave TLSConfig nil for this address, and set it for a cache in Azure",
		},
		{
			ID: "certificate-name", Step: "tls", Says: "the certificate is for {names}, and not for {host}",
			Remedy: "dial the cache by its own name, not by an IP address, an alias or its privatelink name; where that cannot be, set " +
				"TLSConfig.ServerName to that name",
			Commands: []Command{
				{AzureCache, `az redis list --query "[].hostName" --output tsv`},
				{AzureManaged, `az redisenterprise list --query "[].hostName" --output tsv`},
			},
		},
		{
			ID: "certificate-authority", Step: "tls", Says: "this machine does not know the authority that issued the certificate: {issuer}",
			Remedy: "install the system's root certificates (the package ca-certificates); if a proxy decrypts TLS here, exempt the cache from it",
		},
		{
			ID: "certificate-expired", Step: "tls", Says: "the certificate is not valid at this time, by this machine's clock",
			Remedy: "check this machine's clock; if it is right, the server behind this name is not the cache",
		},
		{
			ID: "certificate-invalid", Step: "tls", Says: "the certificate of {host} is not valid",
			Remedy: "check what answers at {addresses}: it is not a cache of Azure's",
		},
		{
			ID: "tls-too-old", Step: "tls", Says: "the server offers no TLS 1.2",
			Remedy: "set the minimum TLS version of the cache to 1.2, and check that no old proxy stands before it",
			Commands: []Command{
				{AzureCache, `az redis update --name {cache} --resource-group {group} --set minimumTlsVersion=1.2`},
				{AzureManaged, `az redisenterprise update --cluster-name {cache} --resource-group {group} --minimum-tls-version 1.2`},
			},
		},
		{
			ID: "not-tls", Step: "tls", Says: "what answers at {host}:{port} speaks neither TLS nor Redis",
			Remedy: "check the address and its port",
		},
		{
			ID: "tls-silent", Step: "tls", Says: "the server takes the connection and does not complete the TLS handshake",
			Remedy: "check the port, and what stands before the cache: a firewall that closes connections, a load balancer without a backend, " +
				"public network access that is disabled",
			Commands: []Command{
				{AzureCache, firewall},
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
				{AzureManaged, `az redisenterprise show --cluster-name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
			},
		},
	}
}

func serverCauses() []Cause {
	return []Cause{
		{
			ID: "not-redis", Step: "server", Says: "what answers at {host}:{port} is not Redis",
			Remedy: "check the address and its port",
		},
		{
			ID: "server-silent", Step: "server", Says: "the server takes the connection and answers nothing",
			Remedy: "check what stands before the cache, and whether the cache is being created, scaled or rebooted",
			Commands: []Command{
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query provisioningState --output tsv`},
				{AzureManaged, `az redisenterprise show --cluster-name {cache} --resource-group {group} --query provisioningState --output tsv`},
			},
		},
		{
			ID: "server-closes", Step: "server", Says: "the server closes the connection before any login",
			Remedy: "check the cache's firewall and its public network access: Azure closes connections that these forbid after the handshake",
			Commands: []Command{
				{AzureCache, `az redis firewall-rules list --name {cache} --resource-group {group} --output table`},
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
				{AzureManaged, `az redisenterprise show --cluster-name {cache} --resource-group {group} --query publicNetworkAccess --output tsv`},
			},
		},
		{
			ID: "server-full", Step: "server", Says: "the server has as many connections as it takes",
			Remedy: "close connections of other programs, make pools smaller, or scale the cache up",
		},
		{
			ID: "server-not-ready", Step: "server", Says: "the server serves no client at the moment: {words}",
			Remedy: "wait, and run this again: it is loading its data, busy, or waits for its master",
		},
		{
			ID: "protected-mode", Step: "server", Says: "the server takes connections from its own machine only",
			Remedy: "this is a development server: give it a password and an address, or run this program beside it",
		},
		{
			ID: "login-silent", Step: "login", Says: "the server does not answer AUTH",
			Remedy: "check proxies between here and the cache: one takes connections and passes no login on",
		},
		{
			ID: "login-closes", Step: "login", Says: "the server closes the connection in place of an answer to AUTH",
			Remedy: "check proxies between here and the cache: one allows no AUTH, or no password as long as a token",
		},
		{
			ID: "server-without-passwords", Step: "login", Says: "the server has no password set, so it knows no tokens",
			Remedy: "check the address; for a development server set Username to default, here with -user default",
		},
		{
			ID: "server-without-auth", Step: "login", Says: "the server does not know AUTH with a user name: {words}",
			Remedy: "check that the address is a Redis of version 6 or later, and that no proxy or setting disables AUTH",
		},
		{
			ID: "no-assignment", Step: "login", Says: "the cache knows no user {user}: this identity has no access policy assignment there",
			Remedy: "give it one, and enable Microsoft Entra authentication on the cache; a new assignment takes some minutes",
			Commands: []Command{
				{AzureCache, `az redis access-policy-assignment create --name {cache} --resource-group {group} --policy-assignment-name {assignment} ` +
					`--access-policy-name "Data Contributor" --object-id {object_id} --object-id-alias {assignment}`},
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query redisConfiguration.aadEnabled --output tsv`},
				{AzureManaged, `az redisenterprise database access-policy-assignment create --cluster-name {cache} --resource-group {group} ` +
					`--database-name default --access-policy-assignment-name {assignment} --access-policy-name default --object-id {object_id}`},
			},
		},
		{
			ID: "local-server-refuses", Step: "login", Says: "the server on this machine does not take the token as the password of {user}",
			Remedy: "for a development server remove its password and set Username to default, here with -user default; if this address is a " +
				"tunnel to a cache, examine the cache's own address",
		},
		{
			ID: "login-forbidden", Step: "login", Says: "the cache knows the user {user}, and its access policy forbids the login: {words}",
			Remedy: "give the identity another access policy, or extend its own",
			Commands: []Command{
				{AzureCache, `az redis access-policy list --name {cache} --resource-group {group} --output table`},
				{AzureCache, `az redis access-policy-assignment list --name {cache} --resource-group {group} --output table`},
				{AzureManaged, `az redisenterprise database access-policy-assignment list --cluster-name {cache} --resource-group {group} ` +
					`--database-name default --output table`},
			},
		},
		{
			ID: "server-unfit", Step: "login", Says: "the server takes no login because it cannot do its work: {words}",
			Remedy: "look at the health of the cache: its disk may be full, or a replica may be without its master; the identity is not the reason",
			Commands: []Command{
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query provisioningState --output tsv`},
				{AzureManaged, `az redisenterprise show --cluster-name {cache} --resource-group {group} --query resourceState --output tsv`},
			},
		},
		{
			ID: "renewal-refused", Step: "renewal", Says: "the server refuses a second AUTH on an open connection, which each new token needs",
			Remedy: "check proxies between here and the cache: one of them handles AUTH itself",
		},
		{
			ID: "second-connection", Step: "pipeline", Says: "a second connection failed where the first one did not",
			Remedy: "run this again: several proxies serve the address, and one does not know the identity yet or is in trouble",
		},
		{
			ID: "separate-login-needed", Step: "pipeline", Says: "the server loses a command that follows an AUTH before its answer",
			Remedy: "set SeparateLogin in the options of the adapter, which costs one round trip for each connection",
		},
		{
			ID: "hello-forbidden", Step: "protocol", Says: "the access policy forbids HELLO: rueidis cannot connect, and subscriptions in RESP2 end with their tokens",
			Remedy: "add +hello to the permissions of the access policy",
			Commands: []Command{
				{AzureCache, `az redis access-policy list --name {cache} --resource-group {group} --output table`},
				{AzureCache, `az redis access-policy update --name {cache} --resource-group {group} --access-policy-name {policy} --permissions "{policy_permissions} +hello"`},
			},
		},
		{
			ID: "stays-in-resp2", Step: "protocol", Says: "the server stays in RESP2: subscriptions in RESP2 end with their tokens, and rueidis has no cache",
			Remedy: "set DisableCache for rueidis; take RESP3 from the proxy that answers HELLO, if there is one",
		},
		{
			ID: "connection-lost", Step: "protocol", Says: "the connection was lost while it was examined",
			Remedy: "run this again; if it happens again, check proxies between here and the cache",
		},
		{
			ID: "read-only", Step: "commands", Says: "the identity may read only",
			Remedy: "give it another access policy if the program writes",
			Commands: []Command{
				{AzureCache, `az redis access-policy-assignment list --name {cache} --resource-group {group} --output table`},
			},
		},
		{
			ID: "commands-forbidden", Step: "commands", Says: "the access policy forbids {commands}",
			Remedy: "docs/doctor.md says which client sends these; add to the permissions of the access policy what the program needs of {permissions}",
			Commands: []Command{
				{AzureCache, `az redis access-policy list --name {cache} --resource-group {group} --output table`},
				{AzureCache, `az redis access-policy update --name {cache} --resource-group {group} --access-policy-name {policy} --permissions "{policy_permissions}"`},
			},
		},
	}
}

func clusterCauses() []Cause {
	return []Cause{
		{
			ID: "cluster-unknown", Step: "cluster", Says: "the access policy forbids CLUSTER SLOTS, so clients of a cluster cannot connect",
			Remedy: "add +cluster|slots +cluster|shards to the permissions of the access policy if the cache is a cluster",
			Commands: []Command{
				{AzureCache, `az redis show --name {cache} --resource-group {group} --query shardCount --output tsv`},
				{AzureManaged, `az redisenterprise database show --cluster-name {cache} --resource-group {group} --query clusteringPolicy --output tsv`},
			},
		},
		{
			ID: "seed-host-needed", Step: "cluster",
			Says:   "the cluster announces nodes at addresses that cannot be used from here, {node} for example, and all of them answer at {host}",
			Remedy: `set SeedHost: true in the options of the adapter`,
		},
		{
			ID: "node-unreachable", Step: "cluster", Says: "the node {node} of the cluster cannot be reached from here: {reason}",
			Remedy: "allow this machine to reach the ports of all nodes: 13000 to 13999 and 15000 to 15999 for Azure Cache for Redis, 8500 to 8599 for Azure Managed Redis",
		},
		{
			ID: "node-certificate", Step: "cluster", Says: "the certificate of the node {node} is for {names}",
			Remedy: "dial the cache by its own name, which the certificate has: nodes are verified against the host of the seed",
		},
		{
			ID: "node-not-trusted", Step: "cluster", Says: "the cluster announces {node}, which does not belong to {host}, so it gets no token",
			Remedy: "set TrustNode in the options of the adapter if that host may get the token",
		},
		{
			ID: "node-refuses-login", Step: "cluster", Says: "the node {node} refuses a login that {host} accepts: {reason}",
			Remedy: "wait some minutes, and run this again: a new assignment arrives at each node by itself",
		},
	}
}

func clockCauses() []Cause {
	return []Cause{
		{
			ID: "clock-wrong", Step: "clock", Says: "this machine's clock is {skew} that of {clock}",
			Remedy:   "synchronize this machine's clock: tokens expire by the server's clock",
			Commands: []Command{{"", "timedatectl status"}},
		},
	}
}
