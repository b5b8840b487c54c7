package entratest

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/redcon"
)

// noAuth is what every Redis says to a command before the first good AUTH.
const noAuth = "NOAUTH Authentication required."

// A rewriter turns the commands of one client into those that the backend shall get. It belongs to one goroutine.
type rewriter struct {
	gateway  *Gateway
	arrival  arrival
	guest    user // whom the backend knows before the first good AUTH, and after RESET
	loggedIn bool
	behind   bool // the command was read together with others before it
}

// rewrite appends what the backend shall get for a command.
func (r *rewriter) rewrite(out []byte, cmd redcon.Command) []byte {
	args, dialect := cmd.Args, r.gateway.opts.Dialect
	if line := dialect.unknown(args); line != "" {
		return appendRefusal(out, line)
	}
	switch strings.ToUpper(string(args[0])) {
	case "AUTH":
		return r.rewriteAuth(out, cmd)
	case "HELLO":
		return r.rewriteHello(out, cmd)
	case "RESET":
		out = append(out, cmd.Raw...)
		if len(args) == 1 {
			// RESET logs in as the backend's default user, who may have every right. Log in as the
			// guest again, without a reply: RESET has just turned replies on, ended MULTI and left
			// every channel.
			out = appendCommand(out, "CLIENT", "REPLY", "SKIP")
			out = appendCommand(out, "AUTH", r.guest.name, r.guest.password)
			r.loggedIn = false
		}
		return out
	case "QUIT":
		return append(out, cmd.Raw...)
	}
	if !r.loggedIn && !dialect.Passwordless {
		return appendRefusal(out, noAuth)
	}
	if isClusterShards(args) {
		if f, h := r.gateway.strike(r.arrival, func(f WireFault) bool { return f.RefuseShards != "" }); h != nil {
			return appendRefusal(out, f.RefuseShards)
		}
	}
	return append(out, cmd.Raw...)
}

func isClusterShards(args [][]byte) bool {
	return len(args) == 2 && strings.EqualFold(string(args[0]), "CLUSTER") && strings.EqualFold(string(args[1]), "SHARDS")
}

// rewriteAuth handles AUTH user token, and AUTH password, which is of no use here.
func (r *rewriter) rewriteAuth(out []byte, cmd redcon.Command) []byte {
	var name, token string
	switch args := cmd.Args; len(args) {
	case 2:
		token = string(args[1])
	case 3:
		name, token = string(args[1]), string(args[2])
	default:
		return append(out, cmd.Raw...) // wrong for every user
	}
	u, refusal := r.judge(name, token)
	if refusal != nil {
		return refusal.append(out)
	}
	r.loggedIn = true
	return appendCommand(out, "AUTH", u.name, u.password)
}

// rewriteHello handles HELLO [version [AUTH user token] [SETNAME name]]. Anything else in it is an error, which is
// left to the backend to tell.
func (r *rewriter) rewriteHello(out []byte, cmd redcon.Command) []byte {
	dialect := r.gateway.opts.Dialect
	args := make([]string, len(cmd.Args))
	for i, a := range cmd.Args {
		args[i] = string(a)
	}
	if len(args) > 1 && args[1] != "2" && args[1] != "3" {
		return append(out, cmd.Raw...) // -NOPROTO, before the backend looks at the rest
	}
	if len(args) > 1 && args[1] == "3" {
		if _, h := r.gateway.strike(r.arrival, func(f WireFault) bool { return f.StayInRESP2 }); h != nil || dialect.StaysInRESP2 {
			args[1] = "2"
		}
	}
	login := false
	for i := 2; i < len(args); {
		switch option := strings.ToUpper(args[i]); {
		case option == "AUTH" && i+2 < len(args):
			u, refusal := r.judge(args[i+1], args[i+2])
			if refusal != nil {
				return refusal.append(out)
			}
			args[i+1], args[i+2] = u.name, u.password
			login = true
			i += 3
		case option == "SETNAME" && i+1 < len(args):
			i += 2
		default:
			return appendCommand(out, args...)
		}
	}
	if !login && !r.loggedIn && !dialect.Passwordless {
		return appendRefusal(out, dialect.noHello())
	}
	r.loggedIn = r.loggedIn || login
	return appendCommand(out, args...)
}

