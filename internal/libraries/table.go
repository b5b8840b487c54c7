package main

import "time"

// libraries are those that stand on one of the clients, and those clients of the same kind that have tests on a real server.
func libraries() []library {
	const (
		sentinel = "entraredis does not support Sentinel, and Azure has none"
		others   = "it is for a server of another kind or version, which is not here"
	)
	const goroutines = "^TestServer(FromRedisClient|Run)?$" // what counts them in asynq
	ofRueidis := []reasoned{
		{"Sentinel", sentinel},
		{"Client5|KeyDB|Dragonfly|Kvrocks|Cluster5", others},
	}
	ofRadix := []reasoned{
		{"^TestDialUseTLS$", "it needs a proxy with TLS before the server, at a fixed address"},
		{"^TestClusterDoWhenDown$", "it measures time on a stand-in for a server"},
	}
	oneServer := servers{singles: [][]string{{"6379"}}}
	threeNodes := [][]string{{"7000"}, {"7001"}, {"7002"}}
	return []library{
		{
			name: "rueidislock", module: "github.com/redis/rueidis", version: "v1.0.79",
			servers: oneServer, suites: []suite{{folder: "rueidislock"}},
			takes: time.Minute,
		}, {
			name: "redsync", module: "github.com/go-redsync/redsync/v4", version: "v4.18.1",
			// Its ports are among those that Linux gives to clients.
			patches: []patch{
				{"redsync_test.go", "strconv.Itoa(51200 + i)", "strconv.Itoa(11200 + i)"},
				{"redsync_test.go", "strconv.Itoa(51200+i+offset)", "strconv.Itoa(11200+i+offset)"},
			},
			servers: servers{own: `/redis\.sock$|^127\.0\.0\.1:112\d\d$`}, suites: []suite{{folder: "."}},
			takes: time.Minute,
		}, {
			name: "redislock", module: "github.com/bsm/redislock", version: "v0.9.4",
			servers: oneServer, suites: []suite{{folder: "."}},
			takes: 10 * time.Second,
		}, {
			name: "go-redis/cache", module: "github.com/go-redis/cache/v9", version: "v9.0.0",
			servers: oneServer, suites: []suite{{folder: ".", specs: true}},
			takes: 30 * time.Second,
		}, {
			name: "asynq", module: "github.com/hibiken/asynq", version: "v0.26.0",
			servers: servers{singles: [][]string{{"6379"}}, cluster: threeNodes},
			suites: []suite{
				{folder: ".", leftOut: []reasoned{{
					goroutines, "it counts goroutines and has a suite of its own, because other tests leave connections open",
				}}},
				{folder: ".", variant: "goroutines", run: "^TestServer(Run)?$"},
				{folder: ".", variant: "open client", run: "^TestServerFromRedisClient$"},
				{folder: "internal/rdb"},
				{folder: "internal/rdb", variant: "cluster", flags: []string{"-redis_cluster"}, leftOut: []reasoned{{
					"TaskIdConflictError", "its keys are in different slots",
				}}},
			},
			knownDifferences: []reasoned{{
				"^open client: TestServerFromRedisClient$",
				"it counts goroutines while its client is open: a Source has one, and another for each server",
			}},
			takes: 4 * time.Minute,
		}, {
			name: "watermill-redisstream", module: "github.com/ThreeDotsLabs/watermill-redisstream", version: "v1.4.5",
			servers: oneServer, suites: []suite{{folder: "pkg/redisstream"}},
			takes: 2 * time.Minute,
		}, {
			name: "rmq", module: "github.com/adjust/rmq/v5", version: "v5.2.0",
			servers: servers{singles: [][]string{{"6379"}}, cluster: threeNodes},
			suites:  []suite{{folder: ".", env: []string{"REDIS_ADDR=localhost:6379", "REDIS_CLUSTER_ADDR=localhost:7000,localhost:7001,localhost:7002"}}},
			knownDifferences: []reasoned{{
				"^Test(Cluster)?PushQueue$",
				"it fails without tokens too, now and then: it looks for a delivery as soon as the server has moved the message",
			}},
			takes: 30 * time.Second,
		}, {
			name: "gocraft/work", module: "github.com/gocraft/work", version: "v0.5.1",
			requires: []string{"github.com/gomodule/redigo@v1.9.3", "github.com/robfig/cron@v1.2.0", "github.com/stretchr/testify@v1.9.0"},
			servers:  oneServer, suites: []suite{{folder: "."}},
			takes: 30 * time.Second,
		}, {
			name: "redistore", module: "github.com/boj/redistore", version: "v1.4.1",
			servers: oneServer, suites: []suite{{folder: "."}},
			takes: 10 * time.Second,
		}, {
			name: "scs/redisstore", module: "github.com/alexedwards/scs/redisstore", version: "v0.0.0-20251002162104-209de6e426de",
			servers: oneServer, suites: []suite{{folder: ".", env: []string{"SCS_REDIS_TEST_DSN=localhost:6379"}}},
			takes: 10 * time.Second,
		}, {
			name: "scs/goredisstore", module: "github.com/alexedwards/scs/goredisstore", version: "v0.0.0-20250212122300-421ef1d8611c",
			servers: oneServer, suites: []suite{{folder: ".", env: []string{"SCS_REDIS_TEST_DSN=redis://localhost:6379/0"}}},
			takes: 10 * time.Second,
		}, {
			name: "centrifuge", module: "github.com/centrifugal/centrifuge", version: "v0.40.1",
			servers: servers{
				singles: [][]string{{"6379"}, {"16379"}, {"36379"}},
				cluster: [][]string{{"7001", "17000"}, {"7002", "17001"}, {"7003", "17002"}},
			},
			suites: []suite{{
				folder: ".", tags: "integration", run: "Redis|^TestCluster_|^TestEmulation_DifferentNodes",
				leftOut: []reasoned{
					{"Sentinel|DetachedReplica|DisabledProbeStarves", sentinel},
					{"^TestNewRedisShard$", others},
					{"^TestRedisShardReadFailsFastDuringOutage$", "it puts a proxy before a server at a fixed address"},
				},
			}},
			takes: time.Minute,
		}, {
			name: "rueidis", module: "github.com/redis/rueidis", version: "v1.0.79",
			servers: servers{singles: [][]string{{"6379"}}, cluster: [][]string{{"7001"}, {"7002"}, {"7003"}}},
			suites:  []suite{{folder: ".", run: "Integration|^TestNegative|^TestUnblock", leftOut: ofRueidis}},
			takes:   10 * time.Minute,
		}, {
			name: "valkey-go", module: "github.com/valkey-io/valkey-go", version: "v1.0.79",
			servers: servers{singles: [][]string{{"6379"}}, cluster: [][]string{{"7001"}, {"7002"}, {"7003"}}},
			suites: []suite{
				{folder: ".", run: "Integration|^TestNegative|^TestUnblock", leftOut: ofRueidis},
				{folder: "valkeylock"},
			},
			takes: 10 * time.Minute,
		}, {
			name: "radix", module: "github.com/mediocregopher/radix/v4", version: "v4.1.4",
			servers: oneServer,
			suites: []suite{
				{folder: ".", leftOut: ofRadix},
				{folder: ".", variant: "RESP3", flags: []string{"-resp3"}, leftOut: ofRadix},
			},
			takes: time.Minute,
		}, {
			name: "rueidisaside", module: "github.com/redis/rueidis/rueidisaside", version: "v1.0.79",
			servers: oneServer, suites: []suite{{folder: "."}},
			takes: time.Minute,
		}, {
			name: "rueidisprob", module: "github.com/redis/rueidis/rueidisprob", version: "v1.0.79",
			servers: oneServer, suites: []suite{{folder: "."}},
			takes: time.Minute,
		},
	}
}
