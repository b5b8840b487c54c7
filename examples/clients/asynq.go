package clients

import (
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// NewAsynq returns a client and a server of asynq on one go-redis client, which entragoredis has configured. It stays the
// caller's: close it after the two.
func NewAsynq(rdb redis.UniversalClient, cfg asynq.Config) (*asynq.Client, *asynq.Server) {
	return asynq.NewClientFromRedisClient(rdb), asynq.NewServerFromRedisClient(rdb, cfg)
}

// AsynqConnOpt is a RedisConnOpt, for what takes nothing else. asynq closes the client that it returns.
type AsynqConnOpt func() redis.UniversalClient

// MakeRedisClient implements [asynq.RedisConnOpt].
func (open AsynqConnOpt) MakeRedisClient() any { return open() }
