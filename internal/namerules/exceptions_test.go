package namerules_test

// mostShare is how many of a hundred declared names may stand for two things.
const mostShare = 10

// An exception names names that stand for two things, and says why they may.
type exception struct {
	reason string
	names  []string
}

func exceptions() []exception {
	return []exception{
		{"is a method and the type that it returns", []string{"Mark"}},
		{"is one connection, as several packages see it", []string{"Conn", "conn"}},
		{"is one server or its rotation, as two packages see it", []string{"server", "rotation"}},
		{"numbers the same credentials in two packages, and elsewhere the server's connections", []string{"Number", "number"}},
		{"is a field or method of one type, and elsewhere the local variable of a short function", []string{
			"at", "auth", "end", "kind", "login", "tries",
		}},
	}
}
