package leaks

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unsafe"
)

// Dump prints all that v leads to, a line for each value, with the way to it, as the dumpers of debuggers and test libraries do: through pointers, interfaces, maps
// and unexported fields, and also through the pointers of sync/atomic. It calls no method of what it meets but their
// Load, and looks into no function.
func Dump(v any) string {
	var b strings.Builder
	d := dumper{w: &b, seen: map[visit]bool{}}
	if v != nil {
		// In a variable, so that its unexported fields can be read.
		holder := reflect.New(reflect.TypeOf(v)).Elem()
		holder.Set(reflect.ValueOf(v))
		d.dump("v", holder)
	}
	return b.String()
}

type dumper struct {
	w    io.Writer
	seen map[visit]bool
}

// A visit is a pointer that was followed.
type visit struct {
	at unsafe.Pointer
	to reflect.Type
}

func (d *dumper) dump(path string, v reflect.Value) {
	if v.CanAddr() && !v.CanInterface() {
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	}
	if v.CanAddr() && v.Type().PkgPath() == "sync/atomic" {
		if load := v.Addr().MethodByName("Load"); load.IsValid() {
			d.dumpCopy(path, load.Call(nil)[0])
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		at := visit{v.UnsafePointer(), v.Type()}
		if v.IsNil() || d.seen[at] {
			return
		}
		d.seen[at] = true
		d.dump(path, v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			d.dumpCopy(path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			d.dump(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			d.dumpBytes(path, v)
			return
		}
		for i := range v.Len() {
			d.dump(path+"[]", v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			d.dumpCopy(path+"[key]", it.Key())
			d.dumpCopy(path+"[]", it.Value())
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Invalid:
	default:
		fmt.Fprintf(d.w, "%s: %v\n", path, v)
	}
}

// dumpCopy dumps a value that has no address, in a variable of its own.
func (d *dumper) dumpCopy(path string, v reflect.Value) {
	if !v.CanInterface() {
		d.dump(path, v)
		return
	}
	holder := reflect.New(v.Type()).Elem()
	holder.Set(v)
	d.dump(path, holder)
}

func (d *dumper) dumpBytes(path string, v reflect.Value) {
	all := make([]byte, v.Len())
	for i := range all {
		all[i] = byte(v.Index(i).Uint())
	}
	fmt.Fprintf(d.w, "%s: %s\n", path, all)
}
