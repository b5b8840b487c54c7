package neverworse_test

// An unmetFault is one for which a library does not keep all bounds.
type unmetFault struct {
	fault     string
	libraries []string
	why       string // a paragraph of the page
}

// unmet returns what is not met. A row that is met in five runs fails the test until it is deleted here.
func unmet() []unmetFault {
	return []unmetFault{
		{"all connections reset, dials take 5 ms for 10 s, callers with contexts of 20 ms", []string{"go-redis"},
			"After the loss of ten connections or more their dials are spread, here over a fifth of a second. go-redis dials with " +
				"a deadline of its own, so the spreading does not see that the callers wait for 20 ms only, and about half of them " +
				"lose one call more."},
	}
}
