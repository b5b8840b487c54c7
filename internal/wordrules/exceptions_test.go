package wordrules_test

// wordExceptions are where the words of wordrules.Words may stand.
func wordExceptions() []exception {
	return []exception{
		{"waits for its new wording", map[string][]string{
			"core/entraconn":                      {"nobody", "somebody", "whoever", "owed"},
			"core/entraconn/internal/modelserver": {"somebody"},
		}},
	}
}

// identifierExceptions are where the names of wordrules.Identifiers may be declared.
func identifierExceptions() []exception {
	return []exception{
		{"waits for its new name", map[string][]string{
			"core/entraconn":                    {"host", "told", "gate", "attempt", "quiet", "left"},
			"core/entraconn/internal/admission": {"gate"},
		}},
	}
}
