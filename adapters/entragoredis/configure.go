package entragoredis

import (
	"maps"
	"slices"

	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

// Options adjusts an adapter. The zero value, and nil, is right for Azure.
type Options struct {
	Name string // what observers call this client, for example in metrics; may be empty
	// AllowPlaintext permits connections without TLS to other machines. An attacker who can read
	// the network can then use the token until it expires.
	AllowPlaintext bool
	// AllowUnverified permits a TLSConfig with InsecureSkipVerify that verifies the server in no other way. Any
	// server that answers can then use the token until it expires.
	AllowUnverified bool
	// SeedHost dials every node at the host of Addr or Addrs, which all must have the same, and at the port
	// that the cluster announces: for clusters that announce addresses which clients cannot reach. Default:
	// as announced. A Ring has no announced nodes, and refuses it.
	SeedHost bool
	// NodeAddress maps the address of a node as the cluster announces it to the one that is dialed, where
	// SeedHost does not fit; see [entraconn.SeedHost] too. Default: as announced. A Ring refuses it.
	NodeAddress func(addr string) string
	// TrustNode says whether a node that the cluster announces by a name may get the token, which opens every
	// cache of its user. It is asked about hosts that do not belong to a seed, which is an address in Addr, Addrs
	// or ClusterSlots. It gets them in lower case and without a trailing dot, after SeedHost and NodeAddress, from
	// several goroutines at once. A host belongs to a seed if it is the same name, lies below it where the seed
	// has two labels or more, shares its parent domain where that has three labels or more, or ends in the same
	// domain of Azure's caches. If the seed is an IP address or on this machine, localhost belongs to it.
	// TrustNode is not asked about IP addresses: their certificate must have the seed's name. Default: no other
	// host. A Ring refuses it.
	TrustNode func(host string) bool
	// SeparateLogin waits for the answer to AUTH before go-redis's first command is written, for proxies that
	// cannot take both at once. It costs one round trip per connection.
	SeparateLogin bool
}

// Configure prepares opt for [redis.NewClient]. Its error is an [*entra.ConfigError], as are those of the other
// functions, and opt is unchanged then.
func Configure(opt *redis.Options, src *entra.Source, opts *Options) error {
	if opt == nil {
		return &entra.ConfigError{Field: "redis.Options", Reason: "is nil"}
	}
	return configure(clientOptions{name: "redis.Options", dialer: &opt.Dialer, options: opt, field: "Addr", addrs: []string{opt.Addr}, announces: true}, src, opts)
}

// ConfigureCluster prepares opt for [redis.NewClusterClient]. Nodes that are announced by IP address are verified
// against the host name of the seeds, if all have the same and TLSConfig has no ServerName. Addrs may be empty if
// ClusterSlots is set: the nodes that it named last count as seeds, so it is replaced by a function that calls it.
func ConfigureCluster(opt *redis.ClusterOptions, src *entra.Source, opts *Options) error {
	if opt == nil {
		return &entra.ConfigError{Field: "redis.ClusterOptions", Reason: "is nil"}
	}
	return configure(clientOptions{name: "redis.ClusterOptions", dialer: &opt.Dialer, field: "Addrs", addrs: opt.Addrs, announces: true, slots: &opt.ClusterSlots, options: &redis.Options{
		Dialer: opt.Dialer, DialTimeout: opt.DialTimeout, TLSConfig: opt.TLSConfig, Username: opt.Username, Password: opt.Password,
		CredentialsProvider: opt.CredentialsProvider, CredentialsProviderContext: opt.CredentialsProviderContext,
		StreamingCredentialsProvider: opt.StreamingCredentialsProvider,
	}}, src, opts)
}

// ConfigureRing prepares opt for [redis.NewRing]. All its shards log in as the same user.
func ConfigureRing(opt *redis.RingOptions, src *entra.Source, opts *Options) error {
	if opt == nil {
		return &entra.ConfigError{Field: "redis.RingOptions", Reason: "is nil"}
	}
	if opts != nil {
		if err := settings.CheckRing("entragoredis.Options", map[string]bool{
			"SeedHost": opts.SeedHost, "NodeAddress": opts.NodeAddress != nil, "TrustNode": opts.TrustNode != nil,
		}); err != nil {
			return err
		}
	}
	return configure(clientOptions{name: "redis.RingOptions", dialer: &opt.Dialer, field: "Addrs", addrs: slices.Collect(maps.Values(opt.Addrs)), options: &redis.Options{
		Dialer: opt.Dialer, DialTimeout: opt.DialTimeout, TLSConfig: opt.TLSConfig, Username: opt.Username, Password: opt.Password,
		CredentialsProvider: opt.CredentialsProvider, CredentialsProviderContext: opt.CredentialsProviderContext,
		StreamingCredentialsProvider: opt.StreamingCredentialsProvider,
	}}, src, opts)
}

// ConfigureUniversal prepares opt for [redis.NewUniversalClient], be it for a single node or a cluster.
func ConfigureUniversal(opt *redis.UniversalOptions, src *entra.Source, opts *Options) error {
	const name = "redis.UniversalOptions"
	if opt == nil {
		return &entra.ConfigError{Field: name, Reason: "is nil"}
	}
	if err := settings.CheckSentinel(name, map[string]bool{
		"MasterName": opt.MasterName != "", "SentinelUsername": opt.SentinelUsername != "", "SentinelPassword": opt.SentinelPassword != "",
	}); err != nil {
		return err
	}
	return configure(clientOptions{name: name, dialer: &opt.Dialer, options: opt.Simple(), field: "Addrs", addrs: opt.Addrs, announces: true}, src, opts)
}
