// Package importrules holds the rules of this module that a machine can check: who may import whom, and the
// part of the house rules that shows in the syntax of a file, or of the files of a package.
//
// It has no users but its own tests. [Load] asks the go command for the packages of the module and everything
// they are built from; [CheckImports] judges that graph; [CheckSource] judges one file. Both return one line for
// each violation and nothing else, so that a test can print them as they are. [SpreadMethods] finds types whose methods
// stand in more than one file.
//
// Packages beside this one hold other rules: lockrules, namerules and wordrules. In each of them, as here,
// exceptions_test.go is the only place for exceptions, each with its reason, and one that is needed no more fails.
//
// The arrows of the module, which CheckImports enforces:
//
//	adapters/*      -> core/entraconn -> core/entra -> azcore
//	core/entra      -> its internal/schedule -> internal/clock, internal/jwt, backoff
//	core/entraconn  -> its internal/admission -> core/entra
//	core/entraconn  -> its internal/rotation  -> core/entra, internal/session
//	core/entraconn  -> its internal/advice, internal/deadline, internal/dialing, internal/redact and
//	                   internal/waiting -> the standard library
//	core/entraconn  -> its internal/session -> internal/resp  -> the standard library
//	                   internal/session -> its lease -> the standard library
//	otel/otelentra  -> otel/internal/census -> core/entra
//	otel/slogentra  -> core/entra
//	core/entratest  -> core/entra, miniredis, redcon
//	core/entratest  <- tests, examples, bench, adapters/adaptertest, internal/journeys/trip,
//	                   internal/libraries and internal/neverworse/unpaused only
//
// The core knows neither a Redis client nor OpenTelemetry, and no adapter knows another. What adapters share and
// the suite that tests them know no client and no adapter. Every package below core and adapters is listed with
// all that it may import.
package importrules
