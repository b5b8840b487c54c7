package documents

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// A Link is a place of a Markdown document that points to another one.
type Link struct {
	Target string // as it is written: a path, a path with an anchor, an anchor alone, or a URL
	Line   int    // in the document, from 1
}

var (
	inlineLink = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	definition = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)`)
	attribute  = regexp.MustCompile(`\b(?:href|src|srcset)="([^"]+)"`)
)

// Links returns the links of a document: those of Markdown, with their definitions, and those of HTML. Code has none.
func Links(markdown string) []Link {
	var links []Link
	for i, line := range prose(markdown) {
		for _, form := range []*regexp.Regexp{inlineLink, definition, attribute} {
			for _, match := range form.FindAllStringSubmatch(line, -1) {
				links = append(links, Link{Target: match[1], Line: i + 1})
			}
		}
	}
	return links
}

var (
	heading    = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$`)
	identifier = regexp.MustCompile(`<[a-z]+[^>]*\b(?:id|name)="([^"]+)"`)
	linkText   = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// Anchors returns what may stand after the # of a link to the document: the names that GitHub gives to its headings,
// and the ids of HTML elements.
func Anchors(markdown string) map[string]bool {
	anchors := map[string]bool{}
	seen := map[string]int{}
	lines := strings.Split(markdown, "\n")
	for i, line := range prose(markdown) {
		for _, match := range identifier.FindAllStringSubmatch(line, -1) {
			anchors[match[1]] = true
		}
		if !heading.MatchString(line) {
			continue
		}
		// The heading as it is written: its code is part of the name.
		name := anchor(heading.FindStringSubmatch(lines[i])[1])
		count := seen[name]
		seen[name]++
		if count > 0 {
			name += "-" + strconv.Itoa(count)
		}
		anchors[name] = true
	}
	return anchors
}

// anchor returns the name that GitHub gives to a heading: in lower case, without punctuation, with hyphens for spaces.
func anchor(title string) string {
	title = linkText.ReplaceAllString(title, "$1")
	var name strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ' || r == '-':
			name.WriteByte('-')
		case r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			name.WriteRune(r)
		}
	}
	return name.String()
}

var codeSpan = regexp.MustCompile("``[^`].*?``|`[^`]*`")

// prose returns the lines of a document without their code: the lines of fenced and indented blocks are empty, and a
// code span is gone.
func prose(markdown string) []string {
	lines := strings.Split(markdown, "\n")
	fence := ""
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case fence != "":
			lines[i] = ""
			if text == fence {
				fence = ""
			}
		case fenceOf(text) != "":
			fence, lines[i] = fenceOf(text), ""
		case strings.HasPrefix(line, "    ") && (i == 0 || strings.TrimSpace(lines[i-1]) == ""):
			lines[i] = ""
		default:
			lines[i] = codeSpan.ReplaceAllString(line, "")
		}
	}
	return lines
}

// fenceOf returns the line that ends the block which text begins, empty if text begins none.
func fenceOf(text string) string {
	for _, mark := range []string{"`", "~"} {
		if rest := strings.TrimLeft(text, mark); len(text)-len(rest) >= 3 && !strings.Contains(rest, mark) {
			return text[:len(text)-len(rest)]
		}
	}
	return ""
}
