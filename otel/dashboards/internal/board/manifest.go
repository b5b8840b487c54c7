package board

import (
	"bytes"
	"strings"
)

// manifestHead is what a GrafanaDashboard says besides the dashboard. The operator gives it to every Grafana with the label.
const manifestHead = `# The dashboard of otel/dashboards/entraredis.json for the Grafana operator, version 5.
# go generate ./otel/dashboards writes this file.
apiVersion: grafana.integreatly.org/v1beta1
kind: GrafanaDashboard
metadata:
  name: entraredis
spec:
  allowCrossNamespaceImport: true
  instanceSelector:
    matchLabels:
      dashboards: grafana
  json: |
`

// Manifest returns a dashboard as a resource of the Grafana operator.
func Manifest(dashboard []byte) []byte {
	var b bytes.Buffer
	b.WriteString(manifestHead)
	for line := range strings.Lines(string(dashboard)) {
		b.WriteString("    " + line)
	}
	return b.Bytes()
}
