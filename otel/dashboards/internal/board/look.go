package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

const (
	answerHeight = 3
	graphHeight  = 8
	tableHeight  = 9
)

// How many points a graph asks for. Prometheus has a value of every selected series for every point in memory, 50 million
// at most: with 15,000 pods a graph that selects 12 series a pod can have 240 points, and one of a histogram, which has
// 30, only 60.
const (
	graphPoints     = 240
	histogramPoints = 60
)

// The colours say what a value means. Shades tell values with the same meaning apart.
const (
	good    = "green"
	usual   = "blue" // neither good nor bad
	watch   = "orange"
	bad     = "red"
	unknown = "purple" // should not occur, or has no name
)

// ofPods are the hues of lines that compare the worst with the median, or the oldest with the youngest.
func ofPods(worst, other string) []grafana.Hue {
	return []grafana.Hue{{Name: worst, Color: "text"}, {Name: other, Color: "light-blue"}}
}

// Hues returns the colour of every value that a graph tells apart by a label, by the label.
func Hues() map[string][]grafana.Hue {
	return map[string][]grafana.Hue{
		state:   {{Name: "current", Color: good}, {Name: "stale", Color: usual}, {Name: "at_risk", Color: watch}, {Name: "expired", Color: bad}},
		trigger: {{Name: "scheduled", Color: good}, {Name: "initial", Color: usual}, {Name: "forced", Color: watch}},
		phase:   {{Name: "rotation", Color: good}, {Name: "initial", Color: usual}, {Name: "retry", Color: watch}, {Name: "failed", Color: bad}},
		code: {
			{Name: "WRONGPASS", Color: bad}, {Name: "NOAUTH", Color: "dark-red"}, {Name: "NOPERM", Color: "light-red"},
			{Name: "ERR", Color: "dark-purple"}, {Name: "_OTHER", Color: unknown}, {Name: "auth_timeout", Color: watch},
		},
		"error_type": {
			{Name: "renewed", Color: good}, {Name: "rejected", Color: bad}, {Name: "malformed", Color: "dark-red"},
			{Name: "throttled", Color: watch}, {Name: "network", Color: "dark-orange"}, {Name: "timed_out", Color: "light-orange"},
		},
		reason: {
			{Name: "server_closed", Color: usual}, {Name: "unsupported_reauth", Color: "light-orange"}, {Name: "auth_timeout", Color: watch},
			{Name: "token_expired", Color: "dark-red"}, {Name: "auth_rejected", Color: bad}, {Name: "protocol", Color: unknown},
		},
	}
}
