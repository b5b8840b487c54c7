package resp_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/resp"
)

func TestPlainTakesMessagesBetweenReplies(t *testing.T) {
	messages := []string{
		">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n", ">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$0\r\n\r\n",
		">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$100\r\n" + strings.Repeat("x", 100) + "\r\n",
	}
	var s resp.ReplyScanner
	all := "+OK\r\n" + strings.Join(messages, "") + ":1\r\n" + messages[0]
	if n, replies := s.Plain([]byte(all+"+OK\r\n"), 2); n != len(all) || replies != 2 {
		t.Error(n, replies)
	}
	if n, replies := s.Plain([]byte(messages[0]+"+OK\r\n"), 0); n != len(messages[0]) || replies != 0 {
		t.Error(n, replies)
	}
}

func TestMessagesAreDowngraded(t *testing.T) {
	one := ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n"
	for _, messages := range []string{
		one, one + one + one, one + ">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$1\r\nx\r\n" + one,
		">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$0\r\n\r\n" + one,
	} {
		var s resp.ReplyScanner
		want := strings.ReplaceAll(messages, ">", "*")
		p := []byte(messages + "+OK\r\n")
		if n := s.Downgrade(p); n != len(messages) || string(p) != want+"+OK\r\n" {
			t.Errorf("%q: %d bytes, %q", messages, n, p)
		}
		for cut := range one {
			p := []byte(messages + one[:cut])
			if n := s.Downgrade(p); n != len(messages) || string(p) != want+one[:cut] {
				t.Errorf("%q cut: %d bytes, %q", messages+one[:cut], n, p)
			}
		}
	}
	for _, other := range []string{
		">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ">2\r\n$7\r\nmessage\r\n$1\r\nc\r\n",
		">3\r\n$7\r\nmessage\r\n_\r\n$1\r\nc\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n",
	} {
		var s resp.ReplyScanner
		for _, first := range []string{"", one} {
			p := []byte(first + other)
			if n := s.Downgrade(p); n != len(first) || string(p[n:]) != other {
				t.Errorf("%q: %d bytes, %q", first+other, n, p)
			}
		}
	}
}

// The payload of a message stays as it is, even if it looks like a message.
func TestPayloadThatLooksLikeAMessageIsKept(t *testing.T) {
	inside := ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
	var s resp.ReplyScanner
	if _, _, err := s.Next(fmt.Appendf(nil, ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$%d\r\n", len(inside))); err != nil {
		t.Fatal(err)
	}
	p := []byte(inside + "\r\n")
	if n := s.Downgrade(p); n != 0 || string(p) != inside+"\r\n" {
		t.Errorf("%d bytes, %q", n, p)
	}
}

// A push with null where a message has a string is no message.
func TestPushWithNullIsNoMessage(t *testing.T) {
	push := ">3\r\n$7\r\nmessage\r\n$-1\r\n$1\r\nc\r\n"
	var s resp.ReplyScanner
	if n, replies := s.Plain([]byte(push), 0); n != len(push) || replies != 0 {
		t.Error(n, replies)
	}
}

// checkDowngrade compares what Downgrade takes at a boundary with the frames that Next found.
func checkDowngrade(t *testing.T, stream []byte, from int, frames []frame) {
	var s resp.ReplyScanner
	p := bytes.Clone(stream[from:])
	n := s.Downgrade(p)
	for want, at := bytes.Clone(stream[from:]), from; ; frames = frames[1:] {
		if at == from+n {
			if !bytes.Equal(p, want) {
				t.Fatalf("%q: from %d it becomes %q, want %q", stream, from, p, want)
			}
			return
		}
		if len(frames) == 0 || frames[0].Frame != resp.Push || frames[0].End > from+n || frames[0].Says.Kind != resp.Ordinary {
			t.Fatalf("%q: messages from %d to %d, Next says %v", stream, from, from+n, frames)
		}
		want[at-from] = '*'
		at = frames[0].End
	}
}

// BenchmarkMessages measures the cost of one message of a burst to a subscriber.
func BenchmarkMessages(b *testing.B) {
	const burst = 32
	messages := bytes.Repeat([]byte(">3\r\n$7\r\nmessage\r\n$14\r\nchannel:tokens\r\n$64\r\n"+strings.Repeat("x", 64)+"\r\n"), burst)
	b.ReportAllocs()
	for b.Loop() {
		var s resp.ReplyScanner
		if n, _ := s.Plain(messages, 0); n != len(messages) {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*burst), "ns/message")
}
