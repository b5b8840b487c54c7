package otelentra

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/entraredis/entraredis/core/entra"
)

// What error.type says where nothing better is known. Its values are a closed set, so that neither a server nor a
// credential can make a time series, or put its words into one.
const (
	errorTimeout  = "timeout"
	errorClosed   = "closed"   // by this program
	errorCanceled = "canceled" // because another attempt brought a token
	errorOther    = "_OTHER"
)

// refreshErrorType classifies how a refresh or an attempt ended. It is empty without an error.
func refreshErrorType(err error) string {
	if failed, ok := errors.AsType[*entra.RefreshError](err); ok {
		switch failed.Kind {
		case entra.Network, entra.Throttled, entra.Rejected, entra.Malformed, entra.TimedOut:
			return string(failed.Kind)
		}
		return errorOther
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, entra.ErrClosed):
		return errorClosed
	case errors.Is(err, context.Canceled):
		return errorCanceled
	}
	return errorOther
}

// httpStatus returns the status of the HTTP answer that refused, 0 if none did or it is no status.
func httpStatus(err error) int {
	failed, ok := errors.AsType[*entra.RefreshError](err)
	if !ok || failed.Status < http.StatusContinue || failed.Status > 599 {
		return 0
	}
	return failed.Status
}

// authErrorType classifies how an AUTH ended. status is the code with which the server began its answer, if it is one
// that Redis knows; error.type is the same then.
func authErrorType(err error) (errorType, status string) {
	if err == nil {
		return "", ""
	}
	if refused, ok := errors.AsType[*entra.AuthError](err); ok {
		if refused.Err == nil {
			return errorOther, ""
		}
		code, _, _ := strings.Cut(refused.Err.Error(), " ")
		if isRESPCode(code) {
			return code, code
		}
		return errorOther, ""
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return errorTimeout, ""
	}
	if errors.Is(err, net.ErrClosed) || errors.Is(err, entra.ErrClosed) {
		return errorClosed, ""
	}
	return errorOther, ""
}

// isRESPCode reports whether a word is a code of a Redis error that AUTH can get for an answer, also from proxies and
// nodes in trouble.
func isRESPCode(word string) bool {
	switch word {
	case "WRONGPASS", "NOAUTH", "NOPERM", "ERR", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MISCONF", "OOM",
		"NOPROTO", "UNKILLABLE", "DENIED", "READONLY", "NOREPLICAS", "TRYAGAIN":
		return true
	}
	return false
}
