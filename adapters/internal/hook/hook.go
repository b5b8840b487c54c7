// Package hook makes the dial functions that the adapters set on their clients' options, and
// recognizes them later.
package hook

import (
	"context"
	"net"
	"reflect"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A hook is a dial function. The client gets its method dial.
type hook tlsonly.DialFunc

func (h hook) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return h(ctx, network, addr)
}

// New returns a function whose connections come from dial and log in with tokens of src. If nodeAddress is not nil,
// what it makes of an address is dialed.
func New(src *entra.Source, opts *entraconn.Options, nodeAddress func(string) string, dial tlsonly.DialFunc) tlsonly.DialFunc {
	login := entraconn.NewDialer(src, opts).DialFunc(dial)
	if nodeAddress == nil {
		return hook(login).dial
	}
	return hook(func(ctx context.Context, network, addr string) (net.Conn, error) {
		return login(ctx, network, nodeAddress(addr))
	}).dial
}

// CheckOnce refuses a function that New made. It does not see one of the user's that calls such a function.
func CheckOnce(field string, dial tlsonly.DialFunc) error {
	return CheckMethod(field, dial, hook(nil).dial)
}

// CheckMethod refuses a function that runs the code of ours, which must be a method value: those of one method run
// the same code, whatever they are bound to, and nothing else does.
func CheckMethod(field string, dial, ours any) error {
	if reflect.ValueOf(dial).Pointer() == reflect.ValueOf(ours).Pointer() {
		return &entra.ConfigError{Field: field, Reason: "logs in with Microsoft Entra already; configure the options once only"}
	}
	return nil
}
