package azure

import "strconv"

// problems is one row for each pod in which something is wrong: the worst, so that a reader is told once. The order of the
// conditions is that of their urgency. Windows are as in otel/alerts: ten minutes, so that a pod in a crash loop counts.
//
// A gauge counts by its last value, a counter by the sum of its deltas.
const problems = `$metrics
let failures = metrics
| where name == "entraredis.token.refresh.consecutive_failures" and timestamp > ago(10m)
| summarize arg_max(timestamp, valueSum) by $pod, identity
| project $pod, identity, failures = valueSum;
let expiry = metrics
| where name == "entraredis.token.time_to_expiry"
| summarize arg_max(timestamp, valueSum), longest = max(valueSum) by $pod, identity
| project $pod, identity, longest, remaining = iff(timestamp > ago(10m), valueSum, real(null));
let rejections = metrics
| where name == "entraredis.token.request.failures" and timestamp > ago(15m)
| extend rejected = tostring(customDimensions["error.type"]) == "rejected"
| summarize rejections = sumif(valueSum, rejected), otherFailures = sumif(valueSum, not(rejected)) by $pod, identity;
let ofTokens = failures
| join kind=leftouter expiry on $pod, identity
| join kind=leftouter rejections on $pod, identity
| extend rank = case(
    remaining <= 0 or (isnull(remaining) and failures > 0), 1,
    failures > 0 and rejections > otherFailures, 2,
    remaining < min_of(240.0, 0.1 * longest), 4,
    failures >= 3, 5,
    0)
| project $pod, rank, subject = identity,
    detail = strcat(failures, " failures in a row, token expires in ", coalesce(tostring(toint(remaining)), "-"), " s");
let connections = metrics
| where name == "entraredis.connection.active" and timestamp > ago(10m)
| extend state = tostring(customDimensions["entraredis.connection.token_state"])
| summarize open = sum(valueSum), atRisk = sumif(valueSum, state in ("at_risk", "expired")) by $pool, timestamp
| summarize arg_max(timestamp, atRisk), most = max(open) by $pool;
let refusing = metrics
| where name == "entraredis.connection.auth.refusing" and timestamp > ago(10m)
| summarize refusing = max(valueSum) by $pool, timestamp
| summarize arg_max(timestamp, refusing) by $pool;
let ofPools = metrics
| where timestamp > ago(10m)
| where name in ("entraredis.connection.auth.refusing", "entraredis.connection.auth.refusals", "entraredis.connection.reconnections")
| extend code = tostring(customDimensions["db.response.status_code"])
| summarize refusals = sumif(valueSum, name == "entraredis.connection.auth.refusals"),
    codes = make_set_if(code, name == "entraredis.connection.auth.refusals" and valueSum > 0),
    reconnections = sumif(valueSum, name == "entraredis.connection.reconnections") by $pool
| join kind=leftouter connections on $pool
| join kind=leftouter refusing on $pool
| extend rank = case(
    refusing > 0 or refusals > 1, 3,
    reconnections > max_of(5.0, 2.0 * most), 6,
    atRisk > 0, 7,
    0)
| project $pod, rank, subject = strcat(server, " ", pool),
    detail = strcat(refusals, " refusals ", tostring(codes), ", ", reconnections, " reconnections, ", coalesce(tostring(atRisk), "0"), " connections at risk");
let problems = union ofTokens, ofPools
| where rank > 0
| summarize arg_min(rank, subject, detail) by $pod
| extend problem = tostring(dynamic(["", "no_valid_token", "entra_rejecting", "auth_refused", "token_not_renewed", "token_refresh_failing", "reconnect_storm", "connections_at_risk"])[rank]);
let services = metrics
| where name == "entraredis.token.refresh.consecutive_failures" and timestamp > ago(10m)
| distinct $pod
| summarize pods = count() by $service;
`

// sick is a row for each problem of a service, and how many of its pods have it.
const sick = problems + `problems
| summarize sick = count(), subject = take_any(subject), detail = take_any(detail), names = strcat_array(make_list(pod, 5), ", ") by $service, problem
| join kind=inner services on $service
`

// manyPods is the share of a service's pods from which on the service has a problem, and not a pod.
const manyPods = 0.2

func atLeast(share float64) string {
	return "sick >= " + strconv.FormatFloat(share, 'g', -1, 64) + " * pods"
}
