package entratest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A script is what several connections do in turn, one line each: the connection's name, and its command. "&" at the
// end says that the command blocks, "<a>" stands for connection a's id, "time passes" lets all timeouts of the script
// run out. In a line with ";" the connection sends several commands at once.
type script struct {
	name, text string
}

func (s script) lines() []string {
	var lines []string
	for line := range strings.Lines(s.text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// A cast is the connections of one run.
type cast struct {
	site     *site
	protocol int
	conns    map[string]*raw
	ids      map[string]string
}

// member returns the connection with a name, which it opens if there is none. greeted is told of a new one.
func (c *cast) member(t *testing.T, name string, greeted func(*raw)) *raw {
	t.Helper()
	conn, ok := c.conns[name]
	if ok {
		return conn
	}
	conn = login(t, c.site)
	conn.send(t, cmd("HELLO", itoa(c.protocol)))
	hello := conn.reply(t)
	conn.send(t, cmd("CLIENT", "ID"))
	id := strings.TrimSpace(strings.TrimPrefix(conn.reply(t), ":"))
	if !strings.Contains(hello, "$2\r\nid\r\n:"+id+"\r\n") {
		t.Errorf("HELLO %q, CLIENT ID %s", hello, id)
	}
	c.conns[name], c.ids[name] = conn, id
	if greeted != nil {
		greeted(conn)
	}
	return conn
}

// send sends what a line says.
func (c *cast) send(t *testing.T, conn *raw, commands string) {
	t.Helper()
	for name, id := range c.ids {
		commands = strings.ReplaceAll(commands, "<"+name+">", id)
	}
	var b string
	for command := range strings.SplitSeq(strings.TrimSuffix(commands, "&"), ";") {
		b += cmd(strings.Fields(command)...)
	}
	conn.send(t, b)
}

// A take is what came after each line, for each connection in the order in which it spoke first.
type take []map[string]string

// onMiniredisTake plays a script in a bubble, where it is known when nothing more will come.
func onMiniredisTake(t *testing.T, s *site, text script, protocol int) take {
	t.Helper()
	c := &cast{site: s, protocol: protocol, conns: map[string]*raw{}, ids: map[string]string{}}
	var mu sync.Mutex
	arrived := map[string]string{}
	c.member(t, "admin", nil).exchange(t, cmd("FLUSHALL"), "+OK\r\n")
	var played take
	for _, line := range text.lines() {
		if line == "time passes" {
			time.Sleep(time.Minute)
		} else {
			name, commands, _ := strings.Cut(line, " ")
			conn := c.member(t, name, func(conn *raw) {
				go func() {
					buf := make([]byte, 4096)
					for {
						n, err := conn.r.Read(buf)
						if err != nil {
							return
						}
						mu.Lock()
						arrived[name] += string(buf[:n])
						mu.Unlock()
					}
				}()
			})
			c.send(t, conn, commands)
		}
		synctest.Wait()
		mu.Lock()
		played = append(played, arrived)
		arrived = map[string]string{}
		mu.Unlock()
	}
	return played
}

// onRedisTake plays a script on a real server and expects what Miniredis has said.
func onRedisTake(t *testing.T, s *site, text script, protocol int, name string, want take) {
	t.Helper()
	c := &cast{site: s, protocol: protocol, conns: map[string]*raw{}, ids: map[string]string{}}
	admin := login(t, s)
	admin.exchange(t, cmd("FLUSHALL"), "+OK\r\n")
	for i, line := range text.lines() {
		if line != "time passes" {
			who, commands, _ := strings.Cut(line, " ")
			conn := c.member(t, who, nil)
			c.send(t, conn, commands)
			if strings.HasSuffix(commands, "&") {
				s.eventually(t, line+" blocks", func() bool {
					admin.send(t, cmd("CLIENT", "LIST", "ID", c.ids[who]))
					return strings.Contains(admin.reply(t), " flags=b") || conn.hasReply() // its timeout may have passed
				})
			}
		}
		for who, conn := range c.conns {
			if got, err := conn.take(len(want[i][who])); err != nil || got != want[i][who] {
				rest, _ := conn.r.Peek(conn.r.Buffered())
				t.Fatalf("%s: %s\nredis says to %s:\n%q, %v\nminiredis:\n%q", name, line, who, got+string(rest), err, want[i][who])
			}
		}
	}
	for who, conn := range c.conns { // and nothing more
		if err := conn.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if b, err := conn.r.ReadByte(); err == nil {
			t.Errorf("%s: at the end redis sends %q to %s, and miniredis does not", name, b, who)
		}
	}
}

func TestMiniredisAnswersAsRedisDoes(t *testing.T) {
	played := map[string]take{}
	onEach := func(t *testing.T, play func(t *testing.T, text script, protocol int, name string)) {
		for _, text := range scripts() {
			for _, protocol := range []int{2, 3} {
				play(t, text, protocol, fmt.Sprintf("%s, RESP%d", text.name, protocol))
			}
		}
	}
	onMiniredis(t, func(t *testing.T, s *site) {
		onEach(t, func(t *testing.T, text script, protocol int, name string) {
			played[name] = onMiniredisTake(t, s, text, protocol)
		})
	})
	onRedis(t, func(t *testing.T, s *site) {
		needCommand(t, s.redis, isSince7, "Miniredis answers as redis-server 7 does")
		onEach(t, func(t *testing.T, text script, protocol int, name string) {
			onRedisTake(t, s, text, protocol, name, played[name])
		})
	})
}
