// Command incidents makes the incidents of docs/incidents.md happen, and writes down which signal said what, and when. Each
// service is a process of its own, with spans sampled at 5 %. A real Prometheus has loaded otel/alerts/entraredis.rules.yaml. The
// gateways of core/entratest, the fake Entra and the results of the services' commands tell what really happened.
//
//	go run ./incidents                        # 24 minutes, needs prometheus; writes incidents/observed.json and docs/incidents.md
//	go run ./incidents -pace .1               # a try in 3 minutes that writes to standard output; alerts are too slow for it
package main
