package azure

// A view is a query that people look at.
type view struct {
	title string
	means string // what to read from it, and what to do when it looks bad
	query string // see place.in
	chart string // how the workbook draws it, empty for a table
	isNow bool   // it tells how things are, whatever time range is set
	wide  bool   // it takes the width of the workbook
}

const lines = "timechart"

// durations says what a chart of a histogram needs.
const durations = "Empty unless the histograms of durations are switched on."

// views are what the workbook and the page show, the answer first.
func views() []view {
	return []view{
		{
			title: "Services in trouble now", isNow: true, wide: true,
			means: "Empty is well. A row says which problem a service has, in how many of its pods, and in which. The runbook has a section for each problem.",
			query: sick + "| extend share = round(100.0 * sick / pods, 1)\n| project problem, $service, sick, pods, share, names, subject, detail\n| order by share desc",
		}, {
			title: "Pods in trouble now", isNow: true, wide: true,
			means: "The worst problem of each pod, the most urgent first.",
			query: problems + "problems\n| order by rank asc, pod asc\n| project problem, $pod, subject, detail\n| take 200",
		}, {
			title: "Time to expiry", chart: lines,
			means: "The pod that is worst off, in seconds. A saw that jumps up with each renewal. Below 240 a token was not renewed in time, below 0 it has expired.",
			query: `$metrics
metrics
| where name == "entraredis.token.time_to_expiry"
| summarize seconds = min(valueSum) by bin(timestamp, $step), service`,
		}, {
			title: "Failed requests for tokens by kind", chart: lines,
			means: "Above 0 for long: Entra, the managed identity endpoint or the way to it is the trouble. The runbook's EntraRedisTokenRefreshFailing says what each kind means.",
			query: `$metrics
metrics
| where name == "entraredis.token.request.failures"
| summarize failures = sum(valueSum) by bin(timestamp, $step), failure = tostring(customDimensions["error.type"])`,
		}, {
			title: "Renewals by trigger", chart: lines,
			means: `"scheduled" is well. "forced" means that a server refused the token. "initial" without a restart means that a token was lost before it could be renewed.`,
			query: `$metrics
metrics
| where name == "entraredis.token.renewals"
| summarize renewals = sum(valueSum) by bin(timestamp, $step), trigger = tostring(customDimensions["entraredis.token.refresh.trigger"])`,
		}, {
			title: "Refusals by server and code", chart: lines,
			means: "Any is bad: Redis refuses the token. The runbook's EntraRedisAuthRefused says what each code means.",
			query: `$metrics
metrics
| where name == "entraredis.connection.auth.refusals"
| summarize refusals = sum(valueSum) by bin(timestamp, $step), answer = strcat(server, " ", tostring(customDimensions["db.response.status_code"]))`,
		}, {
			title: "Connections by state of their token", chart: lines,
			means: `"current" and "stale" are well. The server closes those "at_risk" soon, and those "expired" now.`,
			query: `$metrics
metrics
| where name == "entraredis.connection.active"
| extend state = tostring(customDimensions["entraredis.connection.token_state"])
| summarize connections = avg(valueSum) by bin(timestamp, $step), $pool, state
| summarize connections = sum(connections) by timestamp, state`,
		}, {
			title: "Reconnections by reason", chart: lines,
			means: `Logins that made up for a lost connection. "server_closed": the server or the network ends connections. "token_expired": renewal does not reach them.`,
			query: `$metrics
metrics
| where name == "entraredis.connection.reconnections"
| summarize reconnections = sum(valueSum) by bin(timestamp, $step), reason = tostring(customDimensions["entraredis.connection.retire.reason"])`,
		}, {
			title: "Latency of AUTH by phase", chart: lines,
			means: "The average in seconds. Seconds mean that the server is overloaded, or that all processes rotate in the same moment. " + durations,
			query: `$metrics
metrics
| where name == "entraredis.connection.auth.duration"
| summarize seconds = sum(valueSum) / sum(valueCount) by bin(timestamp, $step), phase = tostring(customDimensions["entraredis.auth.phase"])`,
		}, {
			title: "Latency of requests for tokens", chart: lines,
			means: "The average and the longest in seconds. An attempt is given up after 30. " + durations,
			query: `$metrics
metrics
| where name == "entraredis.token.request.duration"
| summarize average = sum(valueSum) / sum(valueCount), longest = max(valueMax) by bin(timestamp, $step)`,
		}, {
			title: "Connections that wait for the newest token", chart: lines,
			means: "A rotation brings it down to 0 within 10 minutes. What stays above cannot be renewed: see the runbook's EntraRedisConnectionsAtRisk.",
			query: `$metrics
metrics
| where name == "entraredis.rotation.pending"
| summarize pending = avg(valueSum) by bin(timestamp, $step), $pool
| summarize pending = sum(pending) by timestamp, service`,
		}, {
			title: "Log lines", wide: true,
			means: "What entra.Options.Logger got, if logs arrive as well: the reason in words. docs/runbook.md explains the lines.",
			query: `traces
$scope
| where message startswith "entra: " or message startswith "entraconn: "
| project timestamp, cloud_RoleName, cloud_RoleInstance, severityLevel, message, customDimensions
| order by timestamp desc
| take 100`,
		},
	}
}
