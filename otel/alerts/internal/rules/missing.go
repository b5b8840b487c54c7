package rules

import "time"

// missing returns the alerts that tell when there is nothing to look at.
func missing(o Options) []Rule {
	const reporting = servicePods + `{entraredis_identity_name!=""}`
	return []Rule{
		{
			Alert: "EntraRedisMetricsMissing", For: 5 * time.Minute, Labels: map[string]string{"severity": warning},
			Comment: "The service reported within a day, its pods are still scraped or should be, and it has reported nothing for ten " +
				"minutes. A service that was scaled to zero has no pods to scrape, so it has no series up.",
			Expr: o.expand(`max_over_time(` + reporting + `[1d])
  unless ignoring ($identity)
` + reporting + `
  and ignoring ($identity, $pod)
up`),
			Summary: serviceName + " no longer reports metrics of Redis authentication.",
			Description: "Up to {{ $value }} pods reported within a day; for 10 minutes none has, although Prometheus still has targets " +
				"of this service. No other alert of entraredis can fire for it.",
		},
		{
			Alert: "EntraRedisMetricNames", For: 15 * time.Minute, Labels: map[string]string{"severity": warning},
			Comment: "Another translation of the names. The rules have to be generated for it.",
			Expr: o.expand(`count without ($pod) (max without ($scope) ($foreign))
  unless
count without ($pod) (max without ($scope) ($expiry))`),
			Summary:     "The alerts of entraredis do not see " + serviceName + ".",
			Description: o.expand("{{ $value }} pods report $foreign, but these rules look at $expiry. Generate the rules for the names that arrive."),
		},
		{
			Alert: "EntraRedisNoMetrics", For: 30 * time.Minute, Labels: map[string]string{"severity": warning},
			Comment: "A week, so that services may be scaled to zero over holidays.",
			Expr:    "absent_over_time(" + reporting + "[7d:10m])",
			Summary: "No metrics of entraredis arrive.",
			Description: "For a week no service has reported metrics of Redis authentication to this Prometheus. " +
				"Until they arrive, no other alert of entraredis can fire.",
		},
	}
}
