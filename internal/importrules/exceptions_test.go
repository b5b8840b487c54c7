package importrules_test

// insideTests are the tests that still stand in the package that they test.
func insideTests() []string {
	return []string{
		"core/entraconn/unblock_order_test.go",
		"core/entraconn/behind_discard_test.go",
		"core/entraconn/unblock_end_test.go",
		"core/entraconn/unblock_push_test.go",
		"core/entraconn/unblock_test.go",
	}
}

// spreadTypes are the types whose methods still stand in more than one file.
func spreadTypes() []string {
	return []string{
		"core/entraconn/internal/rotation (tests).site",
		"core/entraconn (tests).simulatedServer",
		"core/entraconn (tests).simulatedHost",
		"core/entraconn (tests).client",
		"core/entraconn (tests).site",
		"core/entraconn.Conn",
	}
}

type size struct{ files, lines int }

// connectionSize is what the production code of core/entraconn may take.
func connectionSize() size { return size{files: 12, lines: 2200} }
