// Package authanswer holds what core/entra and core/entraconn must agree on about the answers to AUTH.
package authanswer

import "strings"

// Split returns the first word of an error reply, and the rest, in capitals. One leading ERR belongs to
// neither: some servers put it before the code.
func Split(line string) (code, text string) {
	line = strings.ToUpper(strings.TrimSpace(line))
	if rest, ok := strings.CutPrefix(line, "ERR "); ok {
		line = strings.TrimLeft(rest, " ")
		code, _, _ = strings.Cut(line, " ")
		return code, line
	}
	code, text, _ = strings.Cut(line, " ")
	return code, text
}

// IsUnready reports whether an error with that code says that the server serves no client at the
// moment, whatever its token.
func IsUnready(code string) bool {
	switch code {
	case "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM":
		return true
	}
	return false
}

// IsFull reports whether an error with that text says that the server serves no more clients.
func IsFull(text string) bool { return strings.HasPrefix(text, "MAX NUMBER OF CLIENTS") }
