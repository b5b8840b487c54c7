package rules

import "time"

// poolProblems returns those of the connections to one server.
func poolProblems() []Problem {
	return []Problem{
		{
			Alert: "EntraRedisAuthRefused", Label: "auth_refused", Severity: critical, For: hiding,
			comment: "A gauge says how many servers answered the last AUTH with a refusal: it needs no earlier scrape. The last " +
				"value counts for ten minutes, for pods in a crash loop. The counter sees proxies behind one address that do not " +
				"agree. There have to be two refusals: increase extrapolates one to 1.5 at most. The value is the servers that refuse.",
			expr: `max without ($scope) (last_over_time($refusing[10m])) > 0
  or
clamp_max(ceil(sum without ($scope, db_response_status_code) (increase($refusals[10m])) - 1.5) > 0, 1)`,
			service: "Redis refuses the Entra token of " + serviceName + " in " + howMany + ".",
			serviceMeans: server + " has refused AUTH in the last 10 minutes. New connections fail with every refusal; open ones last " +
				"until their older token expires. Give the identity an access policy assignment on this cache.",
			pod: "Redis refuses the Entra token of pod " + podName + ".",
			podMeans: server + " has refused AUTH in the last 10 minutes: servers that refuse: {{ $value }}. New connections of this pod fail " +
				"with every refusal; open ones last until their older token expires.",
		},
		{
			Alert: "EntraRedisConnectionsAtRisk", Label: "connections_at_risk", Severity: warning, For: time.Minute,
			comment: "Every connection should hold the newer token 3 minutes before the older one expires. The value is the connections.",
			expr:    `sum without ($scope, entraredis_connection_token_state) ($active{entraredis_connection_token_state=~"at_risk|expired"}) > 0`,
			hidden:  []string{"auth_refused"}, hiddenByToken: []string{"token_not_renewed"},
			service: "Redis is about to close connections of " + serviceName + " in " + howMany + ".",
			serviceMeans: "Connections to " + server + " hold a token that expires within 3 minutes or has expired, although there is " +
				"a newer one. The server closes them then, and what is under way on them fails.",
			pod: "Redis is about to close connections of pod " + podName + ".",
			podMeans: "{{ $value }} connections to " + server + " hold a token that expires within 3 minutes or has expired, although " +
				"there is a newer one. The server closes them then, and what is under way on them fails.",
		},
		{
			Alert: "EntraRedisReconnectStorm", Label: "reconnect_storm", Severity: warning, For: 5 * time.Minute,
			comment: "When a node reboots, each connection comes back once, and twice if the service moves back. Here each has come " +
				"back more than twice, and more than five have. The most there were count, because a pool may come back smaller. " +
				"The value is the reconnections.",
			expr: `sum without ($scope, entraredis_connection_retire_reason) (increase($reconnections[10m]))
  >
clamp_min(2 * max_over_time(sum without ($scope, entraredis_connection_token_state) ($active)[10m:1m]), 5)`,
			hidden:  []string{"auth_refused"},
			service: "Connections of " + serviceName + " to Redis break again and again in " + howMany + ".",
			serviceMeans: "In 10 minutes each connection to " + server + " has come back more than twice, and more than five times in all. " +
				"What was under way on it failed each time.",
			pod: "Connections of pod " + podName + " to Redis break again and again.",
			podMeans: "Connections to " + server + ` have come back {{ printf "%.0f" $value }} times in 10 minutes, which is more than ` +
				"twice for each. What was under way on them failed each time.",
		},
	}
}
