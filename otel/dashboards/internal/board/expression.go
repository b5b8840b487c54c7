package board

// increase returns by how much counters rose in a step of a graph. by is the labels to keep, separated by commas, and
// may be empty.
func increase(by, counter, selector string) string {
	return sum(by) + `(increase(` + counter + `{` + selector + `}[$__rate_interval]))`
}

func sum(by string) string {
	if by == "" {
		return "sum"
	}
	return "sum by (" + by + ") "
}

// quantile returns below what the share q of a histogram's values lies, for each value of the label by, if any.
func quantile(q, by, histogram, selector string) string {
	labels := "le"
	if by != "" {
		labels += ", " + by
	}
	return `histogram_quantile(` + q + `, ` + increase(labels, histogram+"_bucket", selector) + `)`
}

// pods returns how many pods an expression has a series for, and 0 if it has none while pods report.
func pods(expr string) string {
	return `count(count by (` + onePod + `) (` + expr + `)) or 0 * count(` + everyPod + `{` + ofPod + `})`
}
