package importrules_test

type size struct{ files, lines int }

// connectionSize is what the production code of core/entraconn may take.
func connectionSize() size { return size{files: 12, lines: 2200} }
