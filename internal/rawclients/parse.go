package rawclients

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseScript reads what Script.String returns. The options may be left out: tokens then live for 20
// ms, and the user may do everything.
func ParseScript(text string) (*Script, error) {
	s := &Script{Life: 20 * time.Millisecond, Rights: AllRights}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words, err := splitWords(strings.TrimSpace(line))
		if err == nil && len(words) > 0 {
			if i == 0 && strings.Contains(words[0].text, "=") {
				err = parseOptions(s, words)
			} else {
				err = parseStep(s, words)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("rawclients: line %d of a script, %q: %w", i+1, line, err)
		}
	}
	return s, nil
}

// A textWord is a word in the text of a script.
type textWord struct {
	text   string
	quoted bool
	raw    bool
}

// splitWords splits a line. Quoted words may hold anything, and "x"*100 is a hundred x.
func splitWords(line string) (words []textWord, err error) {
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		w := textWord{}
		key, rest, hasKey := strings.Cut(line, `"`)
		if at := strings.IndexByte(line, ' '); hasKey && (at < 0 || at > len(key)) && (key == "" || key == "raw:" || strings.HasSuffix(key, "=")) {
			quoted, err := strconv.QuotedPrefix(`"` + rest)
			if err != nil {
				return nil, err
			}
			if w.text, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
			w.quoted, w.raw = true, key == "raw:"
			if strings.HasSuffix(key, "=") {
				w.text = key + w.text
			}
			line = line[len(key)+len(quoted):]
			if times, found := strings.CutPrefix(line, "*"); found {
				digits, rest, _ := strings.Cut(times, " ")
				n, err := strconv.Atoi(digits)
				if err != nil {
					return nil, err
				}
				w.text, line = strings.Repeat(w.text, n), rest
			}
		} else {
			w.text, line, _ = strings.Cut(line, " ")
		}
		words = append(words, w)
	}
	return words, nil
}

// parseOptions takes the first line.
func parseOptions(s *Script, words []textWord) (err error) {
	for _, w := range words {
		key, value, _ := strings.Cut(w.text, "=")
		switch key {
		case "life":
			if s.Life, err = time.ParseDuration(value); err != nil {
				return err
			}
		case "rights":
			s.Rights = value
		case "separate":
			s.SeparateLogin = true
		case "polls":
			s.Polls = true
		default:
			return fmt.Errorf("unknown option %q", key)
		}
	}
	return nil
}

// parseStep takes a line that is a step.
func parseStep(s *Script, words []textWord) error {
	step := Step{Client: strings.Index(clientLetters, words[0].text)}
	if step.Client < 0 || len(words[0].text) != 1 {
		return fmt.Errorf("unknown client %q", words[0].text)
	}
	var c Command
	cuts := false
	for _, w := range words[1:] {
		switch {
		case cuts:
			digits, renews := strings.CutSuffix(w.text, "~")
			at, err := strconv.Atoi(digits)
			if err != nil {
				return err
			}
			step.Cuts = append(step.Cuts, Cut{At: at, Renews: renews})
		case w.raw:
			c.Raw = w.text
		case w.quoted:
			c.Args = append(c.Args, w.text)
		case w.text == "|":
			cuts = true
		case w.text == "wait":
			step.Waits = true
		case w.text == "renew":
			step.Renews = true
		case w.text == ";":
			step.Commands = append(step.Commands, c)
			c = Command{}
		default:
			c.Args = append(c.Args, w.text)
		}
	}
	if c.Raw != "" || len(c.Args) > 0 {
		step.Commands = append(step.Commands, c)
	}
	s.Steps = append(s.Steps, step)
	return nil
}
