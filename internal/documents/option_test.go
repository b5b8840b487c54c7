package documents_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A reader of docs/adapters.md finds every option, and no other one.
func TestDocumentHasEveryOption(t *testing.T) {
	text := read(t, "../../docs/adapters.md")
	fields := map[string]bool{}
	for _, options := range []any{entra.Options{}, entraconn.Options{}, entragoredis.Options{}, entrarueidis.Options{}, entraredigo.Options{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(options)) {
			fields[field.Name] = true
			if !strings.Contains(text, "`"+field.Name+"`") {
				t.Errorf("docs/adapters.md does not name the option %s of %T", field.Name, options)
			}
		}
	}
	_, section, _ := strings.Cut(text, "\n## Options\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		name, isRow := strings.CutPrefix(line, "| `")
		if name, _, _ = strings.Cut(name, "`"); isRow {
			rows++
			if !fields[name] {
				t.Errorf("docs/adapters.md has a row for %s, which is no option", name)
			}
		}
	}
	if rows < 10 {
		t.Errorf("found %d rows of options", rows)
	}
}
