package session

import "strconv"

// An argument is where one stands in a command: from its header to after its CRLF, and its text in
// there.
type argument struct{ from, to, textAt int }

func (a argument) bytesOf(command []byte) []byte { return command[a.textAt : a.to-2] }

// splitArguments appends the arguments of a command that the scanner has found complete.
func splitArguments(all []argument, command []byte) []argument {
	header := func(from int) (n, next int) {
		for from++; command[from] != '\r'; from++ {
			n = n*10 + int(command[from]-'0')
		}
		return n, from + 2
	}
	argc, from := header(0)
	for range argc {
		size, textAt := header(from)
		to := textAt + size + 2
		all = append(all, argument{from, to, textAt})
		from = to
	}
	return all
}

func appendArgument(b []byte, arg string) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(arg)), 10)
	b = append(b, "\r\n"...)
	b = append(b, arg...)
	return append(b, "\r\n"...)
}
