package documents

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The commands of Azure CLI that the documents use, with the options that each knows.
//
//go:embed az.txt
var azTable string

// An AzCommand is a command of Azure CLI as a reader would run it.
type AzCommand struct {
	Words   []string // "redis", "show"
	Options []string // "--name", "-g", without their values
	Line    int      // in the text, from 1
}

// FindAz returns the az commands in lines of a shell, also those inside $( ). A backslash at the end of a line
// continues the command.
func FindAz(shell string) []AzCommand {
	text := strings.ReplaceAll(shell, "\\\n", "  ") // as long as what it replaces
	var found []AzCommand
	for _, at := range azStart.FindAllStringSubmatchIndex(text, -1) {
		start := at[2]
		command := AzCommand{Line: 1 + strings.Count(shell[:start], "\n")}
		for _, word := range shellWords(text[start+len("az"):]) {
			name, _, _ := strings.Cut(word, "=")
			switch {
			case strings.HasPrefix(word, "-"):
				command.Options = append(command.Options, name)
			case len(command.Options) == 0:
				command.Words = append(command.Words, word)
			}
		}
		found = append(found, command)
	}
	return found
}

// azStart is az where a command may begin.
var azStart = regexp.MustCompile("(?m)(?:^|[;|&(`])[ \t]*(az)[ \t]")

// placeholder is what a reader replaces: <group>. Elsewhere < and > end a command.
var placeholder = regexp.MustCompile(`^<[a-z][a-z -]*>`)

// shellWords returns the words of the command that text begins with, without quotes. A substitution, $( ), is part of its
// word.
func shellWords(text string) []string {
	var words []string
	word, inWord := "", false
	quote := byte(0)
	depth := 0 // of substitutions
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			word += string(c)
		case strings.HasPrefix(text[i:], "$("):
			depth++
			word, inWord = word+"$(", true
			i++
		case depth > 0:
			if c == ')' {
				depth--
			}
			word += string(c)
		case quote != 0:
			word += string(c)
		case c == '<' && placeholder.MatchString(text[i:]):
			mark := placeholder.FindString(text[i:])
			word, inWord = word+mark, true
			i += len(mark) - 1
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case strings.IndexByte(" \t", c) >= 0:
			if inWord {
				words = append(words, word)
			}
			word, inWord = "", false
		case strings.IndexByte("\n;|&<>)`", c) >= 0 || c == '#' && !inWord:
			if inWord {
				words = append(words, word)
			}
			return words
		default:
			word, inWord = word+string(c), true
		}
	}
	if inWord {
		words = append(words, word)
	}
	return words
}

// Check returns what is wrong with a command by the table in az.txt, nil if nothing is: it is not listed, it does not
// know an option, or it lacks one that it needs.
func (c AzCommand) Check() error {
	options, isCommand := c.options()
	if !isCommand {
		return c.unlisted()
	}
	given, err := c.checkOptions(options)
	if err != nil || given["--help|-h"] {
		return err
	}
	for _, names := range options {
		if strings.HasSuffix(names, "*") && !given[names] {
			return fmt.Errorf("az %s needs %s", strings.Join(c.Words, " "), strings.TrimSuffix(names, "*"))
		}
	}
	return nil
}

// CheckMention is Check for a command in a sentence: it may lack options, and name a group of commands.
func (c AzCommand) CheckMention() error {
	options, isCommand := c.options()
	if isCommand {
		_, err := c.checkOptions(options)
		return err
	}
	if len(c.Options) == 0 && strings.Contains(azTable, "\n"+strings.Join(c.Words, " ")+" ") {
		return nil
	}
	return c.unlisted()
}

func (c AzCommand) unlisted() error {
	return fmt.Errorf("az %s is not in internal/documents/az.txt: add it with the options of its reference", strings.Join(c.Words, " "))
}

// options returns what the table says of a command: the names of each option, joined by |, with * if it is needed.
func (c AzCommand) options() (names []string, isCommand bool) {
	for line := range strings.Lines(azTable) {
		command, options, isRow := strings.Cut(strings.TrimSpace(line), ":")
		if isRow && command == strings.Join(c.Words, " ") {
			return append(strings.Fields(options), "--debug", "--help|-h", "--only-show-errors", "--output|-o", "--query", "--subscription", "--verbose"), true
		}
	}
	return nil, false
}

// checkOptions returns which of the known options a command has.
func (c AzCommand) checkOptions(known []string) (given map[string]bool, err error) {
	given = map[string]bool{}
	for _, option := range c.Options {
		at := slices.IndexFunc(known, func(names string) bool {
			return slices.Contains(strings.Split(strings.TrimSuffix(names, "*"), "|"), option)
		})
		if at < 0 {
			return nil, fmt.Errorf("az %s does not know %s", strings.Join(c.Words, " "), option)
		}
		given[known[at]] = true
	}
	return given, nil
}
