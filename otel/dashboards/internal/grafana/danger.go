package grafana

// A Danger is where values turn from good to bad. Warn and Bad may be equal.
type Danger struct {
	Below     bool // values are bad below Warn and Bad; else from them on
	Warn, Bad float64
}

func (d *Danger) thresholds() Thresholds {
	t := Thresholds{Mode: "absolute"}
	switch {
	case d == nil:
		t.Steps = []Step{{"green", nil}}
	case d.Below && d.Bad == d.Warn:
		t.Steps = []Step{{"red", nil}, {"green", &d.Warn}}
	case d.Below:
		t.Steps = []Step{{"red", nil}, {"orange", &d.Bad}, {"green", &d.Warn}}
	case d.Bad == d.Warn:
		t.Steps = []Step{{"green", nil}, {"red", &d.Bad}}
	default:
		t.Steps = []Step{{"green", nil}, {"orange", &d.Warn}, {"red", &d.Bad}}
	}
	return t
}
