package importrules_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/importrules"
)

const module = importrules.Module

func TestModuleKeepsItsImportRules(t *testing.T) {
	graph, err := importrules.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := graph[module+"/core/entra"]; !ok {
		t.Fatal("go list does not know core/entra, so nothing was checked")
	}
	for _, line := range importrules.CheckImports(graph) {
		t.Error(line)
	}
}

// Rules that cannot fail protect nothing, so each is broken once.
func TestImportRulesCatch(t *testing.T) {
	tests := []struct {
		name     string
		importer string
		imports  []string // a chain: the importer imports the first, that one the second
		broken   string   // part of the line; empty if the import is fine
	}{
		{"core with azcore", "core/entra", []string{"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"}, ""},
		{"core with the standard library", "core/entra", []string{"context"}, ""},
		{"core with azidentity", "core/entra", []string{"github.com/Azure/azure-sdk-for-go/sdk/azidentity"}, "core/entra may import"},
		{"core with its schedule", "core/entra", []string{module + "/core/entra/internal/schedule"}, ""},
		{"schedule with its backoff", "core/entra/internal/schedule", []string{"github.com/cenkalti/backoff/v4"}, ""},
		{"schedule with the clocks", "core/entra/internal/schedule", []string{module + "/core/entra/internal/clock"}, ""},
		{"schedule with its Source", "core/entra/internal/schedule", []string{module + "/core/entra"}, "internal/schedule may import"},
		{"schedule with Azure", "core/entra/internal/schedule", []string{"github.com/Azure/azure-sdk-for-go/sdk/azcore"}, "internal/schedule may import"},
		{"schedule with random numbers", "core/entra/internal/schedule", []string{"math/rand/v2"}, "are arguments"},
		{"clocks with the schedule", "core/entra/internal/clock", []string{module + "/core/entra/internal/schedule"}, "internal/clock may import"},
		{"claims of tokens with Azure", "core/entra/internal/jwt", []string{"github.com/Azure/azure-sdk-for-go/sdk/azcore"}, "internal/jwt may import"},
		{"core with an adapter", "core/entratest", []string{module + "/adapters/entragoredis"}, "arrows point"},
		{"core with a client", "core/entraconn", []string{"github.com/redis/rueidis"}, "every Redis client"},
		{"core with a client far below", "core/entraconn", []string{module + "/core/entra", "x.org/y", "github.com/redis/go-redis/v9"}, "core/entraconn is built from github.com/redis/go-redis/v9"},
		{"core with OpenTelemetry", "core/entraconn", []string{"go.opentelemetry.io/otel"}, "every observer"},
		{"core with a Redis library of the test kit", "core/entraconn", []string{"github.com/tidwall/redcon"}, "core/entraconn may import"},
		{"new core package", "core/entracache", []string{"context"}, "core/entracache has no allowance"},
		{"new core package with a client", "core/entracache", []string{"github.com/redis/rueidis"}, "core/entracache is built from"},
		{"test kit with its Redis libraries", "core/entratest", []string{"github.com/alicebob/miniredis/v2/server", "github.com/tidwall/redcon"}, ""},
		{"test kit with a client", "core/entratest", []string{"github.com/gomodule/redigo/redis"}, "core/entratest is built from"},
		{"test kit with a client that no rule knows", "core/entratest", []string{"example.org/radix"}, "core/entratest may import"},
		{"test kit with OpenTelemetry", "core/entratest", []string{"go.opentelemetry.io/otel"}, "every observer"},
		{"test kit with a client far below", "core/entratest", []string{"github.com/alicebob/miniredis/v2", "github.com/redis/rueidis"}, "core/entratest is built from"},
		{"connection with its session", "core/entraconn", []string{module + "/core/entraconn/internal/session"}, ""},
		{"connection with the model server", "core/entraconn", []string{module + "/core/entraconn/internal/modelserver"}, "it is for tests"},
		{"session with the scanner", "core/entraconn/internal/session", []string{module + "/internal/resp"}, ""},
		{"session with its lease", "core/entraconn/internal/session", []string{module + "/core/entraconn/internal/session/lease"}, ""},
		{"lease with the scanner", "core/entraconn/internal/session/lease", []string{module + "/internal/resp"}, "session/lease may import"},
		{"session with the time", "core/entraconn/internal/session", []string{"time"}, ""},
		{"session with the core", "core/entraconn/internal/session", []string{module + "/core/entra"}, "internal/session may import"},
		{"session with its connection", "core/entraconn/internal/session", []string{module + "/core/entraconn"}, "internal/session may import"},
		{"session with a network", "core/entraconn/internal/session", []string{"net"}, "returns bytes and intents"},
		{"session with locks", "core/entraconn/internal/session", []string{"sync/atomic"}, "returns bytes and intents"},
		{"session with a context", "core/entraconn/internal/session", []string{"context"}, "returns bytes and intents"},
		{"session with a logger", "core/entraconn/internal/session", []string{"log/slog"}, "returns bytes and intents"},
		{"admission with the core", "core/entraconn/internal/admission", []string{module + "/core/entra"}, ""},
		{"admission with the session", "core/entraconn/internal/admission", []string{module + "/core/entraconn/internal/session"}, "internal/admission may import"},
		{"admission with random numbers", "core/entraconn/internal/admission", []string{"math/rand/v2"}, "decides from what it is told"},
		{"rotation with the core", "core/entraconn/internal/rotation", []string{module + "/core/entra"}, ""},
		{"rotation with the session", "core/entraconn/internal/rotation", []string{module + "/core/entraconn/internal/session"}, ""},
		{"rotation with admission", "core/entraconn/internal/rotation", []string{module + "/core/entraconn/internal/admission"}, "internal/rotation may import"},
		{"rotation with its connections", "core/entraconn/internal/rotation", []string{module + "/core/entraconn"}, "internal/rotation may import"},
		{"rotation with a network", "core/entraconn/internal/rotation", []string{"net"}, "leaves the wire"},
		{"deadlines with the standard library", "core/entraconn/internal/deadline", []string{"time"}, ""},
		{"deadlines with the core", "core/entraconn/internal/deadline", []string{module + "/core/entra"}, "internal/deadline may import"},
		{"redaction with the core", "core/entraconn/internal/redact", []string{module + "/core/entra"}, "internal/redact may import"},
		{"model server with its reader", "core/entraconn/internal/modelserver", []string{"github.com/tidwall/redcon"}, ""},
		{"model server with our scanner", "core/entraconn/internal/modelserver", []string{module + "/internal/resp"}, "internal/modelserver may import"},
		{"new package below entraconn with a client", "core/entraconn/internal/x", []string{"github.com/redis/rueidis"}, "core/entraconn may import"},
		{"scanner with the core", "internal/resp", []string{module + "/core/entra"}, "internal/resp may import"},
		{"gateway with our scanner", "core/entratest", []string{module + "/internal/resp"}, "by other code"},
		{"adapter with its client", "adapters/entraredigo", []string{"github.com/gomodule/redigo/redis"}, ""},
		{"adapter with another's client", "adapters/entraredigo", []string{"github.com/redis/go-redis/v9"}, "adapters/entraredigo may import"},
		{"adapter with another adapter", "adapters/entrarueidis", []string{module + "/adapters/entragoredis"}, "adapters/entrarueidis may import"},
		{"adapter with the test kit", "adapters/entrarueidis", []string{module + "/core/entratest"}, "test kit"},
		{"new adapter", "adapters/entraradix", []string{module + "/core/entraconn"}, "adapters/entraradix has no allowance"},
		{"adapter with what they share", "adapters/entrarueidis", []string{module + "/adapters/internal/tlsonly", module + "/core/entraconn"}, ""},
		{"what adapters share with the core", "adapters/internal/tlsonly", []string{module + "/core/entraconn"}, ""},
		{"what adapters share with an adapter", "adapters/internal/tlsonly", []string{module + "/adapters/entragoredis"}, "adapters/internal may import"},
		{"what adapters share with a client", "adapters/internal/tlsonly", []string{"github.com/redis/go-redis/v9"}, "adapters/internal/tlsonly is built from"},
		{"what adapters share with a client far below", "adapters/internal/tlsonly", []string{module + "/core/entraconn", "github.com/gomodule/redigo/redis"}, "adapters/internal/tlsonly is built from"},
		{"suite with an adapter", "adapters/adaptertest", []string{module + "/adapters/entraredigo"}, "adapters/adaptertest may import"},
		{"suite with a client", "adapters/adaptertest", []string{"github.com/gomodule/redigo/redis"}, "adapters/adaptertest is built from"},
		{"suite with a client far below", "adapters/adaptertest", []string{module + "/core/entratest", "github.com/redis/rueidis"}, "adapters/adaptertest is built from"},
		{"suite with the test kit", "adapters/adaptertest", []string{module + "/core/entratest"}, ""},
		{"example with the test kit", "examples/quickstart", []string{module + "/core/entratest"}, ""},
		{"journey with the test kit", "internal/journeys/trip", []string{module + "/core/entratest"}, ""},
		{"loop without a pause with the test kit", "internal/neverworse/unpaused", []string{module + "/core/entratest"}, ""},
		{"twin with the test kit", "internal/neverworse/twin", []string{module + "/core/entratest"}, "test kit"},
		{"rule with the test kit", "internal/lockrules", []string{module + "/core/entratest"}, "test kit"},
		{"core with the test kit", "core/entraconn", []string{module + "/core/entratest"}, "test kit"},
		{"telemetry with a client", "otel/otelentra", []string{"github.com/redis/rueidis"}, "not a client"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			graph := importrules.Graph{}
			importer := module + "/" + test.importer
			for _, imported := range test.imports {
				graph[importer] = importrules.Package{ImportPath: importer, Imports: []string{imported}}
				standard := !strings.Contains(imported, ".")
				graph[imported] = importrules.Package{ImportPath: imported, Standard: standard}
				importer = imported
			}
			got := strings.Join(importrules.CheckImports(graph), "\n")
			if test.broken == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, test.broken) {
				t.Errorf("got %q, want a line with %q", got, test.broken)
			}
		})
	}
}
