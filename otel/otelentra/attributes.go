package otelentra

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/semconv/v1.30.0"
)

// The attributes that no convention knows. docs/observability.md says which signal carries which.
const (
	keyIdentityName    = attribute.Key("entraredis.identity.name")
	keyTokenSource     = attribute.Key("entraredis.token.source")
	keyTrigger         = attribute.Key("entraredis.token.refresh.trigger")
	keyAttempts        = attribute.Key("entraredis.token.refresh.attempts")
	keyRemaining       = attribute.Key("entraredis.token.remaining_lifetime")
	keyAttempt         = attribute.Key("entraredis.token.request.attempt")
	keyClaims          = attribute.Key("entraredis.token.request.claims")
	keyUnchanged       = attribute.Key("entraredis.token.request.unchanged")
	keyErrorCode       = attribute.Key("entraredis.token.request.error_code")
	keyServer          = attribute.Key("entraredis.server")
	keyLibrary         = attribute.Key("entraredis.client.library")
	keyPhase           = attribute.Key("entraredis.auth.phase")
	keyRetireReason    = attribute.Key("entraredis.connection.retire.reason")
	keyTokenState      = attribute.Key("entraredis.connection.token_state")
	keyWindow          = attribute.Key("entraredis.rotation.window")
	keyPlanned         = attribute.Key("entraredis.rotation.connections")
	keyRenewed         = attribute.Key("entraredis.rotation.renewed")
	keyRefused         = attribute.Key("entraredis.rotation.refused")
	keyLeft            = attribute.Key("entraredis.rotation.left")
	keyClosed          = attribute.Key("entraredis.rotation.closed")
	keyDropped         = attribute.Key("entraredis.rotation.dropped_spans")
	keyReconnectOutage = attribute.Key("entraredis.reconnect.outage")
)

// identityAttributes are those of everything about tokens.
func (c *config) identityAttributes() []attribute.KeyValue {
	attrs := slices.Clone(c.attrs)
	attrs = append(attrs, keyIdentityName.String(c.identity))
	if c.source != "" {
		attrs = append(attrs, keyTokenSource.String(string(c.source)))
	}
	return attrs
}

// tokenSpanAttributes are those of every span about tokens.
func (c *config) tokenSpanAttributes() []attribute.KeyValue {
	return c.withUser(c.identityAttributes())
}

// poolSpanAttributes are those of every span about connections. Like those about tokens they have the identity's name,
// by which a sampler knows them.
func (c *config) poolSpanAttributes(l poolLabels) []attribute.KeyValue {
	return c.withUser(append(c.poolAttributes(l), keyIdentityName.String(c.identity)))
}

// withUser adds to attrs what no metric carries.
func (c *config) withUser(attrs []attribute.KeyValue) []attribute.KeyValue {
	if c.userID != "" {
		attrs = append(attrs, semconv.UserID(c.userID))
	}
	return attrs
}

// poolLabels say which pool something is about.
type poolLabels struct{ library, name, addr string }

// peerAttributes say what a dial has reached, as far as it is known.
func peerAttributes(addr net.Addr) []attribute.KeyValue {
	if addr == nil {
		return nil
	}
	if peer, err := netip.ParseAddrPort(addr.String()); err == nil {
		return []attribute.KeyValue{semconv.NetworkPeerAddress(peer.Addr().String()), semconv.NetworkPeerPort(int(peer.Port()))}
	}
	if addr.Network() == "unix" {
		return []attribute.KeyValue{semconv.NetworkPeerAddress(addr.String())}
	}
	return nil
}

// poolAttributes are those of everything about connections.
func (c *config) poolAttributes(l poolLabels) []attribute.KeyValue {
	attrs := append(slices.Clone(c.attrs), semconv.DBSystemNameRedis)
	host, port, err := net.SplitHostPort(l.addr)
	if number, numErr := strconv.Atoi(port); err == nil && numErr == nil {
		attrs = append(attrs, semconv.ServerAddress(host), semconv.ServerPort(number))
	} else {
		attrs = append(attrs, semconv.ServerAddress(l.addr)) // of a Unix socket
	}
	attrs = append(attrs, semconv.DBClientConnectionPoolName(l.name))
	if l.library != "" {
		attrs = append(attrs, keyLibrary.String(l.library))
	}
	return attrs
}
