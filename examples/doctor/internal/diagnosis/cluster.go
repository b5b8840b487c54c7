package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
)

func checkCluster(ctx context.Context, e *examination) outcome {
	answer, err := e.session.do(ctx, "CLUSTER", "SLOTS")
	switch {
	case err != nil:
		return failed("connection-lost", "%v", err)
	case answer.isError() && isForbidden(answer) && !e.isStandalone:
		return warning("cluster-unknown", "%s", answer.text)
	case answer.isError():
		return fine("no cluster: %s", answer.text)
	}
	announced := nodes(answer, e.hostname)
	if len(announced) == 0 || len(announced) == 1 && announced[0] == e.opts.Address {
		return fine("one server has all keys")
	}
	e.settings.Cluster = true
	asAnnounced := reach(ctx, e, announced, &entragoredis.Options{})
	if len(asAnnounced) == 0 {
		return fine("%d nodes, all reached as announced: %s", len(announced), strings.Join(announced, ", "))
	}
	first := asAnnounced[0]
	e.known["node"], e.known["reason"] = first.node, printable(first.err.Error())
	detail := fmt.Sprintf("%d of %d nodes not reached, for example %s: %v", len(asAnnounced), len(announced), first.node, first.err)
	if len(reach(ctx, e, announced, &entragoredis.Options{SeedHost: true})) == 0 {
		e.settings.SeedHost = true
		return warning("seed-host-needed", "%s", detail)
	}
	return failed(whyNotReached(first.err, e.known), "%s", detail)
}

// nodes returns the addresses in an answer to CLUSTER SLOTS, each once. An empty host stands for
// the one that was asked.
func nodes(answer reply, asked string) (all []string) {
	for _, slots := range answer.items {
		for i, node := range slots.items {
			if i < 2 || len(node.items) < 2 { // the first and the last slot
				continue
			}
			hostname := node.items[0].text
			if hostname == "" || hostname == "?" {
				hostname = asked
			}
			if addr := net.JoinHostPort(printable(hostname), printable(node.items[1].text)); !slices.Contains(all, addr) {
				all = append(all, addr)
			}
		}
	}
	return all
}

// A missedNode is one that a client does not reach.
type missedNode struct {
	node string
	err  error
}

// reach logs in at all nodes at once, as a client does that entragoredis has configured, and
// returns those that it missed.
func reach(ctx context.Context, e *examination, announced []string, opts *entragoredis.Options) []missedNode {
	ctx, cancel := context.WithTimeout(ctx, e.opts.Timeout/2-100*time.Millisecond) // reach is called twice
	defer cancel()
	cluster := &redis.ClusterOptions{Addrs: []string{e.opts.Address}, TLSConfig: e.opts.TLS.Clone()}
	if e.isPlain {
		cluster.TLSConfig = nil
	}
	if err := entragoredis.ConfigureCluster(cluster, e.source, opts); err != nil {
		return []missedNode{{e.opts.Address, err}}
	}
	errs := make([]error, len(announced))
	var work sync.WaitGroup
	for i, node := range announced {
		work.Add(1)
		go func() {
			defer work.Done()
			errs[i] = ping(ctx, cluster.Dialer, node)
		}()
	}
	work.Wait()
	var missed []missedNode
	for i, err := range errs {
		if err != nil {
			missed = append(missed, missedNode{announced[i], err})
		}
	}
	return missed
}

// ping sends a command on a connection that logs in by itself.
func ping(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), addr string) error {
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := newSession(conn, entra.Token{}).do(ctx, "PING")
	if err == nil && answer.isError() && !isForbidden(answer) {
		return errors.New(answer.text)
	}
	return err
}

// whyNotReached returns the id of why a node was not reached.
func whyNotReached(err error, known facts) string {
	if cause, _ := verificationFailure(err, known); cause != "" {
		return "node-certificate"
	}
	var config *entra.ConfigError
	var refused *entra.AuthError
	switch {
	case errors.As(err, &config):
		return "node-not-trusted"
	case errors.As(err, &refused):
		return "node-refuses-login"
	}
	return "node-unreachable"
}
