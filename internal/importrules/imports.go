package importrules

import (
	"fmt"
	"slices"
	"strings"
)

const (
	azcore     = "github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azidentity = "github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	backoff    = "github.com/cenkalti/backoff/v4"
	jwt        = "github.com/golang-jwt/jwt/v5"
	goredis    = "github.com/redis/go-redis"
	rueidis    = "github.com/redis/rueidis"
	redigo     = "github.com/gomodule/redigo"
	miniredis  = "github.com/alicebob/miniredis/v2"
	redcon     = "github.com/tidwall/redcon"
	otel       = "go.opentelemetry.io"
)

// An allowance lists all that the packages below a folder may import besides the standard library and
// themselves. What such a package is built from follows, because the rules hold for those packages too. A
// folder inside another one has an allowance of its own, and that of the outer one does not count for it.
type allowance struct {
	folder string
	may    []string
}

func allowances() []allowance {
	entra, entraconn, entratest := Module+"/core/entra", Module+"/core/entraconn", Module+"/core/entratest"
	return []allowance{
		{"internal/resp", nil},
		{"internal/plaintext", nil},
		{"core/internal/authanswer", nil},
		{"core/internal/impatience", nil},
		{"core/entra", []string{azcore, Module + "/core/internal/authanswer", Module + "/core/internal/impatience"}},
		{"core/entra/internal/clock", nil},
		{"core/entra/internal/jwt", nil},
		{"core/entra/internal/schedule", []string{entra + "/internal/clock", entra + "/internal/jwt", backoff}},
		{"core/entraconn", []string{entra, Module + "/internal/resp", Module + "/internal/plaintext"}},
		{"core/entraconn/internal/tokenwait", []string{entra, Module + "/core/internal/impatience"}},
		{"core/entraconn/internal/session", []string{Module + "/internal/resp", Module + "/core/internal/authanswer", Module + "/core/entraconn/internal/session/lease"}},
		{"core/entraconn/internal/session/lease", nil},
		{"core/entraconn/internal/rotation", []string{entra, Module + "/core/entraconn/internal/session"}},
		{"core/entraconn/internal/admission", []string{entra, Module + "/core/internal/authanswer"}},
		{"core/entraconn/internal/advice", nil},
		{"core/entraconn/internal/deadline", nil},
		{"core/entraconn/internal/dialing", nil},
		{"core/entraconn/internal/waiting", nil},
		{"core/entraconn/internal/heldback", nil},
		{"core/entraconn/internal/redact", nil},
		{"core/entraconn/internal/modelserver", []string{redcon}},
		{"core/entratest", []string{entra, azcore, azidentity, jwt, miniredis, redcon}},
		{"adapters/internal", []string{entra, entraconn, Module + "/internal/plaintext"}},
		{"adapters/adaptertest", []string{entra, entratest, azcore}},
		{"adapters/entragoredis", []string{entra, entraconn, Module + "/adapters/internal", goredis}},
		{"adapters/entrarueidis", []string{entra, entraconn, Module + "/adapters/internal", rueidis}},
		{"adapters/entraredigo", []string{entra, entraconn, Module + "/adapters/internal", redigo}},
		{"otel/internal/census", []string{entra}},
		{"otel/livepage", []string{entra, Module + "/otel/internal/census"}},
		{"otel/slogentra", []string{entra}},
		{"otel/dashboards", nil},
		{"otel/alerts", nil},
		{"otel/insights", nil},
		{"otel/otelentra", []string{entra, Module + "/otel/internal/census", otel}},
	}
}

// closed returns the folders below which every package needs an allowance. So the author of a new
// package decides what it may import. A list of forbidden imports would have to name every Redis
// client.
func closed() []string { return []string{"core", "adapters"} }

// A purity lists what the packages below a folder must not import themselves, the standard library included.
// What they import may be built from it: strings is built from sync.
type purity struct {
	folder string
	banned []string
	reason string
}

func purities() []purity {
	return []purity{
		{"core/entra/internal/schedule", []string{"context", "io", "log", "math/rand", "net", "os", "runtime", "sync"},
			"the schedule decides from instants and random numbers that are arguments"},
		{"core/entraconn/internal/session", []string{"context", "io", "log", "math/rand", "net", "os", "runtime", "sync"},
			"a session gets bytes and returns bytes and intents, and does nothing else"},
		{"core/entraconn/internal/admission", []string{"context", "io", "log", "math/rand", "net", "os", "runtime", "sync"},
			"admission decides from what it is told, and waits for nothing"},
		{"core/entraconn/internal/rotation", []string{"crypto", "io", "log", "net", "os", "runtime"},
			"rotation decides when, and leaves the wire to the connections"},
	}
}

