package azure

import (
	"fmt"
	"strings"
)

const bicepHead = `// Alert rules for the metrics of entraredis in Application Insights.
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
`

const bicepRules = `'''

var rules = [
`

const bicepFoot = `]

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
`

// Bicep returns otel/scheduledqueryrules.bicep.
func Bicep() []byte {
	common := ofNow.in(sick) // a multi-line string of Bicep has no escapes
	var b strings.Builder
	b.WriteString(bicepHead + common + bicepRules)
	for _, a := range Alerts() {
		query := quoted(a.Query)
		if rest, isCommon := strings.CutPrefix(a.Query, common); isCommon {
			query = "'${sick}" + strings.TrimPrefix(quoted(rest), "'")
		}
		fmt.Fprintf(&b, "  {\n    name: %s\n    severity: %d\n    description: %s\n    runbook: %s\n    every: %s\n    window: %s\n    query: %s\n    dimensions: [\n",
			quoted(a.Name), a.Severity, quoted(a.Description), quoted(a.runbook()), quoted(a.Every), quoted(a.Window), query)
		for _, column := range a.Dimensions {
			fmt.Fprintf(&b, "      {\n        name: %s\n        operator: 'Include'\n        values: [\n          '*'\n        ]\n      }\n", quoted(column))
		}
		b.WriteString("    ]\n  }\n")
	}
	b.WriteString(bicepFoot)
	return []byte(b.String())
}

// quoted writes a string of Bicep.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, `${`, `\${`).Replace(s) + "'"
}

// runbook returns the section for an alert.
func (a Alert) runbook() string {
	switch a.Name {
	case "EntraRedisPodInTrouble": // it has many names
		return runbook
	}
	return runbook + "#" + strings.ToLower(a.Name)
}
