package entratest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/proto"
)

// ok runs a command on the server itself and returns only whether it succeeded.
func (n *ClusterNode) ok(ctx context.Context, args ...string) error {
	_, err := n.admin.do(ctx, args...)
	return n.wrap(err)
}

// text runs a command that gives one string.
func (n *ClusterNode) text(ctx context.Context, args ...string) (string, error) {
	reply, err := n.admin.do(ctx, args...)
	if err != nil {
		return "", n.wrap(err)
	}
	text, err := proto.ReadString(reply)
	return text, n.wrap(err)
}

// list runs a command that gives an array.
func (n *ClusterNode) list(ctx context.Context, args ...string) ([]any, error) {
	reply, err := n.admin.do(ctx, args...)
	if err != nil {
		return nil, n.wrap(err)
	}
	parsed, err := proto.Parse(reply)
	if err != nil {
		return nil, n.wrap(err)
	}
	all, ok := parsed.([]any)
	if !ok {
		return nil, n.wrap(fmt.Errorf("%s gave a %T, no array", strings.Join(args, " "), parsed))
	}
	return all, nil
}

func (n *ClusterNode) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("entratest: cluster node %s: %w", n.port, err)
}

// await asks until the answer is yes. The nodes of a cluster exchange news several times a second,
// and send no event when they have learnt something.
func await(ctx context.Context, what string, ask func() (bool, error)) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := ask()
		if err != nil {
			return err
		}
		if yes {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("entratest: cluster: waiting until %s: %w", what, ctx.Err())
		}
	}
}
