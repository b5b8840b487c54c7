package otelentra

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// What error.type says where nothing better is known. Its values are a closed set, so that neither a server nor a
// credential can make a time series, or put its words into one.
const (
	errorTimeout  = "timeout"
	errorClosed   = "closed"          // by this program
	errorLost     = "connection_lost" // to the server or the network, before the answer
	errorCanceled = "canceled"        // because another attempt brought a token
	errorOther    = "_OTHER"
)

// givenUp is how long a login must have been unanswered for its end to count as a timeout: a client
// that closes the connection earlier may just end. Client libraries wait for 1 to 10 s by default,
// and servers answer in milliseconds.
const givenUp = time.Second

// isOwnEnd reports whether the program ended what failed: how long that took says nothing about the other side.
func isOwnEnd(errorType string) bool { return errorType == errorClosed || errorType == errorCanceled }

// refreshErrorType classifies how a refresh or an attempt ended. It is empty without an error.
func refreshErrorType(err error) string {
	var failed *entra.RefreshError
	if errors.As(err, &failed) {
		switch failed.Kind {
		case entra.KindNetwork, entra.KindThrottled, entra.KindRejected, entra.KindMalformed, entra.KindTimedOut:
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
	var failed *entra.RefreshError
	if !errors.As(err, &failed) || failed.Status < http.StatusContinue || failed.Status > 599 {
		return 0
	}
	return failed.Status
}

// authErrorType classifies how an AUTH ended. status is the code of the server's answer, if it is one
// that Redis knows; error.type is the same then.
func authErrorType(info entra.AuthDoneInfo) (errorType, status string) {
	if info.Err == nil {
		return "", ""
	}
	var refused *entra.AuthError
	if errors.As(info.Err, &refused) {
		if code := refused.Code(); code != "" {
			return code, code
		}
		return errorOther, ""
	}
	if errors.Is(info.Err, net.ErrClosed) || errors.Is(info.Err, entra.ErrClosed) {
		if info.Phase == entra.AuthInitial && info.Duration >= givenUp {
			return errorTimeout, ""
		}
		return errorClosed, ""
	}
	var failed net.Error
	if errors.As(info.Err, &failed) {
		if failed.Timeout() {
			return errorTimeout, ""
		}
		return errorLost, ""
	}
	if errors.Is(info.Err, io.EOF) || errors.Is(info.Err, io.ErrUnexpectedEOF) {
		return errorLost, ""
	}
	return errorOther, ""
}
