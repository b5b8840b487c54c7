package grafana

// A Variable is a choice at the head of the dashboard.
type Variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"`
	Datasource *Datasource `json:"datasource,omitempty"`
	Query      any         `json:"query"`
	Regex      string      `json:"regex"`
	Refresh    int         `json:"refresh"`
	Sort       int         `json:"sort"`
	Multi      bool        `json:"multi"`
	IncludeAll bool        `json:"includeAll"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    *Choice     `json:"current,omitempty"`
	Hide       int         `json:"hide"`
}

// A Choice is the value of a variable.
type Choice struct {
	Text  []string `json:"text"`
	Value []string `json:"value"`
}

type variableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

const (
	onDashboardLoad = 1
	onTimeChange    = 2 // a process that started since is found
	alphabetical    = 1
)

// MetricsVariable lets the reader choose among the Prometheus data sources. Every query goes to the one chosen.
func MetricsVariable() Variable {
	return Variable{
		Name: Metrics, Label: "Prometheus data source", Type: "datasource", Query: "prometheus", Refresh: onDashboardLoad,
	}
}

// TracesVariable lets the reader choose among the Tempo data sources, to which exemplars lead. There may be none.
func TracesVariable() Variable {
	return Variable{Name: Traces, Label: "Tempo data source", Type: "datasource", Query: "tempo", Refresh: onDashboardLoad}
}

// A LabelVariable lets the reader choose among the values that a label has on the series that a selector selects.
type LabelVariable struct {
	Name, Title     string
	Selector, Label string
	All             string // the regular expression for all values, which are chosen at first; ".*" includes series without the label
}

// Variable returns it as a variable of the dashboard.
func (l LabelVariable) Variable() Variable {
	query := "label_values(" + l.Selector + ", " + l.Label + ")"
	return Variable{
		Name: l.Name, Label: l.Title, Type: "query", Datasource: chosen(),
		Query:   variableQuery{Query: query, RefID: "StandardVariableQuery"},
		Refresh: onTimeChange, Sort: alphabetical,
		Multi: true, IncludeAll: true, AllValue: l.All,
		Current: &Choice{Text: []string{"All"}, Value: []string{"$__all"}},
	}
}
