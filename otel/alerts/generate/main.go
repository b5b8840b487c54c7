// Command generate writes the recording and alerting rules of entraredis for Prometheus, for the
// Prometheus operator, or for Azure Monitor managed service for Prometheus, to standard output:
//
//	go run github.com/entraredis/entraredis/otel/alerts/generate@latest -format azure -plain-names >rules.bicep
//
// It exists for metrics whose names lack Prometheus's suffixes, and for labels of pods that the rules
// do not know. The files in the repository are those that it writes without such flags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/entraredis/entraredis/otel/alerts/internal/rules"
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
	var options rules.Options
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	format := flags.String("format", "prometheus", "`format` to write: prometheus (rule file), operator (PrometheusRule) or azure (Bicep)")
	output := flags.String("o", "", "`file` to write to instead of standard output")
	flags.BoolVar(&options.PlainNames, "plain-names", false,
		"the metrics' names lack suffixes such as _seconds and _total, as with add_metric_suffixes: false")
	flags.Func("pod-labels", "`labels`, separated by commas, that differ between the pods of a service", func(list string) error {
		options.PodLabels = strings.Split(list, ",")
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	write, ok := map[string]func([]rules.Group) []byte{
		"prometheus": rules.Prometheus, "operator": rules.Operator, "azure": rules.Azure,
	}[*format]
	if !ok {
		return fmt.Errorf("-format %s: want prometheus, operator or azure", *format)
	}
	text := write(rules.Groups(options))
	if *output != "" {
		return os.WriteFile(*output, text, 0o644)
	}
	_, err := stdout.Write(text)
	return err
}
