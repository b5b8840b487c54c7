package wordrules_test

// wordExceptions are where the words of wordrules.Words may stand.
func wordExceptions() []exception {
	return []exception{
		{"waits for its new wording", map[string][]string{
			"CONTRIBUTING.md":                     {"whoever"},
			"README.md":                           {"nobody"},
			"SECURITY.md":                         {"whoever"},
			"adapters/adaptertest":                {"nobody", "somebody", "whoever", "have had"},
			"adapters/entragoredis":               {"whoever"},
			"adapters/entraredigo":                {"whoever"},
			"adapters/entrarueidis":               {"whoever"},
			"adapters/internal":                   {"nobody", "whoever"},
			"bench/connections":                   {"nobody", "whoever"},
			"bench/internal":                      {"somebody", "whoever"},
			"bench/main.go":                       {"nobody"},
			"core/entra":                          {"nobody", "somebody", "whoever"},
			"core/entraconn":                      {"nobody", "somebody", "whoever", "stillborn", "stash", "owed"},
			"core/entraconn/internal/modelserver": {"somebody"},
			"core/entraconn/internal/session":     {"nobody", "owed", "lowering", "unraisable"},
			"core/entratest":                      {"nobody", "somebody", "whoever"},
			"docs/adapters.md":                    {"somebody"},
			"docs/design.md":                      {"nobody", "somebody", "stillborn", "lowering"},
			"docs/observability.md":               {"somebody", "whoever"},
			"docs/outages.md":                     {"nobody", "somebody"},
			"docs/runbook.md":                     {"whoever", "lowering"},
			"docs/testing.md":                     {"nobody"},
			"examples/observability":              {"nobody", "somebody", "whoever"},
			"examples/quickstart":                 {"nobody", "somebody"},
			"internal/differential":               {"nobody", "whoever"},
			"internal/mutants":                    {"lowering", "let through"},
			"internal/resp":                       {"somebody"},
			"otel/dashboards":                     {"somebody"},
			"otel/internal":                       {"whoever"},
			"otel/livepage":                       {"nobody", "somebody", "whoever"},
			"otel/otelentra":                      {"nobody", "somebody", "whoever"},
		}},
	}
}

// identifierExceptions are where the names of wordrules.Identifiers may be declared.
func identifierExceptions() []exception {
	return []exception{
		{"waits for its new name", map[string][]string{
			"core/entraconn":                    {"host", "round", "told", "gate", "over", "attempt", "settled", "quiet", "early", "left"},
			"core/entraconn/internal/admission": {"gate"},
			"core/entraconn/internal/session":   {"pass", "over", "lower", "blind", "settled", "left"},
		}},
	}
}
