package grafana

// A Variable is a choice at the head of the dashboard.
type Variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"`
	Datasource *Datasource `json:"datasource,omitempty"`
	Definition string      `json:"definition,omitempty"` // the query once more, as Grafana's settings show it
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

// DatasourceVariable lets the reader choose among the Prometheus data sources. Every query goes to what it stands
// for.
func DatasourceVariable() Variable {
	return Variable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: onDashboardLoad}
}

// LabelVariable lets the reader choose among the values that a label has on the series that a selector selects. At
// first all are chosen, which stands for ".*" and so includes series without the label.
func LabelVariable(name, title, selector, label string) Variable {
	query := "label_values(" + selector + ", " + label + ")"
	return Variable{
		Name: name, Label: title, Type: "query", Datasource: chosen(),
		Definition: query, Query: variableQuery{Query: query, RefID: "StandardVariableQuery"},
		Refresh: onTimeChange, Sort: alphabetical,
		Multi: true, IncludeAll: true, AllValue: ".*",
		Current: &Choice{Text: []string{"All"}, Value: []string{"$__all"}},
	}
}
