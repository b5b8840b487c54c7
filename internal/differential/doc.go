// Package differential holds the three client libraries against themselves: the same mixed workload runs on a real
// redis-server once as it is and once with an AUTH on every connection every few milliseconds, and every reply must
// be the same. It has tests only.
package differential
