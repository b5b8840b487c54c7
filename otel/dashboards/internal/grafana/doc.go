// Package grafana is the part of Grafana's classic dashboard format that our dashboard needs. Field names and values
// are Grafana's own; what is left out has a default there.
package grafana
