package neverworse_test

// unmet returns the libraries that do not keep the bounds yet, by the name of the fault. A row that is met fails the test
// until it is deleted here.
func unmet() map[string][]string {
	return map[string][]string{
		"every login refused for 60 s, callers call twice a second": {"go-redis", "rueidis", "redigo"},
		"every login refused for 20 s from the start":               {"go-redis", "rueidis", "redigo"},
		"LOADING at login for 10 s":                                 {"go-redis"},
		"MASTERDOWN at login for 10 s":                              {"go-redis"},
	}
}