// authUser returns the user name of an AUTH, or of a HELLO with AUTH.
func authUser(cmd redcon.Command) (name string, isAuth bool) {
	args := cmd.Args
	switch strings.ToUpper(string(args[0])) {
	case "AUTH":
		if len(args) == 2 {
			return "default", true
		}
		return string(args[min(1, len(args)-1)]), len(args) == 3
	case "HELLO":
		for i := 2; i+2 < len(args); i += 2 { // SETNAME takes one argument
			if strings.EqualFold(string(args[i]), "AUTH") {
				return string(args[i+1]), true
			}
		}
	}
	return "", false
}

// A verdict is what is known of a user name and a password or token before faults have their say.
type verdict struct {
	good    bool
	tokenID string
	key     string    // for [admissions.admit]
	end     time.Time // of a token
}

func (r *rewriter) verify(name, password string) verdict {
	opts := &r.gateway.opts
	if want, isStatic := opts.StaticUsers[name]; isStatic {
		return verdict{good: password == want, key: "static user " + name} // no token has a space in it
	}
	if opts.Verify != nil {
		until, ok := opts.Verify(name, password)
		// Each login has its own end, also with a password that was there before.
		return verdict{good: ok, key: fmt.Sprintf("verified %d %s %s", until.UnixNano(), name, password), end: until}
	}
	claims, err := opts.STS.Verify(password)
	v := verdict{tokenID: claims.TokenID, key: password}
	if err == nil && claims.ObjectID != "" && claims.ObjectID == name && !opts.STS.issuer.isRevoked(claims.TokenID) {
		v.good, v.end = true, opts.STS.issuer.endOf(claims)
	}
	return v
}

// A refusal is what the client gets instead of OK.
type refusal struct {
	line   string // the error
	silent bool   // which the client does not get
}

// append appends what the backend shall get instead of the login.
func (r *refusal) append(out []byte) []byte {
	if r.silent {
		return out
	}
	return appendRefusal(out, r.line)
}

// judge decides over a user name, which may be missing, and a token. It returns the backend's user to log in as, or how
// that is refused.
func (r *rewriter) judge(name, token string) (u user, refused *refusal) {
	g := r.gateway
	full := cmp.Or(name, "default")
	v := r.verify(full, token)
	a := Auth{At: time.Now(), Conn: r.arrival.number, User: full, TokenID: v.tokenID}
	f, h := g.strike(r.arrival, func(f WireFault) bool { return f.RefuseAuth != "" && f.choosesAuth(full, r.loggedIn) })
	if a.Err = g.opts.Dialect.refusal(name, v.good); h != nil {
		a.Err = f.RefuseAuth
	}
	switch {
	case a.Err != "":
	case g.opts.Dialect.Passwordless:
		u = r.guest
	default:
		var err error
		if u, err = g.tokens.admit(g.ctx, v.key, v.end); err != nil {
			a.Err = "ERR " + err.Error()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.auths = append(g.auths, a)
	switch {
	case a.Err != "":
		g.stats.Refused++
	case r.loggedIn:
		g.stats.Auths++
	default:
		g.stats.Auths++
		g.stats.Logins++
	}
	if a.Err != "" {
		refused = &refusal{line: a.Err, silent: h != nil && f.RefuseSilently && r.behind}
	}
	return u, refused
}

// appendCommand writes a command as clients do.
func appendCommand(out []byte, args ...string) []byte {
	out = redcon.AppendArray(out, len(args))
	for _, a := range args {
		out = redcon.AppendBulkString(out, a)
	}
	return out
}

// appendRefusal writes a command whose reply is the given error. The backend itself gives it, so it comes in
// its turn, is queued in MULTI, and is left out where CLIENT REPLY says so.
func appendRefusal(out []byte, line string) []byte {
	line = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, line)
	return appendCommand(out, "EVAL", refusalScript, "0", line)
}

// refusalScript replies with an error. A [Miniredis] knows it, and does without Lua.
const refusalScript = "return {err = ARGV[1]}"
