package grafana

// FieldConfig says how values look.
type FieldConfig struct {
	Defaults  Defaults   `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Defaults are for every series of the panel.
type Defaults struct {
	Unit       Unit       `json:"unit"`
	Decimals   *int       `json:"decimals,omitempty"`
	Min        *float64   `json:"min,omitempty"`
	NoValue    string     `json:"noValue,omitempty"`
	Color      Color      `json:"color"`
	Thresholds Thresholds `json:"thresholds"`
	Custom     any        `json:"custom,omitempty"`
}

// An Override changes the look of the fields that the matcher chooses.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// A Matcher chooses fields.
type Matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
	Scope   string `json:"scope,omitempty"` // series, unless it says exemplar; Grafana before version 13 knows no scopes
}

// A Property is one thing that an override sets.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// Color says by what rule colours are chosen.
type Color struct {
	Mode       string `json:"mode"`
	FixedColor string `json:"fixedColor,omitempty"`
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

// A Mapping shows words or a colour instead of a value.
type Mapping struct {
	Type    string         `json:"type"`
	Options map[string]any `json:"options"`
}

// A MappingResult is what is shown.
type MappingResult struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
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

// A FieldLink leads from a value to elsewhere.
type FieldLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// byName returns an override for the field with the name.
func byName(name string, properties ...Property) Override {
	return Override{Matcher: Matcher{ID: "byName", Options: name}, Properties: properties}
}
