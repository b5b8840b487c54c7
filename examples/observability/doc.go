// Command observability is a service that can be watched: metrics for Prometheus, a live page, logs
// and spans through OpenTelemetry. It needs nothing but Go: by itself it runs a fake Entra and an
// Azure-like Redis gateway over an embedded miniredis, and tokens live seconds instead of an hour,
// so that there is something to see.
//
//	go run .                            # then open what it prints
//	go run . -outage entra -outage auth # Entra rejects and Redis refuses, now and again
//	go run . -traces                    # spans, as JSON, on standard output; else no tracer provider is set
//	./prometheus.sh                     # beside it: Prometheus with our alerting rules
//
// Command incidents, in the folder below, compares what these signals say in an outage, a refusal, a crash loop and a rotation.
//
// It is a module of its own, so that the library's users do not get the Prometheus exporter and the
// SDK with it. Copy telemetry.go and the first lines of serve into a service of yours, and leave
// out stage.go and outage.go.
package main
