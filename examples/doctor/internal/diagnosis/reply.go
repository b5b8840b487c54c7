package diagnosis

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

// A reply is what a server answers to one command, in RESP2 or RESP3.
type reply struct {
	kind  byte    // the first byte on the wire: '+', '-', ':', '$', '*', '%' and so on
	text  string  // of what is one value
	items []reply // of what holds several; of a map, keys and values in turn
}

// errNotRedis is for bytes that no Redis server sends.
var errNotRedis = errors.New("the answer is not that of a Redis server")

const (
	longestText  = 1 << 20 // of one value; what is read here has a hundred bytes
	mostItems    = 1 << 16 // of one reply; CLUSTER SLOTS has a few for each node
	deepestReply = 8       // CLUSTER SLOTS has 4
)

// readReply reads one reply. It leaves out pushes, which are no answer to anything.
func readReply(r *bufio.Reader) (reply, error) {
	for {
		answer, err := readValue(r, deepestReply)
		if err != nil || answer.kind != '>' {
			return answer, err
		}
	}
}

func readValue(r *bufio.Reader, depth int) (reply, error) {
	first, err := r.Peek(1)
	if err != nil {
		return reply{}, err
	}
	if depth == 0 || !strings.ContainsRune("+-:$*_,#!=(%~>", rune(first[0])) {
		return reply{}, errNotRedis
	}
	line, err := readLine(r)
	if err != nil {
		return reply{}, err
	}
	answer := reply{kind: line[0], text: line[1:]}
	switch answer.kind {
	case '$', '!', '=':
		size, err := length(answer.text, longestText)
		if err != nil || size < 0 {
			answer.text = ""
			return answer, err
		}
		value := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(r, value); err != nil {
			return reply{}, err
		}
		answer.text = string(value[:size])
	case '*', '%', '~', '>':
		count, err := length(answer.text, mostItems)
		if answer.text = ""; err != nil {
			return reply{}, err
		}
		if answer.kind == '%' {
			count *= 2
		}
		for range max(0, count) {
			item, err := readValue(r, depth-1)
			if err != nil {
				return reply{}, err
			}
			answer.items = append(answer.items, item)
		}
	}
	return answer, nil
}

// readLine returns a line without its end.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || err == nil && (len(line) < 3 || line[len(line)-2] != '\r') {
		return "", errNotRedis
	}
	if err != nil {
		return "", err
	}
	return string(line[:len(line)-2]), nil
}

// length reads a length, which is -1 for null.
func length(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 || n > most {
		return 0, errNotRedis
	}
	return n, nil
}

// isError reports whether the server answered with an error.
func (r reply) isError() bool { return r.kind == '-' || r.kind == '!' }

// field returns the value of a key in the answer to HELLO, which is a map in RESP3 and an array in
// RESP2. It is empty if there is none.
func (r reply) field(key string) string {
	for i := 0; i+1 < len(r.items); i += 2 {
		if r.items[i].text == key {
			return r.items[i+1].text
		}
	}
	return ""
}
