package rawclients

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Script is what some raw clients write, one step after the other. The next step begins when all
// that follows from the one before has happened.
type Script struct {
	// Life is how long a token lives. A newer one comes every few milliseconds, whatever it is.
	Life time.Duration
	// Rights are those of the clients' user, as ACL SETUSER takes them.
	Rights string
	// SeparateLogin is the option of the Dialer.
	SeparateLogin bool
	// Polls makes the clients read with deadlines of a millisecond and pauses between them. Otherwise
	// each is in a read all the time.
	Polls bool
	Steps []Step
}

// A Step is what one client writes at once.
type Step struct {
	Client   int // 0 is called a, and so on
	Commands []Command
	Cuts     []Cut // where a write ends before all is written, in order
	// Waits: the last command has a short timeout, and the step is over when that has ended.
	Waits bool
	// Renews: the next step begins when two newer tokens have come.
	Renews bool
}

// A Command is one that a client writes: its arguments, or bytes that are no command.
type Command struct {
	Args []string
	Raw  string // instead of Args, if it is not empty
}

// A Cut is where a write ends.
type Cut struct {
	At int // so many bytes of the step are written
	// Renews: the client writes the rest when two newer tokens have come.
	Renews bool
}

// MostClients is how many clients a script can have.
const MostClients = 3

// clientLetters are how clients are called in the text of a script. An argument such as {b} is the
// server's number of client b.
const clientLetters = "abc"

// name returns the name of the command in upper case, with its subcommand if there is a second word.
func (c Command) name() (name, sub string) {
	if len(c.Args) > 0 {
		name = strings.ToUpper(c.Args[0])
	}
	if len(c.Args) > 1 {
		sub = strings.ToUpper(c.Args[1])
	}
	return name, sub
}

// is reports whether the command is one of these: a name, or a name and a subcommand.
func (c Command) is(names ...string) bool {
	name, sub := c.name()
	return slices.Contains(names, name) || slices.Contains(names, name+" "+sub)
}

// has reports whether one of the arguments is the word.
func (c Command) has(word string) bool {
	return slices.ContainsFunc(c.Args, func(arg string) bool { return strings.EqualFold(arg, word) })
}

// with returns the command with another argument in one place.
func (c Command) with(place int, arg string) Command {
	c.Args = slices.Clone(c.Args)
	c.Args[place] = arg
	return c
}

// wire returns the bytes of the command. numbers are the server's numbers of the clients.
func (c Command) wire(numbers []int64) []byte {
	if c.Raw != "" {
		return []byte(c.Raw)
	}
	b := fmt.Appendf(nil, "*%d\r\n", len(c.Args))
	for _, arg := range c.Args {
		for i, number := range numbers {
			if arg == clientNumber(i) {
				arg = strconv.FormatInt(number, 10)
			}
		}
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b
}

// clientNumber returns the argument that stands for the server's number of a client.
func clientNumber(client int) string { return "{" + clientLetters[client:client+1] + "}" }

// writes returns the pieces that the step is written in, and after each whether newer tokens are
// waited for.
func (s Step) writes(numbers []int64) (pieces [][]byte, renews []bool) {
	var all []byte
	for _, c := range s.Commands {
		all = append(all, c.wire(numbers)...)
	}
	from := 0
	for _, cut := range s.Cuts {
		if cut.At > from && cut.At < len(all) {
			pieces, renews = append(pieces, all[from:cut.At]), append(renews, cut.Renews)
			from = cut.At
		}
	}
	return append(pieces, all[from:]), append(renews, false)
}

// written returns what a client has written in the steps up to and including last.
func (s *Script) written(client, last int) (all []Command) {
	for i, step := range s.Steps {
		if step.Client == client && i <= last {
			all = append(all, step.Commands...)
		}
	}
	return all
}

// formAt returns how what a client reads in a step is compared.
func (s *Script) formAt(step, client int) Form {
	if at := s.Steps[step]; at.Client == client && len(at.Commands) == 1 {
		return formOf(at.Commands[0])
	}
	return Bytes
}

// clone returns a script that shares nothing with s but commands.
func (s *Script) clone() *Script {
	c := *s
	c.Steps = slices.Clone(s.Steps)
	for i := range c.Steps {
		c.Steps[i].Commands = slices.Clone(c.Steps[i].Commands)
		c.Steps[i].Cuts = slices.Clone(c.Steps[i].Cuts)
	}
	return &c
}

// String returns the script as ParseScript reads it: options in the first line, and a step in each
// further one.
//
//	life=60ms rights="+@all" polls
//	a HELLO 3 ; CLIENT TRACKING ON | 12 40~
//	b BLPOP l 0.01 wait
//
// Commands are separated by semicolons. Bytes that are no command stand behind a "raw:". Behind the
// bar are the cuts, with ~ where newer tokens are waited for. "wait" stands before it in
// a step that waits, and "renew" where the next step begins after newer tokens have come.
func (s *Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "life=%v rights=%q", s.Life, s.Rights)
	if s.SeparateLogin {
		b.WriteString(" separate")
	}
	if s.Polls {
		b.WriteString(" polls")
	}
	b.WriteByte('\n')
	for _, step := range s.Steps {
		b.WriteString(clientLetters[step.Client : step.Client+1])
		for i, c := range step.Commands {
			if i > 0 {
				b.WriteString(" ;")
			}
			if c.Raw != "" {
				b.WriteString(" raw:" + quote(c.Raw))
			}
			for _, arg := range c.Args {
				b.WriteString(" " + word(arg))
			}
		}
		if step.Waits {
			b.WriteString(" wait")
		}
		if step.Renews {
			b.WriteString(" renew")
		}
		for i, cut := range step.Cuts {
			if i == 0 {
				b.WriteString(" |")
			}
			fmt.Fprintf(&b, " %d", cut.At)
			if cut.Renews {
				b.WriteByte('~')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// word returns an argument as it stands in the text of a script.
func word(arg string) string {
	special := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"\;|`, r) }
	if arg == "" || arg == "wait" || arg == "renew" || len(arg) > longWord || strings.HasPrefix(arg, "raw:") || strings.ContainsFunc(arg, special) {
		return quote(arg)
	}
	return arg
}

// longWord is how long a word may be before it is looked at whether it can be written shorter.
const longWord = 100

// quote quotes a string, and writes a long one of equal bytes as one of them, times their number.
func quote(s string) string {
	if len(s) > longWord && strings.Count(s, s[:1]) == len(s) {
		return fmt.Sprintf("%q*%d", s[:1], len(s))
	}
	return strconv.Quote(s)
}
