// Alert rules for the metrics of entraredis in Application Insights.
// Written by otel/insights/generate; change otel/insights/internal/azure instead.
//
//   az deployment group create --resource-group <group> --template-file scheduledqueryrules.bicep \
//     --parameters applicationInsightsId=<id> actionGroupIds='["<id>"]'

@description('Resource id of the Application Insights resource that the metrics go to.')
param applicationInsightsId string

@description('Resource ids of the action groups that are notified. Without any, alerts are shown in Azure Monitor only.')
param actionGroupIds array = []

@description('Region of the rules: that of the Application Insights resource.')
param location string = resourceGroup().location

@description('Before the name of each rule. Set it where a resource group has the rules of several resources.')
param namePrefix string = ''

// What is wrong with which service, and in how many of its pods.
var sick = '''
let metrics = customMetrics
| where timestamp > ago(1h)
| where name startswith "entraredis."
| extend cluster = coalesce(tostring(customDimensions["k8s.cluster.name"]), "-"),
    namespace = coalesce(tostring(customDimensions["k8s.namespace.name"]), "-"),
    service = coalesce(cloud_RoleName, "-"),
    pod = coalesce(tostring(customDimensions["k8s.pod.name"]), cloud_RoleInstance, "-"),
    identity = tostring(customDimensions["entraredis.identity.name"]),
    pool = tostring(customDimensions["db.client.connection.pool.name"]),
    server = tostring(customDimensions["server.address"]);

let failures = metrics
| where name == "entraredis.token.refresh.consecutive_failures" and timestamp > ago(10m)
| summarize arg_max(timestamp, valueSum) by cluster, namespace, service, pod, identity
| project cluster, namespace, service, pod, identity, failures = valueSum;
let expiry = metrics
| where name == "entraredis.token.time_to_expiry"
| summarize arg_max(timestamp, valueSum), longest = max(valueSum) by cluster, namespace, service, pod, identity
| project cluster, namespace, service, pod, identity, longest, remaining = iff(timestamp > ago(10m), valueSum, real(null));
let rejections = metrics
| where name == "entraredis.token.request.failures" and timestamp > ago(15m)
| extend rejected = tostring(customDimensions["error.type"]) == "rejected"
| summarize rejections = sumif(valueSum, rejected), otherFailures = sumif(valueSum, not(rejected)) by cluster, namespace, service, pod, identity;
let ofTokens = failures
| join kind=leftouter expiry on cluster, namespace, service, pod, identity
| join kind=leftouter rejections on cluster, namespace, service, pod, identity
| extend rank = case(
    remaining <= 0 or (isnull(remaining) and failures > 0), 1,
    failures > 0 and rejections > otherFailures, 2,
    remaining < min_of(240.0, 0.1 * longest), 4,
    failures >= 3, 5,
    0)
| project cluster, namespace, service, pod, rank, subject = identity,
    detail = strcat(failures, " failures in a row, token expires in ", coalesce(tostring(toint(remaining)), "-"), " s");
let connections = metrics
| where name == "entraredis.connection.active" and timestamp > ago(10m)
| extend state = tostring(customDimensions["entraredis.connection.token_state"])
| summarize open = sum(valueSum), atRisk = sumif(valueSum, state in ("at_risk", "expired")) by cluster, namespace, service, pod, pool, server, timestamp
| summarize arg_max(timestamp, atRisk), most = max(open) by cluster, namespace, service, pod, pool, server;
let refusing = metrics
| where name == "entraredis.connection.auth.refusing" and timestamp > ago(10m)
| summarize refusing = max(valueSum) by cluster, namespace, service, pod, pool, server, timestamp
| summarize arg_max(timestamp, refusing) by cluster, namespace, service, pod, pool, server;
let ofPools = metrics
| where timestamp > ago(10m)
| where name in ("entraredis.connection.auth.refusing", "entraredis.connection.auth.refusals", "entraredis.connection.reconnections")
| extend code = tostring(customDimensions["db.response.status_code"])
| summarize refusals = sumif(valueSum, name == "entraredis.connection.auth.refusals"),
    codes = make_set_if(code, name == "entraredis.connection.auth.refusals" and valueSum > 0),
    reconnections = sumif(valueSum, name == "entraredis.connection.reconnections") by cluster, namespace, service, pod, pool, server
| join kind=leftouter connections on cluster, namespace, service, pod, pool, server
| join kind=leftouter refusing on cluster, namespace, service, pod, pool, server
| extend rank = case(
    refusing > 0 or refusals > 1, 3,
    reconnections > max_of(5.0, 2.0 * most), 6,
    atRisk > 0, 7,
    0)
| project cluster, namespace, service, pod, rank, subject = strcat(server, " ", pool),
    detail = strcat(refusals, " refusals ", tostring(codes), ", ", reconnections, " reconnections, ", coalesce(tostring(atRisk), "0"), " connections at risk");
let problems = union ofTokens, ofPools
| where rank > 0
| summarize arg_min(rank, subject, detail) by cluster, namespace, service, pod
| extend problem = tostring(dynamic(["", "no_valid_token", "entra_rejecting", "auth_refused", "token_not_renewed", "token_refresh_failing", "reconnect_storm", "connections_at_risk"])[rank]);
let services = metrics
| where name == "entraredis.token.refresh.consecutive_failures" and timestamp > ago(10m)
| distinct cluster, namespace, service, pod
| summarize pods = count() by cluster, namespace, service;
problems
| summarize sick = count(), subject = take_any(subject), detail = take_any(detail), names = strcat_array(make_list(pod, 5), ", ") by cluster, namespace, service, problem
| join kind=inner services on cluster, namespace, service
'''

