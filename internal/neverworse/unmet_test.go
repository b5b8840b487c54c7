package neverworse_test

// An unmetFault is one for which a library does not keep all bounds.
type unmetFault struct {
	fault     string
	libraries []string
	why       string // a paragraph of the page
}

// unmet returns what is not met. A row that is met in five runs fails the test until it is deleted here.
func unmet() []unmetFault {
	return nil
}
