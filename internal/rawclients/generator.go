package rawclients

import (
	"math/rand/v2"
	"strings"
	"time"
)

// User is the user that scripts are played as.
const User = "00000000-0000-0000-0000-00000000c1e7"

// AllRights are those of a user who may do everything.
const AllRights = "+@all"

// lives are for how long tokens live. The shorter, the more slices a blocking command has, and the
// sooner a connection ends that cannot be renewed. A newer token comes every few milliseconds anyway.
var lives = []time.Duration{8 * time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond, 150 * time.Millisecond}

// fewRights are rights of users who may not do all that scripts do. A server that does not know a
// rule gives all rights.
var fewRights = []string{
	"+@all -client|reply",
	"+@all -client",
	"+@all -multi -subscribe",
	"+@all -xinfo -hello -asking",
	"+@all -reset -discard",
	"-@all +@read +@write +@blocking +@transaction +@pubsub +ping +echo",
}

// A generator draws a script.
type generator struct {
	args      argumentDraw
	catalogue *Catalogue
	theme     theme
	script    *Script
	clients   [MostClients]clientGuess
	count     int // of clients
}

// A clientGuess is what a script does to a client, as far as that can be known in advance.
type clientGuess struct {
	mayQueue     bool // MULTI was written, and nothing that ends it for sure
	surelyQueues bool // MULTI was written, and nothing that may end it
	blocked      bool // it may wait until another client ends that
	ended        bool // QUIT was written
	maySkip      bool // CLIENT REPLY was written
	mayListen    bool // SUBSCRIBE or its like was written, after which a server may refuse MULTI
}

// Generate returns the script of a seed for a server with these commands.
func Generate(seed uint64, catalogue *Catalogue) *Script {
	g := &generator{args: argumentDraw{rng: rand.New(rand.NewPCG(seed, 3))}, catalogue: catalogue}
	d := &g.args
	for g.theme = pick(d, themes...); len(g.theme.commands) == 0 && len(catalogue.Names()) == 0; {
		g.theme = pick(d, themes...)
	}
	g.script = &Script{Life: pick(d, lives...), Rights: AllRights, SeparateLogin: d.oneIn(6), Polls: d.oneIn(3)}
	if g.theme.fewRights || d.oneIn(12) {
		g.script.Rights = pick(d, fewRights...)
	}
	d.broadcasts = d.oneIn(6)
	g.count = 2 + d.rng.IntN(MostClients-1)
	for range 4 + d.rng.IntN(14) {
		g.addStep()
	}
	for client := range g.count {
		if !g.clients[client].ended && !d.oneIn(4) {
			g.script.Steps = append(g.script.Steps, Step{Client: client, Commands: []Command{{Args: []string{"ECHO", "the end"}}}})
		}
	}
	return g.script
}

// Plausible draws a command with arguments as a script has it, in a step of its own. Newer tokens come
// after it.
func Plausible(seed uint64, name string, catalogue *Catalogue) Step {
	d := &argumentDraw{rng: rand.New(rand.NewPCG(seed, 4))}
	c, waits, _ := d.draw(name, catalogue)
	return Step{Commands: []Command{c}, Waits: waits, Renews: true}
}

// Invocation draws a command with arguments as the server documents them, whatever else is known of it.
// Blocks reports whether it may block until another client ends that.
func Invocation(seed uint64, name string, catalogue *Catalogue) (c Command, blocks bool) {
	d := &argumentDraw{rng: rand.New(rand.NewPCG(seed, 4))}
	info, documented := catalogue.Info(name)
	if !documented || info.Arguments == nil {
		c, _, blocks = d.draw(name, catalogue)
		return c, blocks
	}
	d.begin(name)
	return Command{Args: append(strings.Split(name, " "), d.list(info.Arguments)...)}, d.blocks
}

// addStep adds what one client writes at once.
func (g *generator) addStep() {
	d := &g.args
	step := Step{Client: d.rng.IntN(g.count)}
	client := &g.clients[step.Client]
	if client.ended || client.blocked && !d.oneIn(4) {
		return
	}
	commands := 1 + d.rng.IntN(4)
	if d.broadcasts {
		commands = 1
	}
	for range commands {
		c, waits, blocks := g.command()
		standsAlone := formOf(c) != Bytes || isRefusedLogin(c) || len(c.Raw) > longestLine || client.maySkip && mayEnd(c)
		if standsAlone && (client.mayQueue || client.blocked || len(step.Commands) > 0) || waits && client.blocked {
			continue
		}
		step.Commands = append(step.Commands, c)
		client.note(c, blocks, g.script.Rights == AllRights)
		step.Waits = (step.Waits || waits) && !blocks // in a transaction it does not, but a smaller script may have none
		if waits && !client.surelyQueues || standsAlone || client.ended {
			break
		}
	}
	if len(step.Commands) == 0 {
		return
	}
	step.Cuts, step.Renews = g.cuts(step), d.oneIn(5)
	g.script.Steps = append(g.script.Steps, step)
}

