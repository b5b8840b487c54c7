package rules

import "time"

// A Group is evaluated in order. Azure takes 20 rules in a group.
type Group struct {
	Name        string
	Description string
	Rules       []Rule
}

// A Rule records a metric or alerts.
type Rule struct {
	Record      string // or Alert
	Alert       string
	Comment     string // why the expression is what it is
	Expr        string
	For         time.Duration
	Labels      map[string]string
	Summary     string
	Description string
}

const (
	critical = "critical"
	warning  = "warning"

	podProblem  = "entraredis:pod_problem"
	servicePods = "entraredis:service_pods"
	share       = "entraredis:service_problem:share"

	// A service of five pods has lost a fifth of its work with one of them. In a larger one, one sick pod is a warning.
	manyPods = "0.2"

	runbook = "https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#"
)

// Groups returns all rules.
func Groups(o Options) []Group {
	alerting := []Rule{}
	for _, p := range problems() {
		alerting = append(alerting, p.serviceAlert(o), p.podAlert(o))
	}
	return []Group{
		{"entraredis-recording", "Which pods have which problem with Redis authentication, and which share of a service.", recording(o)},
		{"entraredis", "Is Redis authentication with Microsoft Entra ID in trouble?", append(alerting, missing(o)...)},
	}
}
