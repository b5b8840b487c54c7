package rules

import "slices"

func problems() []Problem { return slices.Concat(tokenProblems(), poolProblems()) }

// Problems returns what the alerts of services and pods are about.
func Problems() []Problem { return problems() }

func recording(o Options) []Rule {
	var all []Rule
	for _, p := range problems() {
		all = append(all, p.record(o))
	}
	return append(all,
		Rule{
			Record: servicePods,
			Comment: "How many pods of a service have reported in the last ten minutes: for each identity and for each pool. Pods " +
				"in a crash loop count as long as their problem does.",
			Expr: o.expand(`count without ($pod) (max without ($scope) (max_over_time($failures[10m])))
  or
count without ($pod) (max without ($scope) (max_over_time($refusing[10m])))`),
		},
		Rule{
			Record:  share,
			Comment: "The share of a service's pods that has the problem.",
			Expr: o.expand(`count without ($pod) (` + podProblem + `)
  / ignoring (problem) group_left ()
` + servicePods),
		},
	)
}
