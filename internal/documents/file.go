package documents

import (
	"fmt"
	"regexp"
	"strings"
)

// File returns the block as a Go file.
func (b Block) File() string {
	lines := strings.Split(strings.TrimRight(b.Code, "\n"), "\n")
	if strings.HasPrefix(firstCode(lines), "package ") {
		return b.at(0) + strings.Join(lines, "\n") + "\n"
	}
	imports, rest := splitImports(lines)
	var file strings.Builder
	file.WriteString("package snippet\n\n")
	if !strings.Contains(strings.Join(imports, "\n"), `"context"`) {
		file.WriteString("import \"context\"\n\n")
	}
	if len(imports) > 0 {
		file.WriteString(b.at(0) + strings.Join(imports, "\n") + "\n")
	}
	body := b.at(len(imports)) + strings.Join(rest, "\n") + "\n"
	if isDeclaration(firstCode(rest)) {
		file.WriteString(body + "\nvar _ context.Context\n")
	} else {
		// The braces allow a last return statement of the snippet and one after it.
		file.WriteString("func snippet(ctx context.Context) error {\n{\n" + body + "}\nreturn nil\n}\n\nvar _ = snippet\n")
	}
	return file.String()
}

// at returns a line directive for the n-th line of the block.
func (b Block) at(n int) string {
	return fmt.Sprintf("//line %s:%d\n", b.Doc, b.Line+n)
}

// splitImports cuts off the import declarations at the head of the lines.
func splitImports(lines []string) (imports, rest []string) {
	end, inside := 0, false
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case inside:
			inside = text != ")"
		case strings.HasPrefix(text, "import ("):
			inside = true
		case strings.HasPrefix(text, "import "):
		case text == "" || strings.HasPrefix(text, "//"):
			continue // belongs to whatever follows
		default:
			return lines[:end], lines[end:]
		}
		end = i + 1
	}
	return lines[:end], lines[end:]
}

func firstCode(lines []string) string {
	for _, line := range lines {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "//") {
			return text
		}
	}
	return ""
}

// isDeclaration reports whether the line can only stand outside a function.
func isDeclaration(line string) bool {
	return regexp.MustCompile(`^(func\s+(\([^)]*\)\s*)?\w+\s*[\[(]|type\s)`).MatchString(line)
}
