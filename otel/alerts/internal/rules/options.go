package rules

import "strings"

// Options are what differs between installations.
type Options struct {
	// PlainNames is for metrics whose names lack Prometheus's suffixes, such as _seconds and _total: those of a
	// collector with add_metric_suffixes: false, or of Prometheus's translation strategies WithoutSuffixes.
	PlainNames bool

	// PodLabels are labels that differ between the pods of a service, besides those that are known.
	PodLabels []string
}

// seconds returns the name of a metric that is measured in seconds.
func (o Options) seconds(name string) string { return o.suffixed(name, "_seconds") }

// total returns the name of a counter.
func (o Options) total(name string) string { return o.suffixed(name, "_total") }

func (o Options) suffixed(name, suffix string) string {
	if o.PlainNames {
		return name
	}
	return name + suffix
}

// expand puts the names of metrics and the lists of labels in for their placeholders.
func (o Options) expand(template string) string {
	const (
		failures = "entraredis_token_refresh_consecutive_failures"
		expiry   = "entraredis_token_time_to_expiry"
	)
	foreign := Options{PlainNames: !o.PlainNames}
	return strings.NewReplacer(
		"$scope", list(scopeLabels()),
		"$pod", list(podLabels(), o.PodLabels),
		"$identity", list(identityLabels()),
		"$pool", list(poolLabels()),
		"$failures", failures,
		"$expiry", o.seconds(expiry),
		"$foreign", foreign.seconds(expiry),
		"$requestFailures", o.total("entraredis_token_request_failures"),
		"$refusals", o.total("entraredis_connection_auth_refusals"),
		"$refusing", "entraredis_connection_auth_refusing",
		"$active", "entraredis_connection_active",
		"$reconnections", o.total("entraredis_connection_reconnections"),
	).Replace(template)
}
