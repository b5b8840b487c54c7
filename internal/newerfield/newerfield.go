// Package newerfield sets options that the oldest supported version of a client does not have, for tests that run with that
// version and with the newest.
package newerfield

import (
	"reflect"
	"strings"
)

// Set sets the field of the struct that options points to, and reports whether this version of the client has it. Dots lead
// into a field's own fields: "MaintNotificationsConfig.Mode". Pointers on the way that are nil get a new value. It panics if
// the field is there and cannot hold the value: the client has changed its type.
func Set(options any, field string, value any) bool {
	at := reflect.ValueOf(options).Elem()
	for name := range strings.SplitSeq(field, ".") {
		if at.Kind() == reflect.Pointer {
			if at.IsNil() {
				at.Set(reflect.New(at.Type().Elem()))
			}
			at = at.Elem()
		}
		if at = at.FieldByName(name); !at.IsValid() {
			return false
		}
	}
	at.Set(reflect.ValueOf(value).Convert(at.Type()))
	return true
}

// DisableMaintenance has a go-redis client ignore what the server announces of its maintenance. With it go-redis holds a lock
// over I/O, for which the time of a bubble of testing/synctest stands still.
func DisableMaintenance(options any) { Set(options, "MaintNotificationsConfig.Mode", "disabled") }
