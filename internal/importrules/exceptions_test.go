package importrules_test

// spreadTypes are the types whose methods still stand in more than one file.
func spreadTypes() []string {
	return []string{
		"core/entraconn/internal/rotation (tests).site",
		"core/entraconn (tests).simulatedServer",
		"core/entraconn (tests).simulatedHost",
		"core/entraconn (tests).client",
		"core/entraconn (tests).site",
	}
}

type size struct{ files, lines int }

// connectionSize is what the production code of core/entraconn may take.
func connectionSize() size { return size{files: 12, lines: 2200} }
