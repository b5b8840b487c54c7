package resp_test

import (
	"fmt"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
)

func TestPlainContinuesAFrame(t *testing.T) {
	var c resp.CommandScanner
	for p := []byte("*1\r\n$30\r\n"); len(p) > 0; {
		n, _, _ := c.Next(p)
		p = p[n:]
	}
	if n, _ := c.Ordinary(encode("GET", "k")); n != 0 {
		t.Error("a command inside an argument") // Ordinary takes none inside a command
	}
	const subscribed = ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
	for _, tc := range []struct {
		begun, goesOn string
		most          uint64
		n             int
		replies       uint64
	}{
		{"*2\r\n", "+OK\r\n+OK\r\n+OK\r\n", 1, 10, 1},
		{"*2\r\n", "+OK\r\n+OK\r\n+OK\r\n", 9, 15, 2},
		{"$60\r\n", "xxxx", 1, 4, 0},
		{"*2\r\n", "+OK\r\n", 0, 0, 0}, // no reply may be taken
		{">3\r\n$7\r\nmess", "age\r\n$1\r\nc\r\n$1\r\nx\r\n", 0, 19, 0},
		{">3\r\n$7\r\nmess", "age\r\n$1\r\nc\r\n$1\r\nx\r\n:1\r\n", 1, 23, 1},
		{">2\r\n", "$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", 0, 28, 0},
		{"", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n", 1, 36, 1},
		{"", ":1\r\n>2\r\n$10\r\ninvali", 1, 19, 1},
		{subscribed, "*2\r\n+a\r\n$200\r\nxx", 1, 16, 0}, // after a confirmation
		{"*2\r\n", "nonsense", 1, 0, 0},
		{"*", "nonsense", 1, 0, 0},
	} {
		var s resp.ReplyScanner
		if _, _, err := s.Next([]byte(tc.begun)); err != nil {
			t.Fatal(err)
		}
		before := s
		n, replies := s.Plain([]byte(tc.goesOn), tc.most)
		if n != tc.n || replies != tc.replies || n == 0 && s != before {
			t.Errorf("%q, %q: %d bytes, %d replies, %+v", tc.begun, tc.goesOn, n, replies, s)
		}
	}
}

// However a confirmation is cut, Next must see its end.
func TestPlainLeavesEndsOfConfirmationsToNext(t *testing.T) {
	for _, word := range []string{"subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"} {
		confirmation := fmt.Sprintf(">3\r\n$%d\r\n%s\r\n$1\r\nc\r\n:1\r\n", len(word), word)
		for cut := range confirmation {
			var s resp.ReplyScanner
			if _, _, err := s.Next([]byte(confirmation[:cut])); err != nil {
				t.Fatal(err)
			}
			if n, replies := s.Plain([]byte(confirmation[cut:]+"+OK\r\n"), 1); n+int(replies) > 0 {
				t.Errorf("%q, %q: took %d bytes, %d replies", confirmation[:cut], confirmation[cut:], n, replies)
			}
		}
	}
}
