// Package schematest checks the rules of otel/alerts in the formats of others against what those
// publish: the PrometheusRule against the CustomResourceDefinition of the Prometheus operator, and
// the Bicep file against Bicep's grammar and the types of Azure's Go SDK. It is a module of its own,
// so that the library's users do not get these with it. make observability-test fetches what the
// tests need.
package schematest
