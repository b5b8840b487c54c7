package documents

import "strings"

// A Block is what stands between two fences of a Markdown document.
type Block struct {
	Doc      string // the document, as the compiler shall name it
	Line     int    // of the block's first line in Doc, from 1
	Language string // the word after the opening fence, empty if there is none
	Code     string
}

// Extract returns the fenced blocks of a document.
func Extract(doc, markdown string) []Block {
	var (
		blocks []Block
		open   Block
		fence  string // what closes open, empty between blocks
	)
	for i, line := range strings.Split(markdown, "\n") {
		mark := strings.TrimSpace(line)
		switch {
		case fence == "":
			if fence = fenceOf(mark); fence != "" {
				language, _, _ := strings.Cut(strings.TrimSpace(mark[len(fence):]), " ")
				open = Block{Doc: doc, Line: i + 2, Language: language}
			}
		case mark == fence:
			blocks = append(blocks, open)
			fence = ""
		default:
			open.Code += line + "\n"
		}
	}
	return blocks
}

// IsProgram reports whether the block is a whole file of a program.
func (b Block) IsProgram() bool {
	return b.Language == "go" && firstCode(strings.Split(b.Code, "\n")) == "package main"
}
