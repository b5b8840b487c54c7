package grafana

// SchemaVersion is what the JSON is written for. Grafana migrates older ones when it loads them, and refuses none.
const SchemaVersion = 39

// A Dashboard is what Grafana imports.
type Dashboard struct {
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	SchemaVersion int         `json:"schemaVersion"`
	Version       int         `json:"version"` // Grafana counts its own changes from here
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"`
	Refresh       string      `json:"refresh"`
	Time          TimeRange   `json:"time"`
	Timezone      string      `json:"timezone"`
	Links         []Link      `json:"links"`
	Templating    Templating  `json:"templating"`
	Annotations   Annotations `json:"annotations"`
	Panels        []Panel     `json:"panels"`
}

// SharedCrosshair makes the pointer show the same moment in every panel, as [Dashboard.GraphTooltip].
const SharedCrosshair = 1

// All returns every panel, with those that a collapsed row hides after that row.
func (d Dashboard) All() []Panel {
	var all []Panel
	for _, p := range d.Panels {
		all = append(append(all, p), p.Panels...)
	}
	return all
}

// A TimeRange is what is shown at first.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A Link stands at the head of the dashboard.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
	TargetBlank bool     `json:"targetBlank"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	Tags        []string `json:"tags"`
}

// Templating holds the variables, in the order in which they are asked.
type Templating struct {
	List []Variable `json:"list"`
}

// A Datasource says where a query goes.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// The variables of the data sources. dashboard-linter wants these names where a dashboard has more than one.
const (
	Metrics = "prometheus_datasource"
	Traces  = "tempo_datasource"
)

// chosen is the data source that the reader chose for metrics.
func chosen() *Datasource { return &Datasource{Type: "prometheus", UID: "${" + Metrics + "}"} }
