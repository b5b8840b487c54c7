package diagnosis

import (
	"regexp"
	"strings"
)

// A Cause is what can be wrong, in plain words. Names in braces stand for what the examination
// finds out.
type Cause struct {
	ID       string    // for programs; it stays what it is
	Step     string    // that finds it
	Says     string    // what is wrong
	Remedy   string    // what to do
	Commands []Command // that do it, or show more
	Codes    []string  // of Microsoft Entra that mean it
}

// A Command is a line for a shell.
type Command struct {
	Service Service // for caches of this service; empty for all
	Line    string
}

// A Finding is a Cause with the names of what was examined in it.
type Finding struct {
	ID       string   `json:"id"`
	Says     string   `json:"says"`
	Remedy   string   `json:"remedy"`
	Commands []string `json:"commands"`
}

// causeOf returns the cause of that id. An id that is not in the table is a mistake in this
// package.
func causeOf(id string) Cause {
	for _, c := range Causes() {
		if c.ID == id {
			return c
		}
	}
	panic("diagnosis: no cause " + id)
}

// causeOfCode returns the id of what a code of Microsoft Entra means, "" if the table does not say.
func causeOfCode(code string) string {
	for _, c := range Causes() {
		for _, known := range c.Codes {
			if known == code {
				return c.ID
			}
		}
	}
	return ""
}

// General returns the Cause for a reader who has examined nothing: names that are still to be found
// out stand in capitals.
func (c Cause) General() Finding { return c.find(facts{}, "") }

// find puts facts into the cause, and keeps the commands for a service: all of them if it is not
// known.
func (c Cause) find(known facts, of Service) Finding {
	f := Finding{ID: c.ID, Says: known.fill(c.Says), Remedy: known.fill(c.Remedy), Commands: []string{}}
	for _, command := range c.Commands {
		if command.Service == "" || of == "" || command.Service == of {
			f.Commands = append(f.Commands, known.command(command))
		}
	}
	return f
}

// facts are what was found out, by the names that a Cause has for it.
type facts map[string]string

var (
	placeholder = regexp.MustCompile(`\{[a-z_]+\}`)
	// harmless is what a shell takes as it is. Names come from tokens and from servers.
	harmless = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]*$`)
)

// fill puts facts in the place of their names. A name without a fact becomes one in capitals.
func (f facts) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if fact := f[strings.Trim(name, "{}")]; fact != "" {
			return fact
		}
		return strings.ToUpper(strings.Trim(name, "{}"))
	})
}

// command is fill for a line that a shell will read, about a cache of a service.
func (f facts) command(c Command) string {
	safe := facts{"group": f.group(c.Service)}
	for name, fact := range f {
		if harmless.MatchString(fact) {
			safe[name] = fact
		}
	}
	return safe.fill(c.Line)
}

// group returns what a shell replaces by the resource group of the cache, "" if the cache has no
// name yet.
func (f facts) group(of Service) string {
	list := "az redis list"
	if of == AzureManaged {
		list = "az redisenterprise list"
	}
	if !harmless.MatchString(f["cache"]) {
		return ""
	}
	return `$(` + list + ` --query "[?name=='` + f["cache"] + `'].resourceGroup" --output tsv)`
}
