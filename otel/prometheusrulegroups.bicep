// otel/alerts/entraredis.rules.yaml for Azure Monitor managed service for Prometheus.
// Written by otel/alerts/generate; change otel/alerts/internal/rules instead.
//
//   az deployment group create --resource-group <group> --template-file prometheusrulegroups.bicep \
//     --parameters azureMonitorWorkspaceId=<id> actionGroupIds='["<id>"]'

@description('Resource id of the Azure Monitor workspace that stores the metrics.')
param azureMonitorWorkspaceId string

@description('Resource ids of the action groups that are notified. Without any, alerts are shown in Azure Monitor only.')
param actionGroupIds array = []

@description('Value of the label cluster. The rules look at this cluster only; empty: at all clusters of the workspace.')
param clusterName string = ''

@description('Region of the rule groups: that of the workspace.')
param location string = resourceGroup().location

@description('Azure severities: 0 critical, 1 error, 2 warning, 3 informational.')
param criticalSeverity int = 0
param warningSeverity int = 2

var actions = [for id in actionGroupIds: {
  actionGroupId: id
}]

resource entraredisRecording 'Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01' = {
  name: empty(clusterName) ? 'entraredis-recording' : 'entraredis-recording-${clusterName}'
  location: location
  properties: {
    description: 'Which pods have which problem with Redis authentication, and which share of a service.'
    scopes: [
      azureMonitorWorkspaceId
    ]
    clusterName: empty(clusterName) ? null : clusterName
    enabled: true
    interval: 'PT1M'
    rules: [
      {
        record: 'entraredis:pod_problem'
        expression: 'max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_refresh_consecutive_failures) and min without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_time_to_expiry_seconds) <= 0 or (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_refresh_consecutive_failures > 0 and entraredis_token_refresh_consecutive_failures offset 1m > 0) unless min without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_time_to_expiry_seconds)) or (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_refresh_consecutive_failures[10m] offset 1m)) > 0 unless min without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_time_to_expiry_seconds[11m])))'
        labels: {
          problem: 'no_valid_token'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_refresh_consecutive_failures[2m])) > 0 and sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, error_type) (increase(entraredis_token_request_failures_total{error_type="rejected"}[15m])) > 0.5 * sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, error_type) (increase(entraredis_token_request_failures_total[15m]))'
        labels: {
          problem: 'entra_rejecting'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'min without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_time_to_expiry_seconds) < clamp_max(0.1 * max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_time_to_expiry_seconds[1h])), 240)'
        labels: {
          problem: 'token_not_renewed'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_refresh_consecutive_failures[2m])) >= 3'
        labels: {
          problem: 'token_refresh_failing'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (last_over_time(entraredis_connection_auth_refusing[10m])) > 0 or clamp_max(ceil(sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, db_response_status_code) (increase(entraredis_connection_auth_refusals_total[10m])) - 1.5) > 0, 1)'
        labels: {
          problem: 'auth_refused'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, entraredis_connection_token_state) (entraredis_connection_active{entraredis_connection_token_state=~"at_risk|expired"}) > 0'
        labels: {
          problem: 'connections_at_risk'
        }
        enabled: true
      }
      {
        record: 'entraredis:pod_problem'
        expression: 'sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, entraredis_connection_retire_reason) (increase(entraredis_connection_reconnections_total[10m])) > clamp_min(2 * max_over_time(sum without (otel_scope_name, otel_scope_version, otel_scope_schema_url, entraredis_connection_token_state) (entraredis_connection_active)[10m:1m]), 5)'
        labels: {
          problem: 'reconnect_storm'
        }
        enabled: true
      }
      {
        record: 'entraredis:service_pods'
        expression: 'count without (instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_token_refresh_consecutive_failures[10m]))) or count without (instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (max_over_time(entraredis_connection_auth_refusing[10m])))'
        enabled: true
      }
      {
        record: 'entraredis:service_problem:share'
        expression: 'count without (instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:pod_problem) / ignoring (problem) group_left () entraredis:service_pods'
        enabled: true
      }
    ]
  }
}

