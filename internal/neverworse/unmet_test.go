package neverworse_test

// unmet returns the libraries that do not keep the bounds yet, by the name of the fault. A row that is met fails the test
// until it is deleted here.
func unmet() map[string][]string {
	return map[string][]string{
		"every tenth login refused for 20 s":                                                     {"go-redis", "redigo"},
		"every second login refused for 20 s":                                                    {"go-redis", "redigo"},
		"one of three proxies refuses logins for 20 s":                                           {"go-redis", "rueidis", "redigo"},
		"every login refused for 60 s, callers call twice a second":                              {"go-redis", "rueidis", "redigo"},
		"every login refused for 20 s from the start":                                            {"go-redis", "rueidis", "redigo"},
		"black hole for 20 s from the start: dials never answer; 100 callers without a deadline": {"rueidis", "redigo"},
		"LOADING at login for 10 s":                                                              {"go-redis", "rueidis"},
		"BUSY at login for 10 s":                                                                 {"rueidis"},
		"OOM at login for 10 s":                                                                  {"rueidis"},
		"MASTERDOWN at login for 10 s":                                                           {"go-redis", "rueidis"},
		"node unknown to DNS for 10 s":                                                           {"go-redis"},
		"50 connections dialed in advance, no call yet":                                          {"go-redis", "redigo"},
	}
}
