package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Azure writes the groups as a Bicep file for Azure Monitor managed service for Prometheus.
func Azure(groups []Group) []byte {
	var b strings.Builder
	b.WriteString(`// otel/alerts/entraredis.rules.yaml for Azure Monitor managed service for Prometheus.
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
`)
	for _, g := range groups {
		fmt.Fprintf(&b, `
resource %s 'Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01' = {
  name: empty(clusterName) ? %s : '%s-${clusterName}'
  location: location
  properties: {
    description: %s
    scopes: [
      azureMonitorWorkspaceId
    ]
    clusterName: empty(clusterName) ? null : clusterName
    enabled: true
    interval: 'PT1M'
    rules: [
`, camel(g.Name), bicep(g.Name), g.Name, bicep(g.Description))
		for _, r := range g.Rules {
			azureRule(&b, r)
		}
		b.WriteString("    ]\n  }\n}\n")
	}
	return []byte(b.String())
}

func azureRule(b *strings.Builder, r Rule) {
	field := func(key, value string) { fmt.Fprintf(b, "        %s: %s\n", key, value) }
	b.WriteString("      {\n")
	if r.Record != "" {
		field("record", bicep(r.Record))
	} else {
		field("alert", bicep(r.Alert))
	}
	field("expression", bicep(strings.Join(strings.Fields(r.Expr), " ")))
	if len(r.Labels) > 0 {
		b.WriteString("        labels: {\n")
		for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
			fmt.Fprintf(b, "          %s: %s\n", key, bicep(r.Labels[key]))
		}
		b.WriteString("        }\n")
	}
	if r.Alert != "" {
		field("for", bicep("PT"+strings.ToUpper(minutes(r.For))))
		field("severity", r.Labels["severity"]+"Severity")
		field("resolveConfiguration", "{\n          autoResolved: true\n          timeToResolve: 'PT5M'\n        }")
		field("actions", "actions")
		fmt.Fprintf(b, "        annotations: {\n          summary: %s\n          description: %s\n          runbook_url: %s\n        }\n",
			bicep(r.Summary), bicep(r.Description), bicep(r.runbookURL()))
	}
	field("enabled", "true")
	b.WriteString("      }\n")
}

// bicep writes a string of Bicep on one line.
func bicep(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "${", `\${`).Replace(text) + "'"
}

// camel makes a name of Bicep out of the name of a group.
func camel(name string) string {
	var b strings.Builder
	upper := false
	for _, r := range name {
		switch {
		case r == '-':
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