resource entraredis 'Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01' = {
  name: empty(clusterName) ? 'entraredis' : 'entraredis-${clusterName}'
  location: location
  properties: {
    description: 'Is Redis authentication with Microsoft Entra ID in trouble?'
    scopes: [
      azureMonitorWorkspaceId
    ]
    clusterName: empty(clusterName) ? null : clusterName
    enabled: true
    interval: 'PT1M'
    rules: [
      {
        alert: 'EntraRedisNoValidToken'
        expression: 'entraredis:service_problem:share{problem="no_valid_token"} >= 0.2'
        labels: {
          severity: 'critical'
        }
        for: 'PT1M'
        severity: criticalSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: '{{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} has no valid Entra token in {{ $value | humanizePercentage }} of the pods.'
          description: 'Redis commands fail in these pods now: no connection can log in, and the server closes those that are open. The last token of identity {{ $labels.entraredis_identity_name }} has expired, or the pods have never had one.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisnovalidtoken'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisNoValidTokenPod'
        expression: 'entraredis:pod_problem{problem="no_valid_token"} unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="no_valid_token"} >= 0.2 and entraredis:service_problem:share{problem="no_valid_token"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} has no valid Entra token.'
          description: 'Redis commands fail in this pod now: the last token of identity {{ $labels.entraredis_identity_name }} has expired, or there has never been one. {{ $value }} attempts in a row have failed.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisnovalidtoken'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisEntraRejecting'
        expression: 'entraredis:service_problem:share{problem="entra_rejecting"} >= 0.2 unless ignoring (problem) (entraredis:service_problem:share{problem="no_valid_token"} >= 0.2 and entraredis:service_problem:share{problem="no_valid_token"} offset 1m >= 0.2)'
        labels: {
          severity: 'critical'
        }
        for: 'PT1M'
        severity: criticalSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Entra rejects the credential of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} in {{ $value | humanizePercentage }} of the pods.'
          description: 'Microsoft Entra or the managed identity endpoint says no to identity {{ $labels.entraredis_identity_name }}. An operator must fix the secret, the certificate or the identity assignment. Redis commands fail when the last token expires.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisentrarejecting'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisEntraRejectingPod'
        expression: 'entraredis:pod_problem{problem="entra_rejecting"} unless ignoring (problem) (entraredis:pod_problem{problem="no_valid_token"} and entraredis:pod_problem{problem="no_valid_token"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="no_valid_token"} >= 0.2 and entraredis:service_problem:share{problem="no_valid_token"} offset 1m >= 0.2) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="entra_rejecting"} >= 0.2 and entraredis:service_problem:share{problem="entra_rejecting"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Entra rejects the credential of pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }}.'
          description: 'Microsoft Entra or the managed identity endpoint says no to identity {{ $labels.entraredis_identity_name }}, {{ $value }} times in a row so far. Redis commands of this pod fail when its last token expires.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisentrarejecting'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisTokenNotRenewed'
        expression: 'entraredis:service_problem:share{problem="token_not_renewed"} >= 0.2 unless ignoring (problem) (entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting"} >= 0.2 and entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting"} offset 1m >= 0.2)'
        labels: {
          severity: 'critical'
        }
        for: 'PT1M'
        severity: criticalSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'The Entra token of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} has not been renewed in time in {{ $value | humanizePercentage }} of the pods.'
          description: 'The tokens of identity {{ $labels.entraredis_identity_name }} expire within 4 minutes, or a tenth of a shorter life. Then no connection can log in, the server closes those that are open, and Redis commands fail.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokennotrenewed'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisTokenNotRenewedPod'
        expression: 'entraredis:pod_problem{problem="token_not_renewed"} unless ignoring (problem) (entraredis:pod_problem{problem=~"no_valid_token|entra_rejecting"} and entraredis:pod_problem{problem=~"no_valid_token|entra_rejecting"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting"} >= 0.2 and entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting"} offset 1m >= 0.2) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="token_not_renewed"} >= 0.2 and entraredis:service_problem:share{problem="token_not_renewed"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} has not renewed its Entra token in time.'
          description: 'Its token of identity {{ $labels.entraredis_identity_name }} expires in {{ $value | humanizeDuration }}. Then no connection of this pod can log in, the server closes those that are open, and Redis commands fail.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokennotrenewed'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisTokenRefreshFailing'
        expression: 'entraredis:service_problem:share{problem="token_refresh_failing"} >= 0.2 unless ignoring (problem) (entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} >= 0.2 and entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT5M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: '{{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} cannot get an Entra token in {{ $value | humanizePercentage }} of the pods.'
          description: 'The last three requests or more for a token of identity {{ $labels.entraredis_identity_name }} have failed. As long as the last token lives, which is 4 minutes or longer, Redis commands work.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokenrefreshfailing'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisTokenRefreshFailingPod'
        expression: 'entraredis:pod_problem{problem="token_refresh_failing"} unless ignoring (problem) (entraredis:pod_problem{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} and entraredis:pod_problem{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} >= 0.2 and entraredis:service_problem:share{problem=~"no_valid_token|entra_rejecting|token_not_renewed"} offset 1m >= 0.2) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="token_refresh_failing"} >= 0.2 and entraredis:service_problem:share{problem="token_refresh_failing"} offset 5m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT5M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} cannot get an Entra token.'
          description: '{{ $value }} requests in a row for a token of identity {{ $labels.entraredis_identity_name }} have failed. As long as the last token lives, which is 4 minutes or longer, Redis commands work.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredistokenrefreshfailing'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisAuthRefused'
        expression: 'entraredis:service_problem:share{problem="auth_refused"} >= 0.2'
        labels: {
          severity: 'critical'
        }
        for: 'PT1M'
        severity: criticalSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Redis refuses the Entra token of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} in {{ $value | humanizePercentage }} of the pods.'
          description: '{{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) has refused AUTH in the last 10 minutes. New connections fail with every refusal; open ones last until their older token expires. Give the identity an access policy assignment on this cache.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisauthrefused'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisAuthRefusedPod'
        expression: 'entraredis:pod_problem{problem="auth_refused"} unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="auth_refused"} >= 0.2 and entraredis:service_problem:share{problem="auth_refused"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Redis refuses the Entra token of pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }}.'
          description: '{{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) has refused AUTH in the last 10 minutes: servers that refuse: {{ $value }}. New connections of this pod fail with every refusal; open ones last until their older token expires.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisauthrefused'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisConnectionsAtRisk'
        expression: 'entraredis:service_problem:share{problem="connections_at_risk"} >= 0.2 unless ignoring (problem) (entraredis:service_problem:share{problem="auth_refused"} >= 0.2 and entraredis:service_problem:share{problem="auth_refused"} offset 1m >= 0.2) unless ignoring (problem, entraredis_identity_name, entraredis_token_source, db_system_name, db_client_connection_pool_name, server_address, server_port, entraredis_client_library) (entraredis:service_problem:share{problem="token_not_renewed"} >= 0.2 and entraredis:service_problem:share{problem="token_not_renewed"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Redis is about to close connections of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} in {{ $value | humanizePercentage }} of the pods.'
          description: 'Connections to {{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) hold a token that expires within 3 minutes or has expired, although there is a newer one. The server closes them then, and what is under way on them fails.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisconnectionsatrisk'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisConnectionsAtRiskPod'
        expression: 'entraredis:pod_problem{problem="connections_at_risk"} unless ignoring (problem) (entraredis:pod_problem{problem="auth_refused"} and entraredis:pod_problem{problem="auth_refused"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="auth_refused"} >= 0.2 and entraredis:service_problem:share{problem="auth_refused"} offset 1m >= 0.2) unless ignoring (problem, entraredis_identity_name, entraredis_token_source, db_system_name, db_client_connection_pool_name, server_address, server_port, entraredis_client_library) (entraredis:pod_problem{problem="token_not_renewed"} and entraredis:pod_problem{problem="token_not_renewed"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="connections_at_risk"} >= 0.2 and entraredis:service_problem:share{problem="connections_at_risk"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT1M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Redis is about to close connections of pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }}.'
          description: '{{ $value }} connections to {{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) hold a token that expires within 3 minutes or has expired, although there is a newer one. The server closes them then, and what is under way on them fails.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisconnectionsatrisk'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisReconnectStorm'
        expression: 'entraredis:service_problem:share{problem="reconnect_storm"} >= 0.2 unless ignoring (problem) (entraredis:service_problem:share{problem="auth_refused"} >= 0.2 and entraredis:service_problem:share{problem="auth_refused"} offset 1m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT5M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Connections of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} to Redis break again and again in {{ $value | humanizePercentage }} of the pods.'
          description: 'In 10 minutes each connection to {{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) has come back more than twice, and more than five times in all. What was under way on it failed each time.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisreconnectstorm'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisReconnectStormPod'
        expression: 'entraredis:pod_problem{problem="reconnect_storm"} unless ignoring (problem) (entraredis:pod_problem{problem="auth_refused"} and entraredis:pod_problem{problem="auth_refused"} offset 1m) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="auth_refused"} >= 0.2 and entraredis:service_problem:share{problem="auth_refused"} offset 1m >= 0.2) unless ignoring (problem, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (entraredis:service_problem:share{problem="reconnect_storm"} >= 0.2 and entraredis:service_problem:share{problem="reconnect_storm"} offset 5m >= 0.2)'
        labels: {
          severity: 'warning'
        }
        for: 'PT5M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'Connections of pod {{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} to Redis break again and again.'
          description: 'Connections to {{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }}) have come back {{ printf "%.0f" $value }} times in 10 minutes, which is more than twice for each. What was under way on them failed each time.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisreconnectstorm'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisMetricsMissing'
        expression: 'max_over_time(entraredis:service_pods{entraredis_identity_name!=""}[1d]) unless ignoring (entraredis_identity_name, entraredis_token_source) entraredis:service_pods{entraredis_identity_name!=""} and ignoring (entraredis_identity_name, entraredis_token_source, instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) up'
        labels: {
          severity: 'warning'
        }
        for: 'PT5M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: '{{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }} no longer reports metrics of Redis authentication.'
          description: 'Up to {{ $value }} pods reported within a day; for 10 minutes none has, although Prometheus still has targets of this service. No other alert of entraredis can fire for it.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredismetricsmissing'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisMetricNames'
        expression: 'count without (instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_time_to_expiry)) unless count without (instance, pod, pod_ip, pod_name, kubernetes_pod_name, node, host, pod_template_hash, controller_revision_hash, statefulset_kubernetes_io_pod_name, apps_kubernetes_io_pod_index, service_instance_id, k8s_pod_name, k8s_pod_uid, k8s_pod_ip, k8s_node_name, host_name) (max without (otel_scope_name, otel_scope_version, otel_scope_schema_url) (entraredis_token_time_to_expiry_seconds))'
        labels: {
          severity: 'warning'
        }
        for: 'PT15M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'The alerts of entraredis do not see {{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }}.'
          description: '{{ $value }} pods report entraredis_token_time_to_expiry, but these rules look at entraredis_token_time_to_expiry_seconds. Generate the rules for the names that arrive.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredismetricnames'
        }
        enabled: true
      }
      {
        alert: 'EntraRedisNoMetrics'
        expression: 'absent_over_time(entraredis:service_pods{entraredis_identity_name!=""}[7d:10m])'
        labels: {
          severity: 'warning'
        }
        for: 'PT30M'
        severity: warningSeverity
        resolveConfiguration: {
          autoResolved: true
          timeToResolve: 'PT5M'
        }
        actions: actions
        annotations: {
          summary: 'No metrics of entraredis arrive.'
          description: 'For a week no service has reported metrics of Redis authentication to this Prometheus. Until they arrive, no other alert of entraredis can fire.'
          runbook_url: 'https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#entraredisnometrics'
        }
        enabled: true
      }
    ]
  }
}