// A ban lists what must not be found anywhere below the packages of a folder, however far down.
type ban struct {
	folder string
	banned []string
	reason string
}

func bans() []ban {
	clients := []string{goredis, rueidis, redigo}
	var below []string
	for _, folder := range []string{"adapters", "otel", "examples", "bench"} {
		below = append(below, Module+"/"+folder)
	}
	return []ban{
		{"core", append(clients, otel), "the core serves every Redis client and every observer"},
		{"adapters/internal", clients, "what adapters share serves every Redis client"},
		{"adapters/adaptertest", clients, "the suite serves every Redis client"},
		{"core", below, "arrows point from the adapters to the core"},
		{"core/entratest", []string{Module + "/core/entraconn", Module + "/internal/resp"},
			"the gateway reads RESP by other code than the one it judges, so that one bug cannot hide in both"},
		{"adapters", []string{otel, Module + "/examples", Module + "/otel"}, "adapters know their client and the core"},
		{"otel", []string{goredis, rueidis, redigo, Module + "/adapters"}, "telemetry observes the core, not a client"},
	}
}

// entratestUsers are the folders whose ordinary files may import core/entratest; tests may everywhere.
func entratestUsers() []string {
	return []string{"core/entratest", "adapters/adaptertest", "examples", "bench", "internal/journeys/trip", "internal/libraries", "internal/neverworse/stage", "internal/neverworse/unpaused"}
}

// modelserver answers the tests of core/entraconn and of what is below it.
const modelserver = Module + "/core/entraconn/internal/modelserver"

// CheckImports returns a line for every import in g that breaks a rule.
func CheckImports(g Graph) []string {
	var broken []string
	for path, p := range g {
		if !in(path, Module) {
			continue
		}
		folder := strings.TrimPrefix(strings.TrimPrefix(path, Module), "/")
		broken = append(broken, checkAllowances(g, folder, p)...)
		broken = append(broken, checkPurities(folder, p)...)
		broken = append(broken, checkBans(g, folder, p)...)
		if slices.Contains(p.Imports, Module+"/core/entratest") && !inAny(folder, entratestUsers()) {
			broken = append(broken, fmt.Sprintf("%s imports core/entratest: the test kit is for tests and examples", folder))
		}
		if slices.Contains(p.Imports, modelserver) {
			broken = append(broken, folder+" imports modelserver: it is for tests")
		}
	}
	slices.Sort(broken)
	return broken
}

func checkAllowances(g Graph, folder string, p Package) []string {
	var broken []string
	var nearest *allowance
	for _, a := range allowances() {
		if in(folder, a.folder) && (nearest == nil || in(a.folder, nearest.folder)) {
			nearest = &a
		}
	}
	switch {
	case nearest != nil:
	case inAny(folder, closed()):
		return []string{folder + " has no allowance: say in internal/importrules/imports.go what it may import"}
	default:
		return nil
	}
	for _, imported := range p.Imports {
		if !g[imported].Standard && !in(imported, Module+"/"+nearest.folder) && !inAny(imported, nearest.may) {
			broken = append(broken, fmt.Sprintf("%s imports %s: %s may import the standard library and %v only, see allowances in internal/importrules/imports.go",
				folder, imported, nearest.folder, nearest.may))
		}
	}
	return broken
}

func checkPurities(folder string, p Package) []string {
	var broken []string
	for _, pure := range purities() {
		for _, imported := range p.Imports {
			if in(folder, pure.folder) && inAny(imported, pure.banned) {
				broken = append(broken, fmt.Sprintf("%s imports %s: %s", folder, imported, pure.reason))
			}
		}
	}
	return broken
}

func checkBans(g Graph, folder string, p Package) []string {
	var broken []string
	deps := g.deps(p.ImportPath)
	for _, b := range bans() {
		if !in(folder, b.folder) {
			continue
		}
		for dep := range deps {
			if inAny(dep, b.banned) {
				broken = append(broken, fmt.Sprintf("%s is built from %s: %s", folder, dep, b.reason))
			}
		}
	}
	return broken
}

func inAny(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return in(path, root) })
}
