package adaptertest

import "testing"

// ClusterMatrix is Matrix for several servers.
func ClusterMatrix(h ClusterHarness) string {
	if h.None != "" {
		return "### " + h.Library + "\n\nNot run: " + h.None + "\n"
	}
	var rows []row
	for _, s := range clusterScenarios() {
		rows = append(rows, row{s.name, func(int) string { return s.skip(h) }})
	}
	return matrix(h.Library, h.Protocols, rows)
}

// CheckClusterMatrix is CheckMatrix for several servers.
func CheckClusterMatrix(t testing.TB, h ClusterHarness, path string) {
	t.Helper()
	checkSection(t, h.Library, ClusterMatrix(h), path)
}
