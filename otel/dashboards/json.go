package dashboards

import _ "embed"

//go:embed entraredis.json
var dashboard string

// JSON returns the dashboard, for programs that send it to Grafana themselves. The bytes belong to the caller.
func JSON() []byte { return []byte(dashboard) }
