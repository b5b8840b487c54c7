// Package rules says which recording and alerting rules there are, and writes them in the formats of
// Prometheus, of the Prometheus operator, and of Azure Monitor.
//
// # How an alert is made
//
// A [Problem] is one thing that can be wrong with a pod. Its expression is recorded as
// entraredis:pod_problem, with the problem's name as a label, for the pods that have it. From that
// the share of a service's pods is recorded as entraredis:service_problem:share. Each problem has two
// alerts with one name: one for the service when the share is a fifth or more, and one, a warning,
// for each pod while it is less. A worse problem hides what it causes, in the expressions, because
// Azure Monitor has no inhibition.
//
// A service is what is left of a series' labels without those that differ between its pods. So
// cluster, namespace, job and labels that a user has added are kept.
package rules
