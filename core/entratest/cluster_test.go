package entratest_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/core/entratest"
)

func startCluster(t *testing.T, opts *entratest.RedisClusterOptions) *entratest.RedisCluster {
	t.Helper()
	needClusters(t)
	c, err := entratest.StartRedisCluster(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// A clusterSite is a cluster with a plain connection to each node, logged in.
type clusterSite struct {
	*entratest.RedisCluster
	conns map[*entratest.ClusterNode]redis.Conn
}

func newClusterSite(t *testing.T) *clusterSite {
	sts := entratest.NewSTS(nil)
	s := &clusterSite{startCluster(t, &entratest.RedisClusterOptions{STS: sts}), map[*entratest.ClusterNode]redis.Conn{}}
	token, err := sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Nodes() {
		c, err := redis.Dial("tcp", n.Gateway.Addr(), redis.DialUsername(entratest.ObjectID), redis.DialPassword(token.Token))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		s.conns[n] = c
	}
	return s
}

// expect runs a command on a node. want is its reply, or the beginning of its error.
func (s *clusterSite) expect(t *testing.T, n *entratest.ClusterNode, want string, args ...any) {
	t.Helper()
	reply, err := s.conns[n].Do(args[0].(string), args[1:]...)
	got := fmt.Sprint(reply)
	if text, ok := reply.([]byte); ok {
		got = string(text)
	}
	if err != nil {
		got = err.Error()
	}
	if got != want && (err == nil || !strings.HasPrefix(got, want)) {
		t.Errorf("%v: %q, want %q", args, got, want)
	}
}

func (s *clusterSite) owner(t *testing.T, key string) *entratest.ClusterNode {
	t.Helper()
	n, err := s.Owner(t.Context(), entratest.KeySlot(key))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// announced returns the addresses that clients are told of.
func announced(t *testing.T, c redis.Conn) map[string]bool {
	t.Helper()
	slots, err := redis.Values(c.Do("CLUSTER", "SLOTS"))
	if err != nil {
		t.Fatal(err)
	}
	addrs := map[string]bool{}
	for _, slot := range slots {
		for _, node := range slot.([]any)[2:] {
			fields := node.([]any)
			addrs[net.JoinHostPort(string(fields[0].([]byte)), fmt.Sprint(fields[1]))] = true
		}
	}
	return addrs
}

func TestClusterAnnouncesItsGateways(t *testing.T) {
	t.Parallel() // most of it is waiting
	s := newClusterSite(t)
	for i, n := range s.Nodes() {
		got := announced(t, s.conns[n])
		for _, other := range s.Nodes() {
			if !got[other.Gateway.Addr()] || len(got) != 6 {
				t.Errorf("node %d announces %v, without %s or with others", i, got, other.Gateway.Addr())
			}
		}
	}
	first, last := s.Nodes()[0], s.Nodes()[2]
	s.expect(t, first, "MOVED 12182 "+last.Gateway.Addr(), "GET", "foo")
	s.expect(t, last, "OK", "SET", "foo", "bar")
	s.expect(t, last, "1", "WAIT", 1, 0) // as long as it takes
	replica, err := s.Replica(t.Context(), last)
	if err != nil || replica != s.Nodes()[5] {
		t.Fatalf("%v, want the last node", err)
	}
	s.expect(t, replica, "OK", "READONLY")
	s.expect(t, replica, "bar", "GET", "foo")
	if _, err := s.Replica(t.Context(), replica); err == nil {
		t.Error("a replica has a replica")
	}
	for _, key := range []string{"", "foo", "{foo}bar", "bar{foo}", "{}foo", "{foo", "foo}", "}{", "{{a}}", "{a}{b}", "\x00\xff{\x80}"} {
		s.expect(t, first, fmt.Sprint(entratest.KeySlot(key)), "CLUSTER", "KEYSLOT", key)
	}
}

func TestClusterAnnouncesWhatItIsToldTo(t *testing.T) {
	t.Parallel() // most of it is waiting
	const private = "127.0.0.3"
	server, client, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	sts := entratest.NewSTS(nil)
	token, err := sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	cluster := startCluster(t, &entratest.RedisClusterOptions{STS: sts, TLS: server, Announce: private})
	_, port, _ := net.SplitHostPort(cluster.Nodes()[0].Gateway.Addr())
	c, err := redis.Dial("tcp", "localhost:"+port, redis.DialUseTLS(true), redis.DialTLSConfig(client),
		redis.DialUsername(entratest.ObjectID), redis.DialPassword(token.Token))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	addrs := announced(t, c)
	if len(addrs) != 6 || !addrs[net.JoinHostPort(private, port)] {
		t.Errorf("announced: %v", addrs)
	}
	for addr := range addrs {
		if c, err := tls.Dial("tcp", addr, client); err == nil {
			t.Errorf("a server answers at %s", addr)
			_ = c.Close()
		}
	}
}

func TestClusterMigratesASlot(t *testing.T) {
	t.Parallel() // most of it is waiting
	s := newClusterSite(t)
	from := s.owner(t, "{a}")
	to := s.Nodes()[0]
	if from == to {
		t.Fatal("key {a} is on the first node")
	}
	for i := range 3 {
		s.expect(t, from, "OK", "SET", fmt.Sprint("{a}", i), i)
	}
	slot := entratest.KeySlot("{a}")
	if _, err := s.MigrateSlot(t.Context(), slot, from); err == nil {
		t.Error("a slot was migrated to where it is")
	}
	m, err := s.MigrateSlot(t.Context(), slot, to)
	if err != nil {
		t.Fatal(err)
	}
	ask := fmt.Sprintf("ASK %d %s", slot, to.Gateway.Addr())
	s.expect(t, from, ask, "SET", "{a}new", "made on the way")
	s.expect(t, from, "0", "GET", "{a}0")
	if n, err := m.Move(t.Context(), 1); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	moved := 0
	for i := range 3 {
		if got, err := redis.String(s.conns[from].Do("GET", fmt.Sprint("{a}", i))); err != nil && strings.HasPrefix(err.Error(), ask) {
			moved++
		} else if got != fmt.Sprint(i) {
			t.Errorf("%q, %v", got, err)
		}
	}
	if moved != 1 {
		t.Errorf("%d keys have moved, want 1", moved)
	}
	s.expect(t, to, "OK", "ASKING")
	s.expect(t, to, "OK", "SET", "{a}new", "made on the way")
	if err := m.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		s.expect(t, to, fmt.Sprint(i), "GET", fmt.Sprint("{a}", i))
	}
	s.expect(t, to, "made on the way", "GET", "{a}new")
	for _, n := range s.Nodes()[1:] {
		s.expect(t, n, fmt.Sprintf("MOVED %d %s", slot, to.Gateway.Addr()), "GET", "{a}0")
	}
	if s.owner(t, "{a}") != to {
		t.Error("the slot has another owner")
	}
	if moved, ask, err := s.Redirections(t.Context()); moved != 5 || ask != 2 || err != nil {
		t.Errorf("%d MOVED and %d ASK were counted, %v; want 5 and 2", moved, ask, err)
	}
}

func TestClusterFailsOver(t *testing.T) {
	t.Parallel() // most of it is waiting
	s := newClusterSite(t)
	master := s.owner(t, "key")
	replica, err := s.Replica(t.Context(), master)
	if err != nil {
		t.Fatal(err)
	}
	s.expect(t, master, "OK", "SET", "key", "value")
	if err := s.Failover(t.Context(), master); err == nil {
		t.Error("a master failed over")
	}
	if err := s.Failover(t.Context(), replica); err != nil {
		t.Fatal(err)
	}
	s.expect(t, replica, "value", "GET", "key")
	s.expect(t, master, "MOVED ", "GET", "key")
	if s.owner(t, "key") != replica {
		t.Error("the slots have another owner")
	}
	if now, err := s.Replica(t.Context(), replica); now != master || err != nil {
		t.Errorf("the former master is no replica: %v", err)
	}
	for _, n := range s.Nodes() {
		if st := n.Gateway.Stats(); st.Open != 1 || st.Accepted != 1 {
			t.Errorf("a connection was closed: %+v", st)
		}
	}
	if open := master.Gateway.Conns(); !slices.Equal(open, []int{1}) {
		t.Errorf("open: %v, want the first connection", open)
	}
	if dropped := master.Gateway.DropAll(); dropped != 1 {
		t.Errorf("%d connections were dropped", dropped)
	}
}
