package documents_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/documents"
)

// Each az command of the documents is one of Azure CLI, and has options that the command knows. Those that a reader runs
// have all that it needs.
func TestAzCommandsAreThoseOfAzureCLI(t *testing.T) {
	checked := 0
	for _, doc := range all(t) {
		name, text := strings.TrimPrefix(doc, root+"/"), read(t, doc)
		for _, block := range commands(name, text) {
			for _, command := range documents.FindAz(block.Code) {
				checked++
				if err := command.Check(); err != nil {
					t.Errorf("%s:%d: %v", name, block.Line+command.Line-1, err)
				}
			}
		}
		for _, span := range spans(name, text) {
			for _, command := range documents.FindAz(span.Code) {
				checked++
				if err := command.CheckMention(); err != nil {
					t.Errorf("%s:%d: %v", name, span.Line, err)
				}
			}
		}
	}
	if checked < 15 {
		t.Errorf("checked only %d commands", checked)
	}
}

// The remedies in the code have the same options. A literal may hold a part of a command, so it may lack some.
func TestAzCommandsInTheCodeAreThoseOfAzureCLI(t *testing.T) {
	for _, file := range files(t, ".go") {
		text := read(t, file)
		isOurs := strings.HasPrefix(file, root+"/internal/documents/") // whose texts say what is wrong with a command
		if isOurs || strings.HasSuffix(file, "_test.go") || !strings.Contains(text, "az ") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			expression, isExpression := node.(ast.Expr)
			if !isExpression {
				return true
			}
			literal, isText := joined(expression)
			for _, command := range documents.FindAz(literal) {
				if err := command.CheckMention(); err != nil {
					t.Errorf("%v: %v", set.Position(node.Pos()), err)
				}
			}
			return !isText
		})
	}
}

// joined returns the text of a string literal, or of several that are joined by +.
func joined(expression ast.Expr) (text string, isText bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := joined(e.X)
		right, isRight := joined(e.Y)
		return left + right, isLeft && isRight && e.Op == token.ADD
	}
	return "", false
}

// commands returns the blocks of a document that a reader may run in a shell.
func commands(name, markdown string) []documents.Block {
	return slices.DeleteFunc(documents.Extract(name, markdown), func(b documents.Block) bool { return b.Language == "go" })
}

// spans returns the code in the sentences and tables of a document.
func spans(name, markdown string) []documents.Block {
	inBlock := map[int]bool{}
	for _, block := range documents.Extract(name, markdown) {
		for i := range strings.Count(block.Code, "\n") {
			inBlock[block.Line+i] = true
		}
	}
	var found []documents.Block
	for i, line := range strings.Split(markdown, "\n") {
		if inBlock[i+1] {
			continue
		}
		for _, span := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			found = append(found, documents.Block{Doc: name, Line: i + 1, Code: strings.ReplaceAll(span[1], `\|`, "|")})
		}
	}
	return found
}

func TestAzCommandsAreFound(t *testing.T) {
	tests := map[string]string{
		"az login": "login []",
		"id=$(az ad sp show --id \"$c\" --query id -o tsv)":                     "ad sp show [--id --query -o]",
		"az redis show \\\n  -g \"$g\" --name 'a --b' | jq .x":                  "redis show [-g --name]",
		"curl \"$(az account get-access-token --resource=x \\\n -o tsv)\" --no": "account get-access-token [--resource -o]",
		"az redis update --set a=b c=d -g g # --not this":                       "redis update [--set -g]",
		"# or x=$(az aks show --ids <a b> -g g)":                                "aks show [--ids -g]",
		"az aks show -g $(az group list -o tsv) -n n":                           "aks show [-g -n] group list [-o]",
		"# az no --comment\nlazy az no # az no":                                 "",
	}
	for shell, want := range tests {
		var got []string
		for _, c := range documents.FindAz(shell) {
			got = append(got, fmt.Sprint(strings.Join(c.Words, " "), " ", c.Options))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", shell, got, want)
		}
	}
	if line := documents.FindAz("a \\\nb\naz login")[0].Line; line != 3 {
		t.Errorf("line %d, want 3", line)
	}
}

func TestWrongAzCommandsAreRefused(t *testing.T) {
	tests := map[string]string{
		"az redis show -g g -n n --query id":            "",
		"az redis show --help":                          "",
		"az redis access-policy-assignment list -h":     "",
		"az redis shows -g g":                           "not in internal/documents/az.txt",
		"az ad sp show --object-id x":                   "does not know --object-id",
		"az ad sp show":                                 "needs --id",
		"az redisenterprise database show --cluster x":  "does not know --cluster",
		"az redis access-policy-assignment list -n n":   "needs --resource-group|-g",
		"az identity show --name n --resource-groups g": "does not know --resource-groups",
	}
	for shell, want := range tests {
		err := documents.FindAz(shell)[0].Check()
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", shell, err, want)
		}
	}
}

func TestAzCommandsInSentencesMayBeIncomplete(t *testing.T) {
	tests := map[string]string{
		"az redis show --query id":                 "",
		"az ad sp show":                            "",
		"az redis access-policy-assignment ":       "",
		"az redis access-policy ":                  "",
		"az redis acc ":                            "not in internal/documents/az.txt",
		"az redis access-policy-assignment --name": "not in internal/documents/az.txt",
		"az ad sp show --object-id":                "does not know --object-id",
	}
	for shell, want := range tests {
		err := documents.FindAz(shell)[0].CheckMention()
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", shell, err, want)
		}
	}
}
