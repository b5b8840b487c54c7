package entragoredis_test

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

func (c *client) Cached(ctx context.Context, key string) (string, error) {
	value, err := c.redis().Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return value, err
}
