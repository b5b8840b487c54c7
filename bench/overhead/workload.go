package overhead

import (
	"fmt"
	"strings"
)

// A workload is what clients do, from one or more goroutines at once.
type workload struct {
	name    string
	workers int
	perCall int // commands, or messages, in one call
	goal    float64
	what    kind
}

type kind int

const (
	get kind = iota
	pipeline
	large
	hgetall
	pubsub
)

const (
	small      = 64       // bytes of a value
	big        = 64 << 10 // bytes of a value of the workload large
	fields     = 100      // of the hash
	pipelined  = 100      // commands in a pipeline
	published  = 1000     // messages in a call of the workload pubsub
	singleGoal = 0.01     // how much slower single commands may be
	pipeGoal   = 0.03     // how much slower pipelines may be
)

func workloads() []workload {
	return []workload{
		{name: "GET, 1 goroutine", workers: 1, perCall: 1, goal: singleGoal, what: get},
		{name: "GET, 16 goroutines", workers: 16, perCall: 1, goal: singleGoal, what: get},
		{name: "GET, 128 goroutines", workers: 128, perCall: 1, goal: singleGoal, what: get},
		{name: "pipelines of 100 GETs", workers: 1, perCall: pipelined, goal: pipeGoal, what: pipeline},
		{name: "SET and GET of 64 KiB", workers: 1, perCall: 2, goal: singleGoal, what: large},
		{name: "HGETALL of 100 fields", workers: 1, perCall: 1, goal: singleGoal, what: hgetall},
		{name: "Pub/Sub messages", workers: 1, perCall: published, goal: singleGoal, what: pubsub},
	}
}

// What the workloads read. Each login has its own channel.
const (
	smallKey = "small"
	hashKey  = "hash"
	bigKey   = "big"
	channel  = "channel:"
)

// publishScript publishes ARGV[1] messages on KEYS[1] in one go, so that the publisher costs next to nothing.
const publishScript = `for i = 1, tonumber(ARGV[1]) do redis.call('PUBLISH', KEYS[1], '0123456789012345678901234567890123456789012345678901234567890123') end`

// seed returns the commands that make what the workloads read.
func seed() [][]any {
	hash := []any{"HSET", hashKey}
	for i := range fields {
		hash = append(hash, fmt.Sprintf("field:%03d", i), strings.Repeat("x", 32))
	}
	return [][]any{{"SET", smallKey, strings.Repeat("x", small)}, hash}
}
