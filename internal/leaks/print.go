package leaks

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
)

// A Text is a value as it was printed in one way.
type Text struct {
	How  string // for example "%+v" or "JSON"
	Text string
}

// verbs are those of fmt, without some that print as another one does, and one that it does not know.
const verbs = "vsqxXdobcUtpz"

var flags = []string{"", "+", "#"}

// Print prints v in every way: with each verb and flag of fmt, as JSON, XML and gob, in records of slog, as an error that
// wraps it, as the value of a panic, and by reflection through all that v leads to. Each is printed of v, and of a struct
// that has v in an unexported field, whose methods fmt does not call. Of texts that are the same it returns one.
func Print(v any) (different []Text) {
	seen := map[string]bool{}
	for _, text := range printAll(v) {
		if !seen[text.Text] {
			seen[text.Text] = true
			different = append(different, text)
		}
	}
	return different
}

func printAll(v any) (all []Text) {
	type unexported struct{ v any }
	for i, prefix := range []string{"", "unexported ", "pointer to unexported "} {
		value := []any{v, unexported{v}, &unexported{v}}[i]
		for _, verb := range verbs {
			for _, flag := range flags {
				format := "%" + flag + string(verb)
				all = append(all, Text{prefix + format, fmt.Sprintf(format, value)})
			}
		}
		wrapped := fmt.Errorf("wrapped: %v", value)
		if err, ok := value.(error); ok {
			wrapped = errors.Join(fmt.Errorf("wrapped: %w", err), err)
		}
		for _, format := range []string{"%v", "%+v", "%#v", "%d", "%t", "%x", "%q"} {
			all = append(all, Text{prefix + "wrapped in an error " + format, fmt.Sprintf(format, wrapped)})
		}
		inJSON, err := json.Marshal(value)
		all = append(all, Text{prefix + "JSON", string(inJSON) + fmt.Sprint(err)})
		inXML, err := xml.Marshal(value)
		all = append(all, Text{prefix + "XML", string(inXML) + fmt.Sprint(err)})
		all = append(all, Text{prefix + "gob", inGob(value)}, Text{prefix + "slog", inLog(value)}, Text{prefix + "panic", inPanic(value)})
	}
	return append(all, Text{"reflection", Dump(v)})
}

func inGob(v any) (text string) {
	defer func() { // gob panics for some types
		if p := recover(); p != nil {
			text += fmt.Sprint(p)
		}
	}()
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.String() + fmt.Sprint(err)
}

func inLog(v any) string {
	var b bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, options), slog.NewJSONHandler(&b, options)} {
		log := slog.New(h).With("with", v).WithGroup("g")
		log.Info("message", "attr", v, slog.Group("group", "in", v))
		log.LogAttrs(context.Background(), slog.LevelDebug, fmt.Sprint(v), slog.Any("any", v))
	}
	return b.String()
}

// inPanic returns what a handler of panics would log.
func inPanic(v any) (text string) {
	defer func() {
		text = strings.Join([]string{fmt.Sprint(recover()), string(debug.Stack())}, "\n")
	}()
	panic(v)
}
