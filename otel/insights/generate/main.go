// Command generate writes what otel/insights commits: the workbook, the alert rules, and the queries of the page.
// go generate runs it in that folder.
package main

import (
	"fmt"
	"os"

	"github.com/entraredis/entraredis/otel/insights/internal/azure"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	workbook, err := azure.Workbook()
	if err != nil {
		return err
	}
	if err := os.WriteFile("../workbook.json", workbook, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("../scheduledqueryrules.bicep", azure.Bicep(), 0o644); err != nil {
		return err
	}
	const name = "../../docs/application-insights.md"
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	page, err := azure.Page(string(old))
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(page), 0o644)
}
