package rawclients

import (
	"bytes"
	"slices"
	"strings"
)

// A Limit is a difference that docs/guarantees.md names in its table of limits.
type Limit struct {
	Name string
	// explains reports whether the script makes the difference possible. What the connection reports
	// about itself counts for nothing.
	explains func(d *Difference, written commands) bool
}

// Limits returns the closed list of what may differ.
func Limits() []Limit {
	return []Limit{
		{"bytes that are no commands", func(d *Difference, written commands) bool {
			return d.ends() && slices.ContainsFunc(written, func(c Command) bool { return c.Raw != "" })
		}},
		{"MONITOR", func(d *Difference, written commands) bool {
			return d.ends() && written.have("MONITOR", "SYNC", "PSYNC", "SCRIPT DEBUG")
		}},
		{"CLIENT REPLY OFF", func(d *Difference, written commands) bool { return d.ends() && written.haveArg("CLIENT REPLY", "OFF") }},
		{"CLIENT REPLY SKIP before what may have another number of replies", func(d *Difference, written commands) bool {
			return d.ends() && (written.haveSkipped() || d.Ambiguous && written.haveArg("CLIENT REPLY", "SKIP"))
		}},
		{"inside of MULTI", func(d *Difference, written commands) bool {
			return d.ends() && written.have("MULTI") && (written.have(subscribing...) || written.have("HELLO", "MONITOR", "CLIENT REPLY"))
		}},
		{"RESP2 subscriber", func(d *Difference, written commands) bool { return d.ends() && d.Subscribed }},
		{"RESET after a login", func(d *Difference, written commands) bool {
			return d.ends() && resetsBehindLogin(d)
		}},
		{"RESET logs in again", func(d *Difference, written commands) bool {
			isRefused := d.Kind == OtherBytes && (isError(d.Plain, "") || isError(d.Ours, "NOPERM"))
			isRefusedUnseen := d.Kind == LacksBytes && written.haveArg("CLIENT REPLY", "SKIP")
			return d.Script.Rights != AllRights && written.have("RESET") && (isRefused || isRefusedUnseen)
		}},
		{"XREAD that cannot be sent twice", func(d *Difference, written commands) bool {
			return d.ends() && (written.haveArg("XREAD", "$") || written.haveArg("XREAD", "+") || written.haveModified("XREAD"))
		}},
		{"WAIT and WAITAOF", func(d *Difference, written commands) bool { return d.ends() && written.have("WAIT", "WAITAOF") }},
		{"HELLO 3 behind a blocked call", func(d *Difference, written commands) bool {
			return d.Kind == LacksBytes && written.have(blocking...) && written.haveArg("CLIENT TRACKING", "ON") && written.haveArg("HELLO", "3")
		}},
		{"refused when it goes out anew", func(d *Difference, written commands) bool {
			return d.Kind == OtherBytes && written.have(blocking...) && isError(d.Ours, "")
		}},
		{"CLIENT UNBLOCK between two slices", func(d *Difference, written commands) bool {
			unblocks := written.have("CLIENT UNBLOCK") && bytes.HasPrefix(d.Plain, []byte(":1\r\n")) && bytes.HasPrefix(d.Ours, []byte(":0\r\n"))
			goesOn := d.Kind == LacksBytes && written.have(blocking...) && everyone(d).have("CLIENT UNBLOCK")
			return unblocks || goesOn
		}},
		{"several writes between two slices", func(d *Difference, written commands) bool {
			step := d.Script.Steps[d.Step]
			return d.Kind == OtherBytes && step.Client != d.Client && len(step.Commands) > 1 && written.have(blocking...)
		}},
		{"place in the queue", func(d *Difference, written commands) bool {
			blocked := 0
			for client := range MostClients {
				if commands(d.Script.written(client, d.Step)).have(blocking...) {
					blocked++
				}
			}
			return d.Kind != HasBrokenIn && !d.ends() && blocked > 1 && written.have(blocking...)
		}},
	}
}

var (
	subscribing = []string{"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"}
	special     = []string{"MULTI", "EXEC", "DISCARD", "AUTH", "HELLO", "RESET", "MONITOR", "WAIT", "WAITAOF"}
	blocking    = []string{"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD", "XREADGROUP"}
)

// explain returns the name of the limit that explains a difference, "" if none does.
func explain(d *Difference) string {
	written := commands(d.Script.written(d.Client, d.Step))
	for _, limit := range Limits() {
		if limit.explains(d, written) {
			return limit.Name
		}
	}
	return ""
}

// commands are those that a client has written.
type commands []Command

// everyone returns what all clients have written up to a difference.
func everyone(d *Difference) (all commands) {
	for client := range MostClients {
		all = append(all, d.Script.written(client, d.Step)...)
	}
	return all
}

// have reports whether one of the commands is one of these.
func (all commands) have(names ...string) bool {
	return slices.ContainsFunc(all, func(c Command) bool { return c.is(names...) })
}

// haveArg reports whether one of the commands is this one, with that argument.
func (all commands) haveArg(name, arg string) bool {
	return slices.ContainsFunc(all, func(c Command) bool { return c.is(name) && c.has(arg) })
}

// haveModified reports whether one of the commands is this one, and ASKING or CLIENT CACHING says
// something of it.
func (all commands) haveModified(name string) bool {
	modified := false
	for _, c := range all {
		switch {
		case modified && c.is(name):
			return true
		case !c.is("CLIENT"): // over which the server keeps CLIENT CACHING
			modified = false
		}
		modified = modified || c.is("ASKING", "CLIENT CACHING")
	}
	return false
}

// haveSkipped reports whether one of the commands is right behind CLIENT REPLY SKIP, and may have another
// number of replies than one, or change what those after it have.
func (all commands) haveSkipped() bool {
	skips := false
	for _, c := range all {
		if skips && (c.is(subscribing...) || c.is(blocking...) || c.is(special...) || c.is("CLIENT REPLY") && (c.has("OFF") || c.has("SKIP"))) {
			return true
		}
		skips = c.is("CLIENT REPLY") && c.has("SKIP")
	}
	return false
}

// resetsBehindLogin reports whether the client has written RESET in one step with a login before it.
func resetsBehindLogin(d *Difference) bool {
	for _, step := range d.Script.Steps[:d.Step+1] {
		login := slices.IndexFunc(step.Commands, func(c Command) bool { return c.is("AUTH", "HELLO") })
		if step.Client == d.Client && login >= 0 && commands(step.Commands[login:]).have("RESET") {
			return true
		}
	}
	return false
}

// isSubscriber reports whether a server says of a connection that it has subscriptions.
func isSubscriber(state string) bool {
	return slices.ContainsFunc(strings.Fields(state), func(field string) bool {
		name, count, _ := strings.Cut(field, "=")
		return strings.HasSuffix(name, "sub") && count != "0"
	})
}

// isError reports whether bytes begin with an error of that code, or of any.
func isError(p []byte, code string) bool {
	return bytes.HasPrefix(p, []byte("-"+strings.ToUpper(code)))
}
