// Package differential compares each of the three client libraries with itself: the same mixed
// workload runs on a real redis-server, once as it is and once with an AUTH on every connection
// every few milliseconds. Every reply must be the same. It has tests only.
package differential
