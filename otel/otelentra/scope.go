package otelentra

// ScopeName is the name of the instrumentation scope of every span and every measurement.
const ScopeName = "github.com/entraredis/entraredis/otel/otelentra"

// Version is the version of the instrumentation scope: that of the release it belongs to.
const Version = "0.1.0-dev"
