package board

// increase returns by how much counters rose over a window, the series' first value included: increase alone takes a
// series that begins with 1 for one that has not risen, so the first refusal, the first failure and the first renewal
// of a process would not show. A series has begun in the window if there was no sample of it in the window before; a
// scrape that failed is no beginning. by is the labels to keep, separated by commas, and may be empty.
func increase(by, counter, selector, window string) string {
	series := counter + `{` + selector + `}`
	over := series + `[` + window + `]`
	return sum(by) + `((last_over_time(` + over + `) unless present_over_time(` + over + ` offset ` + window + `)) or increase(` + over + `))`
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
	return `histogram_quantile(` + q + `, ` + increase(labels, histogram+"_bucket", selector, perStep) + `)`
}

// The windows: what a step of a graph stands for, and all that is shown.
const (
	perStep = "$__rate_interval"
	shown   = "$__range"
)
