package livepage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A turnout is how many connections got a token, over all the servers that were rotated to it. A cluster has a rotation
// for each of its nodes.
type turnout struct {
	entra.RotationDoneInfo // ServerAddr is that of the last

	servers int
	seen    map[string]struct{} // the servers; belongs to the journal
}

func turnoutOf(info entra.RotationDoneInfo) turnout {
	return turnout{RotationDoneInfo: info, servers: 1}
}

// plus adds one rotation. It keeps t.seen.
func (t turnout) plus(one turnout) turnout {
	if t.servers == 0 {
		return one
	}
	if t.seen == nil {
		if t.ServerAddr == one.ServerAddr {
			return t.add(one)
		}
		t.seen = map[string]struct{}{t.ServerAddr: {}}
	}
	t.seen[one.ServerAddr] = struct{}{}
	t.servers = len(t.seen)
	return t.add(one)
}

func (t turnout) add(one turnout) turnout {
	t.ServerAddr = one.ServerAddr
	t.Duration = max(t.Duration, one.Duration)
	t.Renewed += one.Renewed
	t.Refused += one.Refused
	t.Left += one.Left
	t.Closed += one.Closed
	return t
}

// text describes a turnout in a sentence.
func (t turnout) text() string {
	done := number(t.Renewed, "connection")
	if t.servers == 1 {
		done = t.ServerAddr + ": " + done
	} else {
		done += fmt.Sprintf(" on %d servers", t.servers)
	}
	done += " got the new token"
	if t.Duration >= time.Second {
		done += " within " + inWords(t.Duration)
	}
	parts := []string{done}
	for _, rest := range []struct {
		n    int
		what string
	}{{t.Refused, "refused by the server"}, {t.Left, "could not be renewed"}, {t.Closed, "closed meanwhile"}} {
		if rest.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", rest.n, rest.what))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// expiryIn is the key under which a journal finds, in a rotation's context, when the token that it brings expires.
type expiryIn struct{ *journal }

func (j *journal) rotationStart(ctx context.Context, info entra.RotationStartInfo) context.Context {
	return context.WithValue(ctx, expiryIn{j}, info.ExpiresOn)
}

func (j *journal) rotationDone(ctx context.Context, info entra.RotationDoneInfo) {
	j.mu.Lock()
	defer j.mu.Unlock()
	token, told := ctx.Value(expiryIn{j}).(time.Time)
	if !told {
		token = j.expires
	}
	j.addLocked(event{matter: matter{what: connsRotated, token: token}, turnout: turnoutOf(info)}, info.At)
}
