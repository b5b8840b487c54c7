package slogentra_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/slogentra"
)

func ExampleNewObserver() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTimes}))
	cred, err := entratest.NewSTS(nil).ClientSecretCredential()
	if err != nil {
		logger.Error("no credential", "err", err)
		return
	}
	src, err := entra.NewSource(cred, &entra.Options{Logger: logger, Observer: slogentra.NewObserver(logger)})
	if err != nil {
		logger.Error("no Source", "err", err)
		return
	}
	if _, err := src.Token(context.Background()); err != nil {
		logger.Error("no token", "err", err)
	}
	_ = src.Close() // so that nothing more is on its way
	// Output: level=INFO msg="entra: token renewed" trigger=initial attempts=1
}

// withoutTimes leaves out what differs from run to run.
func withoutTimes(_ []string, attr slog.Attr) slog.Attr {
	switch attr.Value.Kind() {
	case slog.KindTime, slog.KindDuration:
		return slog.Attr{}
	}
	return attr
}
