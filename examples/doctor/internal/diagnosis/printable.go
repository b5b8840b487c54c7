package diagnosis

import (
	"strings"
	"unicode"
)

// printable returns text as one line that a terminal shows as it is: what servers and certificates
// say may hold anything. It has 600 characters at most.
func printable(text string) string {
	const most = 600
	var b strings.Builder
	for i, r := range []rune(strings.TrimSpace(text)) {
		switch {
		case i == most:
			b.WriteString("…")
			return b.String()
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// without returns text without what it repeats of a secret: it ends before the first 12 bytes of
// it. A server may repeat the arguments of an AUTH that it does not know.
func without(secret, text string) string {
	const least = 12
	for i := range text {
		if i+least <= len(text) && strings.Contains(secret, text[i:i+least]) {
			return text[:i] + "[cut off: it repeats the token]"
		}
	}
	return text
}
