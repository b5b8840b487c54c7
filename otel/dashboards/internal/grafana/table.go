package grafana

// A Table has a line for each combination of labels that one of its columns has a value for, as of now.
type Table struct {
	Title       string
	Description string
	None        string   // what an empty table says
	Labels      []Label  // the first columns
	Columns     []Column // the others
}

// A Label is a column of names.
type Label struct {
	Name, Title string
	Link        *FieldLink // nil for none
}

// A Column is what an expression returns for each line.
type Column struct {
	Title  string
	Expr   string
	Unit   Unit
	Danger *Danger
	Words  []Words
}

// Words stand for the numbers up to To, and are red.
type Words struct {
	To   float64
	Text string
}

// Panel returns the table as a panel without a place.
func (t Table) Panel() Panel {
	return Panel{
		Type: TableType, Title: t.Title, Description: t.Description, Datasource: chosen(),
		Targets:         t.targets(),
		Transformations: t.transformations(),
		FieldConfig: &FieldConfig{
			Defaults: Defaults{
				Unit: Count, NoValue: t.None, Color: Color{Mode: "thresholds"}, Thresholds: (*Danger)(nil).thresholds(),
				Custom: map[string]any{"align": "auto", "cellOptions": map[string]any{"type": "auto"}, "inspect": false},
			},
			Overrides: t.overrides(),
		},
		Options: map[string]any{
			"showHeader": true, "cellHeight": "sm", "frameIndex": 0,
			"sortBy": []map[string]any{{"displayName": t.Columns[0].Title, "desc": false}},
		},
	}
}

func (t Table) targets() []Target {
	var all []Target
	for i, c := range t.Columns {
		all = append(all, Target{
			RefID: ref(i), Datasource: chosen(), Expr: c.Expr, Format: "table", EditorMode: "code", Instant: true,
		})
	}
	return all
}

// transformations make one table of the answers, and name and order its columns.
func (t Table) transformations() []Transformation {
	names, order := map[string]string{}, map[string]int{}
	for _, l := range t.Labels {
		names[l.Name], order[l.Name] = l.Title, len(order)
	}
	for i, c := range t.Columns {
		value := "Value #" + ref(i) // Grafana's name for it
		names[value], order[value] = c.Title, len(order)
	}
	return []Transformation{
		{"merge", struct{}{}},
		{"organize", map[string]any{"excludeByName": map[string]bool{"Time": true}, "renameByName": names, "indexByName": order}},
	}
}

func (t Table) overrides() []Override {
	all := []Override{}
	for _, l := range t.Labels {
		if l.Link != nil {
			all = append(all, byName(l.Title, Property{"links", []FieldLink{*l.Link}}))
		}
	}
	for _, c := range t.Columns {
		all = append(all, byName(c.Title,
			Property{"unit", c.Unit},
			Property{"thresholds", c.Danger.thresholds()},
			Property{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}},
			Property{"mappings", c.mappings()},
		))
	}
	return all
}

// mappings leave a cell without a value empty. Thresholds alone would give it the colour of the lowest values.
func (c Column) mappings() []Mapping {
	all := []Mapping{{"special", map[string]any{"match": "null+nan", "result": MappingResult{Text: "", Color: "transparent"}}}}
	for i, w := range c.Words {
		all = append(all, Mapping{"range", map[string]any{
			"from": nil, "to": w.To, "result": MappingResult{Text: w.Text, Color: "red", Index: i + 1},
		}})
	}
	return all
}
