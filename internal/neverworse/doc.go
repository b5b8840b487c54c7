// Package neverworse holds the module's first promise to the numbers: a service is never worse off with this library than
// the same client is with a static password.
//
// Its test plays every fault of [docs/never-worse.md] to each of the three client libraries, twice at the same time: to
// one that logs in with a static user and password, and to one of ours with the same options. Both use one gateway, and
// the same callers. What the callers see is counted, and judged by the bounds in verdict_test.go. It all happens in
// virtual time, with tokens of 75 minutes.
//
// make never-worse writes the sums of five runs to the page, each with the whole minute after the fault. make check compares
// five runs with it, and make test one, in which every row must be met that is met on the page. Both count the calls of that
// minute once the clients have recovered, and do not make them. make soak makes them, with other seeds.
//
// The numbers are those of one day, for the libraries draw random numbers of their own. So the test compares verdicts, and no
// number. What ours does not meet stands in unmet_test.go, with the reason. In five runs a row that is met fails the test
// until it is deleted there, so that list can only shrink.
//
// [docs/never-worse.md]: https://github.com/entraredis/entraredis/blob/main/docs/never-worse.md
package neverworse
