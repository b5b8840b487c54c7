package diagnosis

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A session speaks Redis on one connection. What it returns of the server's words repeats no token.
type session struct {
	conn   net.Conn
	reader *bufio.Reader
	token  entra.Token // that it logs in with
}

func newSession(conn net.Conn, token entra.Token) *session {
	return &session{conn: conn, reader: bufio.NewReader(conn), token: token}
}

// do sends a command and returns the answer, which may be an error of the server's.
func (s *session) do(ctx context.Context, args ...string) (reply, error) {
	if err := s.send(ctx, encode(args)); err != nil {
		return reply{}, err
	}
	return s.receive(ctx)
}

// login sends AUTH with the token, and what else is given in the same write.
func (s *session) login(ctx context.Context, followed ...string) error {
	user, password := s.token.Credentials()
	text := encode([]string{"AUTH", user, password})
	if len(followed) > 0 {
		text += encode(followed)
	}
	return s.send(ctx, text)
}

func (s *session) send(ctx context.Context, text string) error {
	if err := s.bound(ctx); err != nil {
		return err
	}
	_, err := s.conn.Write([]byte(text))
	return err
}

// receive returns the next answer.
func (s *session) receive(ctx context.Context) (reply, error) {
	if err := s.bound(ctx); err != nil {
		return reply{}, err
	}
	answer, err := readReply(s.reader)
	if answer.isError() {
		_, password := s.token.Credentials()
		answer.text = printable(without(password, answer.text))
	}
	return answer, err
}

// bound ends reads and writes when ctx ends.
func (s *session) bound(ctx context.Context) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.conn.SetDeadline(deadline)
}

// encode returns a command as it is written.
func encode(args []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.String()
}
