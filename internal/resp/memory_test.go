package resp_test

import (
	"reflect"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
)

// A scanner keeps no byte of what it has seen but a header or the start of a word, so none can be
// scanned again when more comes, and no stream makes it larger.
func TestScannersKeepNoBytes(t *testing.T) {
	for _, scanner := range []any{resp.CommandScanner{}, resp.ReplyScanner{}} {
		typ := reflect.TypeOf(scanner)
		if typ.Size() > 128 {
			t.Errorf("%v takes %d bytes", typ, typ.Size())
		}
		if name := pointerIn(typ); name != "" {
			t.Errorf("%v may keep what it has seen in %s", typ, name)
		}
	}
}

// pointerIn returns the name of something in a type that points elsewhere, "" if there is nothing.
func pointerIn(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			if name := pointerIn(typ.Field(i).Type); name != "" {
				return typ.Field(i).Name + "." + name
			}
		}
		return ""
	case reflect.Array:
		return pointerIn(typ.Elem())
	case reflect.Pointer, reflect.Slice, reflect.String, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return typ.String()
	}
	return ""
}
