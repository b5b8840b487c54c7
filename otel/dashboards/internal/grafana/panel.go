package grafana

// A Panel is one picture, or the headline of a row of them.
type Panel struct {
	ID          int          `json:"id"`
	Type        Type         `json:"type"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	GridPos     GridPos      `json:"gridPos"`
	Datasource  *Datasource  `json:"datasource,omitempty"`
	Targets     []Target     `json:"targets,omitempty"`
	FieldConfig *FieldConfig `json:"fieldConfig,omitempty"`
	Options     any          `json:"options,omitempty"`
	Collapsed   *bool        `json:"collapsed,omitempty"` // of a row
	Panels      []Panel      `json:"panels,omitzero"`     // of a row: those it hides when it is collapsed
}

// A Type is one of Grafana's kinds of panels.
type Type string

// The kinds that we use.
const (
	Row        Type = "row"
	Stat       Type = "stat"
	TimeSeries Type = "timeseries"
)

// A GridPos is a place on a grid that is 24 wide; a unit of height is 30 pixels.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// A Target is a query.
type Target struct {
	RefID        string      `json:"refId"`
	Datasource   *Datasource `json:"datasource"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat"`
	EditorMode   string      `json:"editorMode"`
	Range        bool        `json:"range"`
	Instant      bool        `json:"instant"`
}

// FieldConfig says how values look.
type FieldConfig struct {
	Defaults  Defaults   `json:"defaults"`
	Overrides []struct{} `json:"overrides"`
}

// Defaults are for every series of the panel.
type Defaults struct {
	Unit       Unit       `json:"unit"`
	Decimals   *int       `json:"decimals,omitempty"`
	Min        *float64   `json:"min,omitempty"`
	NoValue    string     `json:"noValue,omitempty"`
	Color      Color      `json:"color"`
	Thresholds Thresholds `json:"thresholds"`
	Custom     *Lines     `json:"custom,omitempty"`
}

// A Unit is one of Grafana's names of units.
type Unit string

// The units that we use.
const (
	Seconds Unit = "s"
	Count   Unit = "short"
)

// Color says by what rule colours are chosen.
type Color struct {
	Mode string `json:"mode"`
}

// Thresholds colour values.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// A Step colours values from Value on; nil is minus infinity.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Lines say how a time series is drawn.
type Lines struct {
	DrawStyle         string   `json:"drawStyle"`
	LineInterpolation string   `json:"lineInterpolation"`
	LineWidth         int      `json:"lineWidth"`
	FillOpacity       int      `json:"fillOpacity"`
	ShowPoints        string   `json:"showPoints"`
	SpanNulls         bool     `json:"spanNulls"`
	Stacking          Stacking `json:"stacking"`
	ThresholdsStyle   Color    `json:"thresholdsStyle"`
}

// Stacking puts series on top of each other.
type Stacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}
