package grafana

// Annotations are events marked in every graph.
type Annotations struct {
	List []Annotation `json:"list"`
}

// An Annotation marks the times at which a query has a value above 0.
type Annotation struct {
	Name        string           `json:"name"`
	Datasource  *Datasource      `json:"datasource"`
	Enable      bool             `json:"enable"`
	Hide        bool             `json:"hide"`
	IconColor   string           `json:"iconColor"`
	TitleFormat string           `json:"titleFormat"`
	TextFormat  string           `json:"textFormat"`
	TagKeys     string           `json:"tagKeys"`
	Target      AnnotationTarget `json:"target"`
}

// An AnnotationTarget is the query of an annotation.
type AnnotationTarget struct {
	RefID      string      `json:"refId"`
	Datasource *Datasource `json:"datasource"`
	Expr       string      `json:"expr"`
	Interval   string      `json:"interval"`
	Range      bool        `json:"range"`
	Instant    bool        `json:"instant"`
}

// A Mark is an annotation without its data source. Title and Text may name labels of the query, as in {{alertname}}.
type Mark struct{ Name, Expr, Title, Text, Tags, Color, Step string }

// Annotation returns the mark as an annotation that is on.
func (m Mark) Annotation() Annotation {
	return Annotation{
		Name: m.Name, Datasource: chosen(), Enable: true, IconColor: m.Color,
		TitleFormat: m.Title, TextFormat: m.Text, TagKeys: m.Tags,
		Target: AnnotationTarget{RefID: "Anno", Datasource: chosen(), Expr: m.Expr, Interval: m.Step, Range: true},
	}
}
