// Package browsertest tests the live page in a real browser, Chromium, against a real go-redis on a gateway that takes
// Entra's tokens. It is a module of its own, so that users of the page get no browser driver. Run it by
//
//	make page-test
//
// which installs Chromium where it can. With -pictures it also takes the two that docs/observability.md shows.
package browsertest
