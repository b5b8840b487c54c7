package rules

import "time"

// tokenProblems returns those of a token, the worst first: each hides what follows.
func tokenProblems() []Problem {
	return []Problem{
		{
			Alert: "EntraRedisNoValidToken", Label: "no_valid_token", Severity: critical, For: hiding,
			comment: "The last token has expired, or there has never been one: then a pod reports failures and no expiry. A new " +
				"node's managed identity endpoint may need more than a minute to answer, so these failures have lasted for a " +
				"minute. A pod in a crash loop is seen only now and then, so the last ten minutes count. That window lies in the " +
				"one for expiries, so a pod that had a token and has ended is never taken for it. The value is the failures in a row.",
			expr: `max without ($scope) ($failures)
  and
min without ($scope) ($expiry) <= 0
  or
(max without ($scope) ($failures > 0 and $failures offset 1m > 0) unless min without ($scope) ($expiry))
  or
(max without ($scope) (max_over_time($failures[10m] offset 1m)) > 0 unless min without ($scope) (max_over_time($expiry[11m])))`,
			service: serviceName + " has no valid Entra token in " + howMany + ".",
			serviceMeans: "Redis commands fail in these pods now: no connection can log in, and the server closes those that are open. " +
				"The last token of " + identity + " has expired, or the pods have never had one.",
			pod: "Pod " + podName + " has no valid Entra token.",
			podMeans: "Redis commands fail in this pod now: the last token of " + identity + " has expired, or there has never been one. " +
				"{{ $value }} attempts in a row have failed.",
		},
		{
			Alert: "EntraRedisEntraRejecting", Label: "entra_rejecting", Severity: critical, For: hiding,
			comment: "Requests with claims may be refused without anything being wrong, so failures in a row count as well. Refused " +
				"requests are up to 5 minutes apart: in 15 minutes there are several. They are more than half of the requests that " +
				"failed, so one refusal does not count in an outage of the network. The value is the failures in a row.",
			expr: `max without ($scope) (max_over_time($failures[2m])) > 0
  and
sum without ($scope, error_type) (increase($requestFailures{error_type="rejected"}[15m]))
  >
0.5 * sum without ($scope, error_type) (increase($requestFailures[15m]))`,
			hidden:  []string{"no_valid_token"},
			service: "Entra rejects the credential of " + serviceName + " in " + howMany + ".",
			serviceMeans: "Microsoft Entra or the managed identity endpoint says no to " + identity + ". An operator must fix the secret, " +
				"the certificate or the identity assignment. Redis commands fail when the last token expires.",
			pod: "Entra rejects the credential of pod " + podName + ".",
			podMeans: "Microsoft Entra or the managed identity endpoint says no to " + identity + ", {{ $value }} times in a row so far. " +
				"Redis commands of this pod fail when its last token expires.",
		},
		{
			Alert: "EntraRedisTokenNotRenewed", Label: "token_not_renewed", Severity: critical, For: hiding,
			comment: "Renewal begins at 70 to 80 % of a token's life. Credentials that cannot skip their own cache renew with 5 to 4 " +
				"minutes left: a process below that is late. Tokens that live less than 40 minutes get a tenth of their life, " +
				"which the maximum of the last hour shows. The value is the time left.",
			expr: `min without ($scope) ($expiry)
  <
clamp_max(0.1 * max without ($scope) (max_over_time($expiry[1h])), 240)`,
			hidden:  []string{"no_valid_token", "entra_rejecting"},
			service: "The Entra token of " + serviceName + " has not been renewed in time in " + howMany + ".",
			serviceMeans: "The tokens of " + identity + " expire within 4 minutes, or a tenth of a shorter life. Then no connection can log in, " +
				"the server closes those that are open, and Redis commands fail.",
			pod: "Pod " + podName + " has not renewed its Entra token in time.",
			podMeans: "Its token of " + identity + " expires in {{ $value | humanizeDuration }}. Then no connection of this pod can log in, " +
				"the server closes those that are open, and Redis commands fail.",
		},
		{
			Alert: "EntraRedisTokenRefreshFailing", Label: "token_refresh_failing", Severity: warning, For: 5 * time.Minute,
			comment: "Over two minutes, because a service that ends for want of a token and starts again begins to count anew. The " +
				"value is the failures in a row.",
			expr:    `max without ($scope) (max_over_time($failures[2m])) >= 3`,
			hidden:  []string{"no_valid_token", "entra_rejecting", "token_not_renewed"},
			service: serviceName + " cannot get an Entra token in " + howMany + ".",
			serviceMeans: "The last three requests or more for a token of " + identity + " have failed. As long as the last token lives, " +
				"which is 4 minutes or longer, Redis commands work.",
			pod: "Pod " + podName + " cannot get an Entra token.",
			podMeans: "{{ $value }} requests in a row for a token of " + identity + " have failed. As long as the last token lives, " +
				"which is 4 minutes or longer, Redis commands work.",
		},
	}
}
