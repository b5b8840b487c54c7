// Package settings judges what a user has set on a client library's options that an adapter cannot work with. All
// its errors are [*entra.ConfigError] and name the field that is to be changed.
package settings

import (
	"maps"
	"slices"

	"github.com/entraredis/entraredis/core/entra"
)

// CheckSource refuses a nil Source.
func CheckSource(src *entra.Source) error {
	if src == nil {
		return &entra.ConfigError{Field: "src", Reason: "is nil; make one with entra.NewSource"}
	}
	return nil
}

// CheckCredentials refuses settings that would log in as well. set maps the name of each such field
// of the struct of to whether it is set.
func CheckCredentials(of string, set map[string]bool) error {
	return unset(of, set, "is set, but the adapter logs in with the token; remove it")
}

// CheckSentinel refuses settings that ask for Sentinel, in the same way.
func CheckSentinel(of string, set map[string]bool) error {
	return unset(of, set, "is set, but Azure has no Sentinel; remove it")
}

// CheckDial refuses settings that would dial instead of the adapter, in the same way.
func CheckDial(of string, set map[string]bool) error {
	return unset(of, set, "is set, but the adapter has to dial; remove it and use the adapter's Options")
}

// CheckRing refuses settings that are about announced nodes, for a client to which none are announced, in the same way.
func CheckRing(of string, set map[string]bool) error {
	return unset(of, set, "has no meaning for a Ring, whose shards are dialed as they stand in Addrs; remove it")
}

// unset returns an error for the first set field in the order of names, so that the same mistake
// gives the same error.
func unset(of string, set map[string]bool, reason string) error {
	for _, field := range slices.Sorted(maps.Keys(set)) {
		if set[field] {
			return &entra.ConfigError{Field: of + "." + field, Reason: reason}
		}
	}
	return nil
}
