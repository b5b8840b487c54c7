// Package board says what is on the dashboard: which panels, what they ask Prometheus, and what their descriptions
// tell the reader to do. One file holds the panels of one subject.
package board
