// Command write writes docs/troubleshooting.md. Run it in the root of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/entraredis/entraredis/internal/troubleshooting"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func write() error {
	golden, err := os.ReadFile("internal/misconfigurations/testdata/first_command.golden")
	if err != nil {
		return err
	}
	page, err := troubleshooting.Page(string(golden))
	if err != nil {
		return err
	}
	return os.WriteFile("docs/troubleshooting.md", []byte(page), 0o644)
}
