// Package neverworse holds the module's first promise to the numbers: a service is never worse off with this library than
// the same client is with a static password.
//
// Its test plays every fault of [docs/never-worse.md] to each of the three client libraries, twice at the same time: to
// one that logs in with a static user and password, and to one of ours with the same options. Both use one gateway, and
// the same callers. What the callers see is counted, and judged by the bounds in verdict_test.go. It all happens in
// virtual time, with tokens of 75 minutes.
//
// go test -update writes the page anew. The numbers are those of one run, for the libraries draw random numbers of their
// own. So the test compares the verdicts of its run with those of the page, and no number. What ours does not meet yet
// stands in unmet_test.go. A row that is met fails the test until it is deleted there, so that list can only shrink.
//
// [docs/never-worse.md]: https://github.com/entraredis/entraredis/blob/main/docs/never-worse.md
package neverworse