// isRefusedLogin reports whether the server may refuse a login, because of its user. Redis 7.2 to 8 and Valkey 8 give it no
// answer while they have something to send to the client (redis/redis#15640), which is chance.
func isRefusedLogin(c Command) bool {
	return c.is("AUTH", "HELLO") && len(c.Args) > 2 && !c.has(User) && !c.has("default")
}

// longestLine is how long a line may be for a server. One that is longer is a command if its end has
// come by the time that the server looks, which is chance.
const longestLine = 64 << 10

// mayEnd reports whether a server may end the connection after its reply to a command. If that is
// skipped, it does so only if something else is still to be sent, which is chance.
func mayEnd(c Command) bool { return c.Raw != "" || c.is("QUIT", "CLIENT KILL") }

// note takes what a command does to the client, who may do everything or not.
func (g *clientGuess) note(c Command, blocks, mayAll bool) {
	ends := c.is("EXEC", "DISCARD", "RESET")
	g.maySkip = g.maySkip || c.is("CLIENT REPLY")
	g.mayListen = g.mayListen || c.is(subscribing...)
	switch {
	case c.is("MULTI"):
		g.mayQueue = true
		g.surelyQueues = g.surelyQueues || mayAll && !g.mayListen && len(c.Args) == 1
	case ends && mayAll && len(c.Args) == 1 && !c.is("RESET"): // which 6.0 does not know
		g.mayQueue, g.surelyQueues = false, false
	case ends:
		g.surelyQueues = false
	case c.is("QUIT"), strings.HasPrefix(c.Raw, "QUIT"):
		g.ended = true
	case c.is("MONITOR"), blocks && !g.surelyQueues, strings.HasPrefix(c.Raw, "BLPOP"):
		g.blocked = true
	}
}

// cuts returns where the bytes of a step are cut.
func (g *generator) cuts(step Step) (cuts []Cut) {
	d := &g.args
	if d.oneIn(3) || d.broadcasts {
		return nil
	}
	all := 0
	var ends []int
	for _, c := range step.Commands {
		all += len(c.wire([]int64{100, 100, 100}))
		ends = append(ends, all)
	}
	at := 0
	for range 1 + d.rng.IntN(3) {
		if all-at < 2 {
			break
		}
		next := at + 1 + d.rng.IntN(min(all-at-1, 1+d.rng.IntN(60)))
		if end := pick(d, ends...); d.oneIn(2) && end > at {
			next = end
		}
		if next >= all {
			break
		}
		cuts = append(cuts, Cut{At: next, Renews: d.oneIn(2)})
		at = next
	}
	return cuts
}

// command returns the next command.
func (g *generator) command() (c Command, waits, blocks bool) {
	d := &g.args
	switch n := d.rng.IntN(100); {
	case n < g.theme.garbage:
		return Command{Raw: pick(d, garbage...)}, false, false
	case n < g.theme.garbage+g.theme.anything && len(g.catalogue.Names()) > 0:
		name := pick(d, g.catalogue.Names()...)
		for IsExcluded(name) {
			name = pick(d, g.catalogue.Names()...)
		}
		c, waits, blocks = d.draw(name, g.catalogue)
	default:
		name := pick(d, g.theme.commands...)
		if prefix, all := strings.CutSuffix(name, " *"); all {
			name = g.subcommand(prefix)
		}
		c, waits, blocks = d.draw(name, g.catalogue)
	}
	return g.disfigure(c), waits, blocks
}

// subcommand returns a subcommand of a command.
func (g *generator) subcommand(parent string) string {
	var all []string
	for _, name := range g.catalogue.Names() {
		if strings.HasPrefix(name, parent+" ") && !IsExcluded(name) {
			all = append(all, name)
		}
	}
	if all == nil {
		return parent + " ID"
	}
	return pick(&g.args, all...)
}

// disfigure changes a few commands: other cases, an argument more or less, one that is long.
func (g *generator) disfigure(c Command) Command {
	d := &g.args
	switch d.rng.IntN(60) {
	case 0, 1, 2:
		c.Args[0] = strings.ToLower(c.Args[0])
	case 3:
		c.Args = append(c.Args, "more")
	case 4:
		if len(c.Args) > 1 && !c.is("SPOP") { // which would choose one at random
			c.Args = c.Args[:len(c.Args)-1]
		}
	case 5:
		c.Args = append(c.Args, strings.Repeat("y", 100_000))
	}
	return c
}
