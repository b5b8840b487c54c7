package grafana

// A Panel is one picture, or the headline of a row of them.
type Panel struct {
	ID              int              `json:"id"`
	Type            Type             `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	Datasource      *Datasource      `json:"datasource,omitempty"`
	MaxDataPoints   int              `json:"maxDataPoints,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         any              `json:"options,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // of a row
	Panels          []Panel          `json:"panels,omitzero"`     // of a row: those that it hides while it is collapsed
}

// A Type is one of Grafana's kinds of panels.
type Type string

// The kinds that we use.
const (
	Row        Type = "row"
	Stat       Type = "stat"
	TableType  Type = "table"
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
	Format       string      `json:"format"`
	EditorMode   string      `json:"editorMode"`
	Range        bool        `json:"range"`
	Instant      bool        `json:"instant"`
	Exemplar     bool        `json:"exemplar"`
}

// A Transformation changes what the queries return before it is shown.
type Transformation struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// A Unit is one of Grafana's names of units.
type Unit string

// The units that we use.
const (
	Seconds Unit = "s"
	Count   Unit = "short"
)
