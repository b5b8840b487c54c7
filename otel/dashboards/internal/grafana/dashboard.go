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

// A TimeRange is what is shown at first.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A Link stands at the head of the dashboard.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	URL         string   `json:"url"`
	TargetBlank bool     `json:"targetBlank"`
	Tags        []string `json:"tags"`
}

// Templating holds the variables, in the order in which they are asked.
type Templating struct {
	List []Variable `json:"list"`
}

// Annotations are events marked in every panel.
type Annotations struct {
	List []struct{} `json:"list"`
}

// A Datasource says where a query goes.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// chosen is the data source that the variable of that name stands for.
func chosen() *Datasource { return &Datasource{Type: "prometheus", UID: "${datasource}"} }
