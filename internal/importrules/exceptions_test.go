package importrules_test

// insideTests are the tests that still stand in the package that they test.
func insideTests() []string {
	return []string{
		"core/entra/export_test.go",
		"core/entraconn/behind_discard_test.go",
		"core/entraconn/conn_test.go",
		"core/entraconn/cost_test.go",
		"core/entraconn/pieces_test.go",
		"core/entraconn/quick_test.go",
		"core/entraconn/random_test.go",
		"core/entraconn/scrub_test.go",
		"core/entraconn/short_test.go",
		"core/entraconn/signals_test.go",
		"core/entraconn/simulated_call_test.go",
		"core/entraconn/simulated_fate_test.go",
		"core/entraconn/simulated_host_test.go",
		"core/entraconn/simulated_line_test.go",
		"core/entraconn/simulated_server_test.go",
		"core/entraconn/simulation_test.go",
		"core/entraconn/transcript_test.go",
		"core/entraconn/unblock_end_test.go",
		"core/entraconn/unblock_push_test.go",
		"core/entraconn/unblock_test.go",
		"core/entraconn/wire_test.go",
	}
}

// spreadTypes are the types whose methods still stand in more than one file.
func spreadTypes() []string {
	return []string{
		"core/entra.RefreshError",
		"core/entra.Token",
		"core/entra.renewer",
		"core/entra.result",
		"core/entraconn (tests).client",
		"core/entraconn (tests).site",
		"core/entraconn.Conn",
		"core/entraconn.simulatedHost",
		"core/entraconn.simulatedServer",
		"core/entraconn/internal/session.Session",
		"internal/resp.CommandScanner",
		"internal/resp.ReplyScanner",
	}
}

type size struct{ files, lines int }

// connectionSize is what the production code of core/entraconn may take: 12 files when the lease and the admission of
// dials are in packages of their own.
func connectionSize() size { return size{files: 16, lines: 2200} }
