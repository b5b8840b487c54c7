// Package redact keeps the password of an AUTH out of what is told to callers, logs and telemetry.
package redact

import "strings"

// ShortestPiece is how many bytes of a password in a row the result of [Password] never repeats.
const ShortestPiece = 12

// redacted stands where a server repeated a part of the password. It is shorter than any such part.
const redacted = "[REDACTED]"

// Password returns what a server said, without the password and every piece of it that could be of
// use, in whatever case: a server may repeat the arguments of a command that it does not know. Bytes
// that are not text are replaced as well, because the result goes into errors, logs and telemetry.
func Password(line, password string) string {
	var b strings.Builder
	folded, password := fold(line), fold(password)
	piece := min(ShortestPiece, len(password))
	for start := 0; start < len(line); {
		n := 0
		for stop := start + piece; piece > 0 && stop <= len(line) && strings.Contains(password, folded[stop-piece:stop]); stop++ {
			n = stop - start
		}
		if n > 0 {
			b.WriteString(redacted)
			start += n
			continue
		}
		b.WriteByte(line[start])
		start++
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(b.String(), "?"))
}

// fold returns text with the letters of ASCII in lower case. Every byte keeps its place.
func fold(text string) string {
	folded := []byte(text)
	for i, b := range folded {
		if 'A' <= b && b <= 'Z' {
			folded[i] = b + 'a' - 'A'
		}
	}
	return string(folded)
}
