// Package leaks prints values in every way in which programs print them, and finds a secret in what was printed. It is for
// tests that a secret shows up nowhere.
package leaks

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// ShortestPiece is how many bytes of a secret in a row a [Finder] finds.
const ShortestPiece = 12

// A Finder finds pieces of secrets in texts. It finds them as they are, in hexadecimal and base64, and as lists of
// numbers or characters, as fmt and encoders print bytes.
type Finder struct {
	begins [1 << 16]bool // by the first two bytes of a piece, to be fast
	pieces map[string]bool
}

// NewFinder returns a Finder for secrets, which must have [ShortestPiece] bytes or more.
func NewFinder(secrets ...string) *Finder {
	f := &Finder{pieces: map[string]bool{}}
	for _, secret := range secrets {
		if len(secret) < ShortestPiece {
			panic("leaks: a secret that is too short to be found")
		}
		for at := 0; at+ShortestPiece <= len(secret); at++ {
			f.pieces[secret[at:at+ShortestPiece]] = true
			f.begins[int(secret[at])<<8|int(secret[at+1])] = true
		}
	}
	return f
}

// Find returns the first piece of the secret that text holds.
func (f *Finder) Find(text string) (piece string, found bool) {
	if piece, found = f.findPlain(text); found {
		return piece, true
	}
	for _, run := range runsOf(text, isHex, 2*ShortestPiece) {
		for skip := range 2 {
			digits := run[skip:]
			decoded, _ := hex.DecodeString(digits[:len(digits)&^1])
			if piece, found = f.findPlain(string(decoded)); found {
				return piece, true
			}
		}
	}
	for _, run := range runsOf(text, isBase64, ShortestPiece*4/3) {
		run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
		for skip := range min(4, len(run)) {
			chars := run[skip:]
			decoded, _ := base64.RawStdEncoding.DecodeString(chars[:len(chars)&^3])
			if piece, found = f.findPlain(string(decoded)); found {
				return piece, true
			}
		}
	}
	return f.findList(text)
}

// Where returns the line of text that holds a piece of the secret, and is no longer than 200 bytes.
func (f *Finder) Where(text string) string {
	for line := range strings.Lines(text) {
		if _, found := f.Find(line); found {
			return line[:min(len(line), 200)]
		}
	}
	return ""
}

// findPlain finds the secret as it is.
func (f *Finder) findPlain(text string) (piece string, found bool) {
	for at := 0; at+ShortestPiece <= len(text); at++ {
		if !f.begins[int(text[at])<<8|int(text[at+1])] {
			continue
		}
		if piece = text[at : at+ShortestPiece]; f.pieces[piece] {
			return piece, true
		}
	}
	return "", false
}

// runsOf returns the longest parts of text that consist of bytes of a kind, and are not shorter than that.
func runsOf(text string, isKind func(byte) bool, shortest int) (runs []string) {
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && isKind(text[end]) {
			end++
		}
		if end-start >= shortest {
			runs = append(runs, text[start:end])
		}
		start = end
	}
	return runs
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

func isBase64(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '+' || b == '/' || b == '-' || b == '_'
}

// findList finds the secret as a list: "65 66", "0x41, 0x42", "'A' 'B'", "U+0041 U+0042".
func (f *Finder) findList(text string) (piece string, found bool) {
	elements := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,[]{}()", r) })
	if !hasList(elements) {
		return "", false
	}
	for _, base := range []int{characters, 2, 8, 10, 16} {
		var bytes strings.Builder
		for _, element := range elements {
			b, ok := byteOf(element, base)
			if !ok {
				b = 0 // no secret has it
			}
			bytes.WriteByte(b)
		}
		if piece, found = f.findPlain(bytes.String()); found {
			return piece, true
		}
	}
	return "", false
}

// hasList reports whether so many elements in a row are short enough to stand for a byte.
func hasList(elements []string) bool {
	const longest = len("0b01100101")
	inRow := 0
	for _, element := range elements {
		inRow++
		if len(element) > longest {
			inRow = 0
		}
		if inRow == ShortestPiece {
			return true
		}
	}
	return false
}

// characters stands for the base of a list of characters.
const characters = 0

// byteOf returns the byte that an element of a list stands for.
func byteOf(element string, base int) (b byte, ok bool) {
	if base == characters {
		if quoted := strings.Trim(element, "'"); len(quoted) == 1 {
			return quoted[0], true
		}
		return 0, false
	}
	for _, prefix := range []string{"0x", "0X", "0o", "0b", "U+"} {
		if digits, has := strings.CutPrefix(element, prefix); has {
			element = digits
			break
		}
	}
	n, err := strconv.ParseUint(element, base, 8)
	return byte(n), err == nil
}
