package entragoredis_test

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Block uses go-redis's methods for blocking commands, which know that the reply may take its time. They take whole
// seconds; a shorter wait is within the read timeout of Do.
func (c conn) Block(ctx context.Context, args ...string) (any, error) {
	seconds := func(at int) (time.Duration, bool) {
		n, err := strconv.Atoi(args[at])
		return time.Duration(n) * time.Second, err == nil
	}
	last := len(args) - 1
	switch args[0] {
	case "BLPOP":
		if timeout, ok := seconds(last); ok {
			popped, err := c.BLPop(ctx, timeout, args[1:last]...).Result()
			return plain(array(popped), err)
		}
	case "BLMOVE":
		if timeout, ok := seconds(last); ok {
			moved, err := c.BLMove(ctx, args[1], args[2], args[3], args[4], timeout).Result()
			return plain(moved, err)
		}
	case "BRPOPLPUSH":
		if timeout, ok := seconds(last); ok {
			moved, err := c.BRPopLPush(ctx, args[1], args[2], timeout).Result()
			return plain(moved, err)
		}
	case "BZPOPMIN":
		if timeout, ok := seconds(last); ok {
			popped, err := c.BZPopMin(ctx, timeout, args[1:last]...).Result()
			if err != nil {
				return plain(nil, err)
			}
			return plain([]any{popped.Key, popped.Member, popped.Score}, nil)
		}
	case "BZMPOP": // timeout 1 key MIN
		if timeout, ok := seconds(1); ok {
			key, popped, err := c.BZMPop(ctx, timeout, args[4], 1, args[3]).Result()
			reply := []any{key}
			for _, z := range popped {
				reply = append(reply, z.Member, z.Score)
			}
			return plain(reply, err)
		}
	case "XREADGROUP": // GROUP group consumer COUNT n BLOCK 0 STREAMS key >
		count, _ := strconv.Atoi(args[5])
		streams, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: args[2], Consumer: args[3], Count: int64(count), Block: 0, Streams: args[9:],
		}).Result()
		return plain(entries(streams), err)
	case "XREAD": // BLOCK 0 STREAMS …, or COUNT n before that
		count, _ := strconv.Atoi(args[2]) // the 0 of BLOCK is none
		streams, err := c.XRead(ctx, &redis.XReadArgs{
			Count: int64(count), Block: 0, Streams: args[slices.Index(args, "STREAMS")+1:],
		}).Result()
		return plain(entries(streams), err)
	}
	return c.Do(ctx, args...)
}

func entries(streams []redis.XStream) (reply []any) {
	for _, stream := range streams {
		for _, entry := range stream.Messages {
			reply = append(reply, entry.ID)
			for field, value := range entry.Values {
				reply = append(reply, field, value)
			}
		}
	}
	return reply
}

func array(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
