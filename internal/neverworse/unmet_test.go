package neverworse_test

// An unmetFault is one for which a library does not keep all bounds.
type unmetFault struct {
	fault     string
	libraries []string
	why       string // a paragraph of the page
}

// unmet returns what is not met. A row that is met in five runs fails the test until it is deleted here.
func unmet() []unmetFault {
	const twoLogins = "go-redis logs in with a password by HELLO and then by AUTH, and repeats each up to three times on the same " +
		"connection, with pauses. With this library it has no password, so it sends HELLO alone, and its login fails in half of the " +
		"time. Callers are told sooner and call again at the next quarter of a second, so they see a third more errors in ten " +
		"seconds. Each call makes as many connections as with a password."
	return []unmetFault{
		{"LOADING at login for 10 s", []string{"go-redis"}, twoLogins},
		{"MASTERDOWN at login for 10 s", []string{"go-redis"}, twoLogins},
		{"node unknown to DNS for 10 s", []string{"go-redis"},
			"go-redis stops dialing once as many dials have failed as its pool holds. Dial spreading has the dials of the twenty " +
				"callers begin one after the other, so that the last one fails after two seconds and not after half a second, and " +
				"those whose dial has failed dial again until then. There are 80 dials more in the first two seconds, and none " +
				"later. Callers see 15 % fewer errors."},
		{"all connections reset, dials take 5 ms for 10 s, callers with contexts of 20 ms", []string{"go-redis"},
			"After the loss of ten connections or more their dials are spread, here over a fifth of a second. go-redis dials with " +
				"a deadline of its own, so the spreading does not see that the callers wait for 20 ms only, and about half of them " +
				"lose one call more."},
	}
}
