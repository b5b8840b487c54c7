package clients

import (
	"errors"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// NewWatermill returns a publisher and a subscriber of Redis streams on one go-redis client, which entragoredis has
// configured. Each of them closes that client when it is closed.
func NewWatermill(rdb redis.UniversalClient, group string) (message.Publisher, message.Subscriber, error) {
	pub, pubErr := redisstream.NewPublisher(redisstream.PublisherConfig{Client: rdb}, nil)
	sub, subErr := redisstream.NewSubscriber(redisstream.SubscriberConfig{Client: rdb, ConsumerGroup: group}, nil)
	return pub, sub, errors.Join(pubErr, subErr)
}
