package azure

// An Alert is a rule of Azure Monitor that fires for each service, or for each pod, that its query returns.
type Alert struct {
	Name        string // the one of the runbook
	Severity    int    // 0 critical, 2 warning
	Description string
	Query       string
	Dimensions  []string // columns that tell what it fires for
	Window      string   // over how much the query looks
	Every       string   // how often it runs
}

const (
	critical = 0
	warning  = 2
)

// Alerts are the alerts, the most urgent first.
func Alerts() []Alert {
	return []Alert{
		ofService("EntraRedisNoValidToken", "no_valid_token", critical,
			"Redis commands fail in these pods now: their last token has expired, or they have never had one."),
		ofService("EntraRedisEntraRejecting", "entra_rejecting", critical,
			"Microsoft Entra or the managed identity endpoint refuses the credential. Redis commands fail when the last token expires."),
		ofService("EntraRedisAuthRefused", "auth_refused", critical,
			"Redis refuses the token. New connections fail; open ones last until their older token expires."),
		ofService("EntraRedisTokenNotRenewed", "token_not_renewed", critical,
			"The newest token expires within 4 minutes, or a tenth of a shorter life, and there is no newer one."),
		ofService("EntraRedisTokenRefreshFailing", "token_refresh_failing", warning,
			"The last three requests for a token or more have failed. As long as the last token lives, Redis commands work."),
		ofService("EntraRedisReconnectStorm", "reconnect_storm", warning,
			"Each connection of a pool came back more than twice in ten minutes, and more than five did."),
		ofService("EntraRedisConnectionsAtRisk", "connections_at_risk", warning,
			"Connections hold a token that expires within 3 minutes or has expired, although there is a newer one."),
		{
			Name: "EntraRedisPodInTrouble", Severity: warning, Dimensions: append(service(), "problem"), Window: "PT1H", Every: "PT5M",
			Description: "A few pods of a service have a problem that the others do not have. The runbook has a section for each problem.",
			Query:       ofNow.in(sick + "| where not(" + atLeast(manyPods) + ")\n" + shown),
		},
		{
			Name: "EntraRedisMetricsMissing", Severity: warning, Dimensions: []string{"service"}, Window: "P1D", Every: "PT15M",
			Description: "The service still sends requests, dependencies or logs, but no metrics of entraredis for 10 minutes. No other alert can fire for it.",
			Query: `customMetrics
| where timestamp > ago(1d) and name startswith "entraredis."
| summarize reported = max(timestamp) by service = coalesce(cloud_RoleName, "-")
| where reported < ago(10m)
| join kind=inner (
    union requests, dependencies, traces
    | where timestamp > ago(10m)
    | summarize rows = count() by service = coalesce(cloud_RoleName, "-")
) on service
| project service, reported`,
		},
	}
}

func service() []string { return []string{"cluster", "namespace", "service"} }

// shown is what an alert tells.
const shown = `| project $service, problem, sick, pods, names, subject, detail`

// ofService returns the alert for a problem that many pods of a service have.
func ofService(name, problem string, severity int, description string) Alert {
	return Alert{
		Name: name, Severity: severity, Description: description, Dimensions: service(), Window: "PT1H", Every: "PT5M",
		Query: ofNow.in(sick + `| where problem == "` + problem + `" and ` + atLeast(manyPods) + "\n" + shown),
	}
}
