package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// What says something. truth is what the program itself knows: it made the trouble.
const (
	truth   = "(truth)"
	logs    = "log"
	traces  = "trace"
	metrics = "metric"
	alert   = "alert"
)

// A said is what one signal said during an incident. Times are seconds since its begin.
type said struct {
	Signal, What string
	First, Last  float64
	Total        float64 `json:",omitempty"` // how often, of what is counted
	Most         float64 `json:",omitempty"` // of a value that comes and goes
}

// A record collects what was said about one service.
type record struct {
	names *strings.Replacer // the caches' addresses, which differ in every run, become names

	mu                     sync.Mutex
	began                  time.Time // zero before the incident
	all                    []*said
	commands, commandSpans int
}

func (r *record) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
}

// add counts n more of the same. What comes before the incident is left out.
func (r *record) add(signal, what string, at time.Time, n float64) { r.note(signal, what, at, n, 0) }

func (r *record) note(signal, what string, at time.Time, n, value float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() || at.Before(r.began) {
		return
	}
	what = r.names.Replace(what)
	second := at.Sub(r.began).Seconds()
	for _, s := range r.all {
		if s.Signal == signal && s.What == what {
			s.First, s.Last = min(s.First, second), max(s.Last, second)
			s.Total += n
			s.Most = max(s.Most, value)
			return
		}
	}
	r.all = append(r.all, &said{Signal: signal, What: what, First: second, Last: second, Total: n, Most: value})
}

func lines(from io.Reader, read func([]byte)) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		read(scanner.Bytes())
	}
	_, _ = io.Copy(io.Discard, from) // a line too long
}

// readOut reads a span, at the moment at which it is exported, or the number of commands.
func (r *record) readOut(line []byte) {
	var span struct {
		Succeeded, Failed *int
		Name              string
		Attributes        []struct {
			Key   string
			Value struct{ Value any }
		}
	}
	if err := json.Unmarshal(line, &span); err != nil {
		r.add(truth, "the service writes: "+string(line), time.Now(), 1)
		return
	}
	r.mu.Lock()
	switch {
	case span.Succeeded != nil:
		r.commands += *span.Succeeded + *span.Failed
	case span.Name == "buy":
		r.commandSpans++
	}
	r.mu.Unlock()
	switch {
	case span.Succeeded != nil:
		if *span.Failed > 0 {
			r.add(truth, "commands of the service fail", time.Now(), float64(*span.Failed))
		}
		return
	case span.Name == "buy":
		return
	}
	what := "`" + span.Name + "`"
	for _, key := range []string{"entraredis.token.refresh.trigger", "entraredis.auth.phase", "error.type", "db.response.status_code", "http.response.status_code", "entraredis.connection.retire.reason"} {
		for _, a := range span.Attributes {
			if a.Key == key {
				what += fmt.Sprintf(" %s=%v", key[strings.LastIndexByte(key, '.')+1:], a.Value.Value)
			}
		}
	}
	r.add(traces, what, time.Now(), 1)
}

// readLog reads a line that the library has logged.
func (r *record) readLog(line []byte) {
	var entry map[string]any
	if err := json.Unmarshal(line, &entry); err != nil {
		r.add(truth, "the service writes: "+string(line), time.Now(), 1)
		return
	}
	what := fmt.Sprintf("%v `%v`", entry["level"], entry["msg"])
	for _, key := range []string{"pool", "kind", "status", "code"} {
		if v, ok := entry[key]; ok {
			what += fmt.Sprintf(" %s=%v", key, v)
		}
	}
	r.add(logs, what, time.Now(), 1)
}
