// Package servicetest shows how a service that uses entraredis is tested: with a fake Entra, an
// Azure-like Redis and hours that pass in milliseconds. The service is [Greeter]; the test shows
// how.
package servicetest

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// A Greeter counts how often it greeted whom. It knows Redis, and nothing of tokens.
type Greeter struct{ Redis *redis.Client }

// Greet returns a greeting with the number of times that name has been greeted.
func (g Greeter) Greet(ctx context.Context, name string) (string, error) {
	n, err := g.Redis.Incr(ctx, "greeted:"+name).Result()
	if err != nil {
		return "", fmt.Errorf("greet %s: %w", name, err)
	}
	return fmt.Sprintf("Hello %s, for the %d. time", name, n), nil
}