var rules = [
  {
    name: 'EntraRedisNoValidToken'
    severity: 0
    description: 'Redis commands fail in these pods now: their last token has expired, or they have never had one.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisnovalidtoken'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "no_valid_token" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisEntraRejecting'
    severity: 0
    description: 'Microsoft Entra or the managed identity endpoint refuses the credential. Redis commands fail when the last token expires.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisentrarejecting'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "entra_rejecting" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisAuthRefused'
    severity: 0
    description: 'Redis refuses the token. New connections fail; open ones last until their older token expires.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisauthrefused'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "auth_refused" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisTokenNotRenewed'
    severity: 0
    description: 'The newest token expires within 4 minutes, or a tenth of a shorter life, and there is no newer one.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokennotrenewed'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "token_not_renewed" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisTokenRefreshFailing'
    severity: 2
    description: 'The last three requests for a token or more have failed. As long as the last token lives, Redis commands work.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokenrefreshfailing'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "token_refresh_failing" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisReconnectStorm'
    severity: 2
    description: 'Each connection of a pool came back more than twice in ten minutes, and more than five did.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisreconnectstorm'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "reconnect_storm" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisConnectionsAtRisk'
    severity: 2
    description: 'Connections hold a token that expires within 3 minutes or has expired, although there is a newer one.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisconnectionsatrisk'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where problem == "connections_at_risk" and sick >= 0.2 * pods\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisPodInTrouble'
    severity: 2
    description: 'A few pods of a service have a problem that the others do not have. The runbook has a section for each problem.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md'
    every: 'PT5M'
    window: 'PT1H'
    query: '${sick}| where not(sick >= 0.2 * pods)\n| project cluster, namespace, service, problem, sick, pods, names, subject, detail'
    dimensions: [
      {
        name: 'cluster'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'namespace'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
      {
        name: 'problem'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
  {
    name: 'EntraRedisMetricsMissing'
    severity: 2
    description: 'The service still sends requests, dependencies or logs, but no metrics of entraredis for 10 minutes. No other alert can fire for it.'
    runbook: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredismetricsmissing'
    every: 'PT15M'
    window: 'P1D'
    query: 'customMetrics\n| where timestamp > ago(1d) and name startswith "entraredis."\n| summarize reported = max(timestamp) by service = coalesce(cloud_RoleName, "-")\n| where reported < ago(10m)\n| join kind=inner (\n    union requests, dependencies, traces\n    | where timestamp > ago(10m)\n    | summarize rows = count() by service = coalesce(cloud_RoleName, "-")\n) on service\n| project service, reported'
    dimensions: [
      {
        name: 'service'
        operator: 'Include'
        values: [
          '*'
        ]
      }
    ]
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${namePrefix}${rule.name}'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: '${namePrefix}${rule.name}'
    description: rule.description
    severity: rule.severity
    enabled: true
    autoMitigate: true
    scopes: [
      applicationInsightsId
    ]
    evaluationFrequency: rule.every
    windowSize: rule.window
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: rule.dimensions
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: actionGroupIds
      customProperties: {
        runbook: rule.runbook
      }
    }
  }
}]
