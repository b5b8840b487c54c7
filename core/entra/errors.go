package entra

import "errors"

// ErrClosed is returned by a [Source] after Close, and by connections that needed a token from one.
// A retry does not help.
var ErrClosed = errors.New("entra: source is closed; close its clients before it")

// A ConfigError says that a setting cannot work, before anything was dialed. A retry does not help.
type ConfigError struct {
	Field  string // as the user wrote it, for example "redis.Options.Password"
	Reason string // what is wrong with it and what to do instead
}

func (e *ConfigError) Error() string { return "entra: " + e.Field + ": " + e.Reason }
