package documents

import "strings"

// A Block is the Go code between two fences of a Markdown document.
type Block struct {
	Doc  string // the document, as the compiler shall name it
	Line int    // of the block's first line in Doc, from 1
	Code string
}

// Extract returns the blocks of a document that are fenced as go.
func Extract(doc, markdown string) []Block {
	const fence = "```"
	var (
		blocks []Block
		open   *Block
		inside bool // some other language's block
	)
	for i, line := range strings.Split(markdown, "\n") {
		mark := strings.TrimSpace(line)
		switch {
		case open != nil && mark == fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Code += line + "\n"
		case inside:
			inside = mark != fence
		case mark == fence+"go":
			open = &Block{Doc: doc, Line: i + 2}
		case strings.HasPrefix(mark, fence):
			inside = true
		}
	}
	return blocks
}
