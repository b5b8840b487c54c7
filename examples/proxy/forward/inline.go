package forward

import (
	"bytes"
	"strings"
)

// splitLine returns the words of an inline command as Redis splits it, in sdssplitargs. It reports false for quotes that
// are not closed, or that no space follows: Redis runs no such line.
func splitLine(line []byte) (words [][]byte, ok bool) {
	line, _, _ = bytes.Cut(line, []byte{0}) // it ends a string of Redis's
	for {
		line = bytes.TrimLeft(line, spaces)
		if len(line) == 0 {
			return words, true
		}
		word, after, ok := firstWord(line)
		if !ok {
			return nil, false
		}
		words, line = append(words, word), after
	}
}

// firstWord returns the word at the start of a line, and what comes after it.
func firstWord(line []byte) (word, after []byte, ok bool) {
	word = []byte{}
	quote := byte(0) // that is open
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case quote == 0 && isSpace(b):
			return word, line[i:], true
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote == 0:
			word = append(word, b)
		case b == quote && i+1 < len(line) && !isSpace(line[i+1]):
			return nil, nil, false
		case b == quote:
			return word, line[i+1:], true
		case b == '\\' && i+1 < len(line):
			escaped, n := unescape(line[i:], quote)
			word = append(word, escaped)
			i += n - 1
		default:
			word = append(word, b)
		}
	}
	return word, nil, quote == 0
}

const spaces = " \t\r\n\v\f"

func isSpace(b byte) bool { return strings.IndexByte(spaces, b) >= 0 }

// unescape returns what the backslash at the start of p stands for between such quotes, and how many bytes that is.
func unescape(p []byte, quote byte) (escaped byte, n int) {
	switch {
	case quote == '\'' && p[1] == '\'':
		return '\'', 2
	case quote == '\'':
		return '\\', 1
	case p[1] == 'x' && len(p) >= 4 && isHex(p[2]) && isHex(p[3]):
		return hexValue(p[2])<<4 | hexValue(p[3]), 4
	}
	if i := strings.IndexByte("nrtba", p[1]); i >= 0 {
		return "\n\r\t\b\a"[i], 2
	}
	return p[1], 2
}

func isHex(b byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", b) >= 0 }

func hexValue(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b | 0x20 - 'a' + 10
}
