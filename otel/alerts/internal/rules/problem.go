package rules

import (
	"fmt"
	"strings"
	"time"
)

// A Problem is one thing that can be wrong with a pod.
type Problem struct {
	Alert    string // the name of the service's alert; that of a pod has Pod after it
	Label    string // the value of the label problem
	Severity string // of the service's alert
	For      time.Duration

	comment string // why expr is what it is
	expr    string // true for a pod that has the problem; see Options.expand
	// The problems that hide this one, when they have lasted for hiding.
	hidden        []string // of the same identity or pool
	hiddenByToken []string // of a pod's token, if this one is of its connections

	service, serviceMeans string // summary and description of the service's alert
	pod, podMeans         string // those of a pod's
}

// What the texts have in common.
const (
	serviceName = `{{ with or $labels.namespace $labels.k8s_namespace_name }}{{ . }}/{{ end }}{{ $labels.job }}` +
		`{{ with or $labels.cluster $labels.k8s_cluster_name }} in cluster {{ . }}{{ end }}`
	podName  = `{{ or $labels.pod $labels.k8s_pod_name $labels.instance }} of ` + serviceName
	howMany  = `{{ $value | humanizePercentage }} of the pods`
	identity = `identity {{ $labels.entraredis_identity_name }}`
	server   = `{{ $labels.server_address }}{{ with $labels.server_port }}:{{ . }}{{ end }} (pool {{ $labels.db_client_connection_pool_name }})`
)

// hiding is how long the alerts wait that hide others.
const hiding = time.Minute

func (p Problem) record(o Options) Rule {
	return Rule{Record: podProblem, Comment: p.comment, Expr: o.expand(p.expr), Labels: map[string]string{"problem": p.Label}}
}

func (p Problem) serviceAlert(o Options) Rule {
	expr := fmt.Sprintf("%s >= %s", share+matcher(p.Label), manyPods)
	if len(p.hidden) > 0 {
		expr += unless("problem") + many(hiding, p.hidden...)
	}
	if len(p.hiddenByToken) > 0 {
		expr += unless("problem, $identity, $pool") + many(hiding, p.hiddenByToken...)
	}
	return Rule{
		Alert: p.Alert, Expr: o.expand(expr), For: p.For, Labels: map[string]string{"severity": p.Severity},
		Summary: p.service, Description: p.serviceMeans,
	}
}

func (p Problem) podAlert(o Options) Rule {
	expr := podProblem + matcher(p.Label)
	if len(p.hidden) > 0 {
		expr += unless("problem") + inPod(p.hidden...) + unless("problem, $pod") + many(hiding, p.hidden...)
	}
	if len(p.hiddenByToken) > 0 {
		expr += unless("problem, $identity, $pool") + inPod(p.hiddenByToken...)
	}
	expr += unless("problem, $pod") + many(p.For, p.Label)
	return Rule{
		Alert: p.Alert + "Pod", Expr: o.expand(expr), For: p.For, Labels: map[string]string{"severity": warning},
		Summary: p.pod, Description: p.podMeans,
	}
}

func unless(ignoring string) string { return "\n  unless ignoring (" + ignoring + ")\n" }

// inPod selects the pods that have one of the problems, and had it as long ago as the alerts wait that hide others.
func inPod(problems ...string) string {
	selector := podProblem + matcher(problems...)
	return fmt.Sprintf("(%s and %s offset %s)", selector, selector, minutes(hiding))
}

// many selects the services in which many pods have one of the problems, and had it as long ago as its alert waits. An alert
// that is hidden any earlier would end before that one fires.
func many(wait time.Duration, problems ...string) string {
	selector := share + matcher(problems...)
	return fmt.Sprintf("(%s >= %s and %s offset %s >= %s)", selector, manyPods, selector, minutes(wait), manyPods)
}

func matcher(problems ...string) string {
	if len(problems) == 1 {
		return fmt.Sprintf("{problem=%q}", problems[0])
	}
	return fmt.Sprintf("{problem=~%q}", strings.Join(problems, "|"))
}
