package azure

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The types of a workbook's items, and of its parameters. The format is that of workbooks in
// github.com/microsoft/Application-Insights-Workbooks, whose folder schema has a schema of it.
const (
	itemText       = 1
	itemQuery      = 3
	itemParameters = 9

	parameterTimeRange = 4
	parameterDropDown  = 2
)

// resourceType is what the queries run against.
const resourceType = "microsoft.insights/components"

const runbook = "https://github.com/entraredis/entraredis/blob/main/docs/runbook.md"

type workbook struct {
	Version string `json:"version"`
	Items   []item `json:"items"`
	Schema  string `json:"$schema"`
}

type item struct {
	Type        int    `json:"type"`
	Content     any    `json:"content"`
	CustomWidth string `json:"customWidth,omitempty"` // in percent
	Name        string `json:"name"`
}

type textContent struct {
	JSON string `json:"json"` // Markdown
}

type parametersContent struct {
	Version      string      `json:"version"`
	Parameters   []parameter `json:"parameters"`
	Style        string      `json:"style"`
	QueryType    int         `json:"queryType"`
	ResourceType string      `json:"resourceType"`
}

type parameter struct {
	ID           string       `json:"id"`
	Version      string       `json:"version"`
	Name         string       `json:"name"`
	Type         int          `json:"type"`
	IsRequired   bool         `json:"isRequired"`
	MultiSelect  bool         `json:"multiSelect,omitempty"`
	Quote        string       `json:"quote,omitempty"`
	Delimiter    string       `json:"delimiter,omitempty"`
	Query        string       `json:"query,omitempty"`
	Value        any          `json:"value"`
	TypeSettings typeSettings `json:"typeSettings"`
	TimeContext  *timeContext `json:"timeContext,omitempty"`
	TimeFrom     string       `json:"timeContextFromParameter,omitempty"`
	ResourceType string       `json:"resourceType,omitempty"`
}

type typeSettings struct {
	SelectableValues []timeContext `json:"selectableValues,omitempty"`
	AllowCustom      bool          `json:"allowCustom,omitempty"`
	AdditionalValues []string      `json:"additionalResourceOptions,omitempty"`
	ShowDefault      bool          `json:"showDefault,omitempty"`
}

// A timeContext is the time until now. 0 leaves it to a parameter.
type timeContext struct {
	DurationMs int64 `json:"durationMs"`
}

type queryContent struct {
	Version       string      `json:"version"`
	Query         string      `json:"query"`
	Size          int         `json:"size"`
	Title         string      `json:"title"`
	NoDataMessage string      `json:"noDataMessage,omitempty"`
	TimeContext   timeContext `json:"timeContext"`
	TimeFrom      string      `json:"timeContextFromParameter,omitempty"`
	QueryType     int         `json:"queryType"`
	ResourceType  string      `json:"resourceType"`
	Visualization string      `json:"visualization"`
}

// The ids have to be unique in the workbook, and to stay.
const (
	timeRangeID = "6f0c1b1e-4c58-4e0e-9b57-5a3f0a6a2f01"
	serviceID   = "6f0c1b1e-4c58-4e0e-9b57-5a3f0a6a2f02"
)

const (
	minuteMs = 60 * 1000
	hourMs   = 60 * minuteMs
)

// Workbook returns otel/workbook.json.
func Workbook() ([]byte, error) {
	items := []item{
		{Type: itemText, Name: "question", Content: textContent{
			"# Is Redis authentication the problem?\n\nFrom the metrics of entraredis. The first table answers, the rest tells why. " +
				"What to do: [runbook](" + runbook + ").",
		}},
		{Type: itemParameters, Name: "parameters", Content: parameters()},
	}
	for _, v := range views() {
		items = append(items, v.items()...)
	}
	return encode(workbook{
		Version: "Notebook/1.0", Items: items,
		Schema: "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
	})
}

func parameters() parametersContent {
	const version = "KqlParameterItem/1.0"
	return parametersContent{
		Version: version, Style: "pills", ResourceType: resourceType,
		Parameters: []parameter{{
			ID: timeRangeID, Version: version, Name: "TimeRange", Type: parameterTimeRange, IsRequired: true,
			Value: timeContext{3 * hourMs}, // two lives of a token
			TypeSettings: typeSettings{
				SelectableValues: []timeContext{{hourMs}, {3 * hourMs}, {12 * hourMs}, {24 * hourMs}, {7 * 24 * hourMs}},
				AllowCustom:      true,
			},
		}, {
			ID: serviceID, Version: version, Name: "Service", Type: parameterDropDown, IsRequired: true,
			MultiSelect: true, Quote: "'", Delimiter: ",", Value: []string{everything}, ResourceType: resourceType,
			Query: `customMetrics
| where name == "entraredis.token.refresh.consecutive_failures"
| distinct cloud_RoleName
| order by cloud_RoleName asc`,
			TypeSettings: typeSettings{AdditionalValues: []string{everything}}, TimeContext: &timeContext{}, TimeFrom: "TimeRange",
		}},
	}
}

// everything is the choice of all values.
const everything = "value::all"

// items are the view, and below it what to read from it.
func (v view) items() []item {
	q := queryContent{
		Version: "KqlItem/1.0", Title: v.title, ResourceType: resourceType, Query: inWorkbook.in(v.query),
		TimeFrom: "TimeRange", Visualization: v.chart,
	}
	if v.isNow {
		q.TimeContext, q.TimeFrom = timeContext{hourMs}, ""
		q.NoDataMessage = "None. If no service is listed above either, no metrics arrive."
	}
	if v.chart == "" {
		q.Visualization = "table"
	}
	width := "50"
	if v.wide {
		width = ""
	}
	return []item{
		{Type: itemQuery, Content: q, CustomWidth: width, Name: v.title},
		{Type: itemText, Content: textContent{v.means}, CustomWidth: width, Name: v.title + ", what it means"},
	}
}

func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // queries are read by people too
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	return b.Bytes(), nil
}
