package entrarueidis_test

import (
	"context"
	"io"
	"time"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/internal/confirmation"
	"github.com/redis/rueidis"
)

// A conn is a rueidis client, or a connection dedicated to one user, in the suite's words.
type conn struct{ rueidis.CoreClient }

func (c conn) Do(ctx context.Context, args ...string) (any, error) {
	return plain(c.CoreClient.Do(ctx, c.command(args)))
}

// Block has a call whose context ends unblocked by CLIENT UNBLOCK, as far as rueidis can: not below Dedicated.
func (c conn) Block(ctx context.Context, args ...string) (any, error) {
	command := c.B().Arbitrary(args...).Blocking()
	if newer, ok := any(command).(interface{ UnblockOnCancel() rueidis.Completed }); ok { // the oldest supported version has it not
		command = newer.UnblockOnCancel()
	}
	return plain(c.CoreClient.Do(ctx, command))
}

func (c conn) command(args []string) rueidis.Completed { return c.B().Arbitrary(args...).Build() }

func plain(result rueidis.RedisResult) (any, error) {
	reply, err := result.ToAny()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return flat(reply), err
}

// flat makes arrays of maps, as RESP2 does.
func flat(reply any) any {
	switch reply := reply.(type) {
	case map[string]any:
		var all []any
		for key, value := range reply {
			all = append(all, key, flat(value))
		}
		return all
	case []any:
		for i := range reply {
			reply[i] = flat(reply[i])
		}
	}
	return reply
}

type client struct {
	conn
	confirmations *confirmation.Watch
}

func (c *client) rueidis() rueidis.Client { return c.CoreClient.(rueidis.Client) }

func (c *client) Pipeline(ctx context.Context, commands ...[]string) ([]any, error) {
	multi := make([]rueidis.Completed, len(commands))
	for i, command := range commands {
		multi[i] = c.command(command)
	}
	replies := make([]any, len(commands))
	for i, result := range c.DoMulti(ctx, multi...) {
		if err := result.NonRedisError(); err != nil {
			return nil, err
		}
		reply, err := plain(result)
		if replies[i] = reply; err != nil {
			replies[i] = err
		}
	}
	return replies, nil
}

func (c *client) Transaction(ctx context.Context, commands ...[]string) ([]any, error) {
	all := append([][]string{{"MULTI"}}, commands...)
	replies, err := c.Pipeline(ctx, append(all, []string{"EXEC"})...)
	if err != nil {
		return nil, err
	}
	switch reply := replies[len(replies)-1].(type) {
	case error:
		return nil, reply
	case []any:
		return reply, nil
	}
	return nil, nil
}

func (c *client) Swap(ctx context.Context, key string, change func(string) string) (swapped bool, err error) {
	err = c.rueidis().Dedicated(func(held rueidis.DedicatedClient) error {
		if err := held.Do(ctx, held.B().Watch().Key(key).Build()).Error(); err != nil {
			return err
		}
		old, err := held.Do(ctx, held.B().Get().Key(key).Build()).ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
		results := held.DoMulti(ctx, held.B().Multi().Build(), held.B().Set().Key(key).Value(change(old)).Build(), held.B().Exec().Build())
		err = results[2].Error()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		swapped = err == nil
		return err
	})
	return swapped, err
}

func (c *client) Hold(_ context.Context, fn func(adaptertest.Conn) error) error {
	return c.rueidis().Dedicated(func(held rueidis.DedicatedClient) error { return fn(conn{held}) })
}

// Cached relies on OPTIN, rueidis's default: CLIENT CACHING YES, MULTI, PTTL, GET, EXEC.
func (c *client) Cached(ctx context.Context, key string) (string, error) {
	value, err := c.rueidis().DoCache(ctx, c.B().Get().Key(key).Cache(), 24*time.Hour).ToString()
	if rueidis.IsRedisNil(err) {
		return "", nil
	}
	return value, err
}

func (c *client) Stream(ctx context.Context, w io.Writer, args ...string) error {
	stream := c.rueidis().DoStream(ctx, c.command(args))
	for stream.HasNext() {
		if _, err := stream.WriteTo(w); err != nil {
			return err
		}
	}
	if err := stream.Error(); err != io.EOF {
		return err
	}
	return nil
}

func (c *client) Close() error {
	c.rueidis().Close()
	return nil
}
