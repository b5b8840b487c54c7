// Package entraredis is the map of this module. It holds no code: the packages below do.
//
// The module keeps Go services logged in to Azure Cache for Redis and Azure Managed Redis with Microsoft Entra ID.
// A service hands a credential to an [entra.Source] and its client options to one of the adapters; from then on
// tokens are acquired, sent and renewed without it.
//
// What services import:
//
//   - core/entra: the Source, which has a valid token whenever there can be one; its errors and its Observer.
//   - adapters/entragoredis, adapters/entrarueidis, adapters/entraredigo: one verb each, Configure, which makes
//     the options of go-redis v9, rueidis or redigo log in with a Source.
//   - core/entraconn: the authenticated net.Conn below the adapters, for any other client that lets its user dial.
//   - otel/otelentra: an Observer that reports spans and metrics to OpenTelemetry.
//   - otel/slogentra: an Observer that writes a line to an slog.Logger for each renewal.
//   - otel/livepage: a page to mount that says whether Redis authentication is the problem.
//
// What operators put into Azure Monitor, Prometheus and Grafana is in otel/dashboards, otel/alerts and otel/insights.
//
// What tests import:
//
//   - core/entratest: a fake Microsoft Entra, an Azure-like Redis gateway, faults for both, and an in-memory
//     network on which 75 minutes pass in milliseconds.
//   - adapters/adaptertest: the scenarios that every adapter passes, for others to run against theirs.
//
// What readers run:
//
//   - examples/quickstart: three clients that outlive their tokens, beside one that does not.
//   - examples/doctor: says why a service cannot log in, and what to do about it.
//   - examples/goredis, examples/rueidis, examples/redigo: the smallest real program for each client.
//   - examples/clients: valkey-go, radix and go-redis v8, libraries that stand on go-redis, and tokens that are not Entra's.
//
// docs/design.md follows a token through the code, docs/guarantees.md says what is promised and what is not.
//
// [entra.Source]: https://pkg.go.dev/github.com/entraredis/entraredis/core/entra#Source
package entraredis
