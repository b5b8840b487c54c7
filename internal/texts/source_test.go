package texts_test

import (
	"fmt"
	"testing"

	"github.com/entraredis/entraredis/internal/texts"
)

func TestTextsAreFound(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"error", `var e = errors.New("a: no")`, "[{error a: no}]"},
		{"wrapped error", `var e = fmt.Errorf("a: %w", err)`, "[{error a: %w}]"},
		{"log line", `func f() { l.LogAttrs(ctx, slog.LevelWarn, "no token", slog.String("kind", k), slog.Int("n", 1)) }`, "[{log no token kind= n=}]"},
		{"log line with values", `func f() { l.WarnContext(ctx, "no "+what+" here", "kind", k) }`, "[{log no {} here kind=}]"},
		{"log line whose fields come from elsewhere", `func f() { l.LogAttrs(ctx, level, "no token", attrs()...) }`, "[{log no token}]"},
		{"fields elsewhere", `var a = slog.String("kind", k)`, "[{field kind}]"},
		{"reason", `var e = &entra.ConfigError{Field: "a.b", Reason: "is " + what}`, "[{reason is {}} {text a.b}]"},
		{"reason of the own package", `var e = &ConfigError{Reason: "is nil"}`, "[{reason is nil}]"},
		{"what a function returns", `func (k kind) String() string { switch k { case 1: return "one way" }; return "unknown" }`, "[{text one way} {text unknown}]"},
		{"constant", "const c kind = `net work`", "[{text net work}]"},
		{"addition", `var s = "from " + f("inner text") + ("." + x)`, "[{text from {}.{}} {text inner text}]"},
		{"the same twice", `var a, b = "is nil", "is nil"`, "[{text is nil}]"},
		{"import", `import "go/types"`, "[]"},
		{"tag", "type t struct { a int `json:\"b\"` }", "[]"},
		{"no letter", `var s = ", "`, "[]"},
		{"word of the protocol", `var s = "BLPOP"`, "[]"},
		{"bytes of the protocol", `var s = "+hello\r\n"`, "[]"},
		{"words in capitals", `var s = "AUTH REDACTED"`, "[{text AUTH REDACTED}]"},
		{"comment", "// no text\nvar a int", "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := texts.Gather("a.go", []byte("package a\n"+test.src))
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
