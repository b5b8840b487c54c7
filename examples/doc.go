// Package examples holds programs to read, to run and to copy from. The folders below are programs; this one has only
// their test.
//
//   - quickstart: three clients that outlive their tokens, beside one that does not. It needs nothing but Go.
//   - goredis, rueidis, redigo: the smallest real program for each client. They need a cache and an identity that
//     azidentity.NewDefaultAzureCredential finds.
//   - doctor: says what is wrong between this machine, Microsoft Entra and a cache, and what to do about it.
//   - proxy: a sidecar for programs that take only a URL, or are not written in Go.
//   - servicetest: how a service that uses entraredis is tested.
//   - observability: a service with metrics, traces and a live page. It is a module of its own.
package examples
