package rawclients

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// A Catalogue holds the commands of a server.
type Catalogue struct {
	commands map[string]Info
	names    []string // sorted, so that a seed draws the same from equal servers
}

// An Info is what a server says of a command.
type Info struct {
	Name  string // in upper case; that of a subcommand is "CLIENT ID"
	Arity int    // including the name; negative if that is the least
	Flags []string
	// Arguments are those of COMMAND DOCS, which Redis has since 7.0, without the name and the
	// subcommand.
	Arguments []Argument
	// HasSubcommands: it is of no use alone.
	HasSubcommands bool
}

// An Argument is one of COMMAND DOCS.
type Argument struct {
	Name, Type, Token string
	Flags             []string // optional, multiple, multiple_token
	Arguments         []Argument
}

// Has reports whether the server says that of the command.
func (i Info) Has(flag string) bool { return slices.Contains(i.Flags, flag) }

func (a Argument) has(flag string) bool { return slices.Contains(a.Flags, flag) }

// Ask asks a server for its commands.
func Ask(c redis.Conn) (*Catalogue, error) {
	all, err := redis.Values(c.Do("COMMAND"))
	if err != nil {
		return nil, fmt.Errorf("rawclients: COMMAND: %w", err)
	}
	catalogue := &Catalogue{commands: map[string]Info{}}
	for _, one := range all {
		catalogue.addInfo(one)
	}
	if docs, err := redis.Values(c.Do("COMMAND", "DOCS")); err == nil { // 6.0 has none
		catalogue.addDocs(docs)
	}
	catalogue.sort()
	return catalogue, nil
}

// Undocumented returns the catalogue of a server that says nothing of its commands: scripts are then
// made of those that every server has.
func Undocumented() *Catalogue { return &Catalogue{} }

func (c *Catalogue) sort() { c.names = slices.Sorted(maps.Keys(c.commands)) }

// addInfo adds one element of the reply to COMMAND.
func (c *Catalogue) addInfo(reply any) {
	fields, err := redis.Values(reply, nil)
	if err != nil || len(fields) < 3 {
		return
	}
	info := Info{Name: strings.ToUpper(text(fields[0]))}
	if at := strings.IndexByte(info.Name, '|'); at >= 0 { // CLIENT|ID
		info.Name = info.Name[:at] + " " + info.Name[at+1:]
	}
	if arity, ok := fields[1].(int64); ok {
		info.Arity = int(arity)
	}
	flags, _ := fields[2].([]any)
	for _, flag := range flags {
		info.Flags = append(info.Flags, strings.ToLower(text(flag)))
	}
	if len(fields) > 9 {
		subcommands, _ := fields[9].([]any)
		for _, sub := range subcommands {
			c.addInfo(sub)
		}
		info.HasSubcommands = len(subcommands) > 0
	}
	c.commands[info.Name] = info
}

// addDocs adds the reply to COMMAND DOCS, or to a part of it: names and maps in turn.
func (c *Catalogue) addDocs(docs []any) {
	for i := 0; i+1 < len(docs); i += 2 {
		name := strings.ToUpper(strings.ReplaceAll(text(docs[i]), "|", " "))
		fields := mapOf(docs[i+1])
		if info, ok := c.commands[name]; ok {
			info.Arguments = arguments(fields["arguments"])
			c.commands[name] = info
		}
		subcommands, _ := fields["subcommands"].([]any)
		c.addDocs(subcommands)
	}
}

func arguments(reply any) (all []Argument) {
	list, _ := reply.([]any)
	for _, one := range list {
		fields := mapOf(one)
		a := Argument{Name: text(fields["name"]), Type: text(fields["type"]), Token: text(fields["token"]), Arguments: arguments(fields["arguments"])}
		flags, _ := fields["flags"].([]any)
		for _, flag := range flags {
			a.Flags = append(a.Flags, strings.ToLower(text(flag)))
		}
		all = append(all, a)
	}
	return all
}

// mapOf returns what RESP2 sends for a map.
func mapOf(reply any) map[string]any {
	list, _ := reply.([]any)
	fields := map[string]any{}
	for i := 0; i+1 < len(list); i += 2 {
		fields[text(list[i])] = list[i+1]
	}
	return fields
}

func text(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	}
	return ""
}

// Names returns the names of all commands and subcommands, sorted.
func (c *Catalogue) Names() []string { return c.names }

// Info returns what the server says of a command, ok false if it does not know it.
func (c *Catalogue) Info(name string) (info Info, ok bool) {
	info, ok = c.commands[name]
	return info, ok
}
