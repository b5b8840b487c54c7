package rawclients_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/rawclients"
)

// mustParse returns a script of the tests.
func mustParse(t *testing.T, text string) *rawclients.Script {
	t.Helper()
	script, err := rawclients.ParseScript(text)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// alone returns a step in which client a writes a command, and newer tokens come after it.
func alone(c rawclients.Command) rawclients.Step {
	return rawclients.Step{Commands: []rawclients.Command{c}, Renews: true}
}

// around returns the scripts in which each command of the server stands between two parts of a script.
// draws is how many scripts there are for each.
func around(t *testing.T, before, after string, draws int) scriptSource {
	first, last := mustParse(t, before), mustParse(t, after)
	i := 0
	return func(catalogue *rawclients.Catalogue) (string, *rawclients.Script) {
		names := rawclients.Generated(catalogue)
		if i == draws*len(names) {
			return "", nil
		}
		name, n := names[i/draws], i%draws
		i++
		script := *first
		script.Steps = append(slices.Clone(first.Steps), rawclients.Plausible(*seed+uint64(n), name, catalogue))
		script.Steps = append(script.Steps, last.Steps...)
		return fmt.Sprintf("%s, draw %d", name, n), &script
	}
}

// Each command of the server, then an AUTH, then others: what has no reply or two, what changes what
// the command after it means, and what changes how AUTH is answered, shows in what they answer. So a
// command of tomorrow fails here, and not at its first user.
func TestEveryCommandMayBeFollowedByAUTH(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	pairs := openPairs(t, newSources(t))
	for _, hello := range []string{"2", "3"} {
		t.Run("RESP"+hello, func(t *testing.T) {
			before := "life=150ms\na HELLO " + hello + " ; SET s1 before ; CLIENT TRACKING ON OPTIN"
			after := "a GET s1 renew\na SET s1 after ; ECHO x renew\na ECHO y"
			logUnlessFailed(t, play(t, pairs, around(t, before, after, 2)))
		})
	}
}

// A command that modifies the next one is kept in mind by the server over some commands and not over
// others. Each command of the server stands between such a command and the one that it is meant for.
func TestEveryCommandMayFollowOneThatModifiesTheNext(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	pairs := openPairs(t, newSources(t))
	for _, modifier := range []string{"CLIENT CACHING YES", "CLIENT REPLY SKIP", "ASKING", "MULTI"} {
		t.Run(modifier, func(t *testing.T) {
			before := "life=150ms\na HELLO 3 ; SET s1 before ; CLIENT TRACKING ON OPTIN\na " + modifier + " renew"
			after := "a GET s1 renew\na SET s1 after ; ECHO x renew\na ECHO y"
			logUnlessFailed(t, play(t, pairs, around(t, before, after, 1)))
		})
	}
}

// notSliced are the blocking commands that go out as they are, with the reason.
var notSliced = map[string]string{
	"WAIT":    "what it waits for is what was written before on the connection",
	"WAITAOF": "the same",
}

// A blocking command that is sent as it is keeps its connection from being renewed. So each command
// that the server calls blocking, with each option that it has, must be sent in slices.
func TestEveryBlockingCommandIsSentInSlices(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	pair := openPair(t, newSources(t))
	catalogue := pair.Catalogue()
	asked := 0
	for _, name := range catalogue.Names() {
		info, _ := catalogue.Info(name)
		if !info.Has("blocking") || rawclients.IsExcluded(name) {
			continue
		}
		asked++
		t.Run(name, func(t *testing.T) {
			shown := map[string]bool{} // by the options that were given
			for draw := range uint64(60) {
				c, blocks := rawclients.Invocation(*seed+draw, name, catalogue)
				if options := optionsOf(c); blocks && !shown[options] {
					shown[options] = slicesOf(t, pair, name, c) || shown[options]
				}
			}
			if !slices.Contains(values(shown), true) {
				t.Errorf("no form of it has blocked, so nothing was shown: %v", shown)
			}
			t.Logf("%d forms", len(shown))
		})
	}
	if _, documented := catalogue.Info("CLIENT ID"); documented && asked < 8 { // 6.0 calls none so
		t.Errorf("the server calls %d commands blocking", asked)
	}
}

func values(m map[string]bool) (all []bool) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// optionsOf returns the words of a command that are options, and not keys or values.
func optionsOf(c rawclients.Command) string {
	var words []string
	for _, arg := range c.Args {
		if len(arg) > 1 && arg == strings.ToUpper(arg) && strings.Trim(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			words = append(words, arg)
		}
	}
	return strings.Join(words, " ")
}

// slicesOf plays a command that may block, and fails if it blocks and was not sent in slices. It
// reports whether it has blocked.
func slicesOf(t *testing.T, pair *rawclients.Pair, name string, c rawclients.Command) (blocked bool) {
	script := mustParse(t, "life=8ms\na XGROUP CREATE x1 g 0 MKSTREAM ; XGROUP CREATE x2 g 0 MKSTREAM")
	script.Steps = append(script.Steps, alone(c), rawclients.Step{Client: 1, Renews: true, Commands: []rawclients.Command{{Args: []string{"PING"}}}})
	blocked, err := pair.Blocks(t.Context(), script, patience)
	if err != nil {
		t.Fatal(err)
	}
	plainBefore, oursBefore := calls(t, pair, name)
	d, err := pair.Run(t.Context(), script, patience)
	if err != nil {
		t.Fatal(err)
	}
	if d != nil && d.Limit == "" {
		t.Fatal(d)
	}
	plain, ours := calls(t, pair, name)
	fromEnd := slices.Contains(c.Args, "$")
	sliced := ours-oursBefore > plain-plainBefore
	switch reason := notSliced[name]; {
	case !blocked:
	case reason == "" && !sliced && !fromEnd:
		t.Errorf("%q has blocked and was not sent in slices", c.Args)
	case reason != "" && sliced:
		t.Errorf("%q was sent in slices: delete it from the list", c.Args)
	}
	return blocked
}

func calls(t *testing.T, pair *rawclients.Pair, name string) (plain, ours int) {
	t.Helper()
	plain, ours, err := pair.Calls(name)
	if err != nil {
		t.Fatal(err)
	}
	return plain, ours
}
