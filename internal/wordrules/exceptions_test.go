package wordrules_test

// wordExceptions are where the words of wordrules.Words may stand.
func wordExceptions() []exception { return nil }

// identifierExceptions are where the names of wordrules.Identifiers may be declared.
func identifierExceptions() []exception { return nil }
