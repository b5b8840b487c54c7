// Command generate writes what otel/dashboards commits: the dashboard and the picture of its layout. go generate runs
// it in that folder.
package main

import (
	"fmt"
	"os"

	"github.com/entraredis/entraredis/otel/dashboards/internal/board"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	dashboard, err := board.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile("entraredis.json", dashboard, 0o644); err != nil {
		return err
	}
	return os.WriteFile("../../docs/images/dashboard.svg", board.Dashboard().Drawing(), 0o644)
}
