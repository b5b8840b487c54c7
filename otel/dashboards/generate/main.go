// Command generate writes the dashboard to standard output: as Grafana imports it, or as a resource of the Grafana operator.
//
//	go run github.com/entraredis/entraredis/otel/dashboards/generate@latest -plain-names >entraredis.json
//
// It exists for metrics whose names lack Prometheus's suffixes. The files in the repository are those that it writes
// without that flag.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/entraredis/entraredis/otel/dashboards/internal/board"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	format := flags.String("format", "grafana", "`format` to write: grafana (JSON) or operator (GrafanaDashboard)")
	output := flags.String("o", "", "`file` to write to instead of standard output")
	plain := flags.Bool("plain-names", false,
		"the metrics' names lack suffixes such as _seconds and _total, as with add_metric_suffixes: false")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dashboard, err := board.JSON()
	if err != nil {
		return err
	}
	if *plain {
		dashboard = board.PlainNames(dashboard)
	}
	text, ok := map[string]func() []byte{
		"grafana":  func() []byte { return dashboard },
		"operator": func() []byte { return board.Manifest(dashboard) },
	}[*format]
	if !ok {
		return fmt.Errorf("-format %s: want grafana or operator", *format)
	}
	if *output != "" {
		return os.WriteFile(*output, text(), 0o644)
	}
	_, err = stdout.Write(text())
	return err
}
