package modelserver

import (
	"fmt"
	"strings"
)

// Encode returns commands as a client sends them. Their words are separated by spaces.
func Encode(commands ...string) (all []byte) {
	for _, c := range commands {
		words := strings.Fields(c)
		all = fmt.Appendf(all, "*%d\r\n", len(words))
		for _, w := range words {
			all = fmt.Appendf(all, "$%d\r\n%s\r\n", len(w), w)
		}
	}
	return all
}
