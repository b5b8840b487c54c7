package session

import (
	"bytes"
	"strconv"
)

// A helloReply is the reply to HELLO, as far as it was collected.
type helloReply []byte

// field returns a number in the reply. Servers that are not Redis write the names and the numbers
// of fields in one of several types.
func (h helloReply) field(name string) (digits string, ok bool) {
	_, after, found := bytes.Cut(h, []byte("\r\n$"+strconv.Itoa(len(name))+"\r\n"+name+"\r\n"))
	if !found {
		if _, after, found = bytes.Cut(h, []byte("\r\n+"+name+"\r\n")); !found {
			return "", false
		}
	}
	line, more, ended := bytes.Cut(after, []byte("\r\n"))
	if ended && bytes.HasPrefix(line, []byte("$")) {
		line, _, ended = bytes.Cut(append([]byte("$"), more...), []byte("\r\n"))
	}
	if !ended || len(line) < 2 {
		return "", false
	}
	return string(line[1:]), true
}
