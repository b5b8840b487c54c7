package entratest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A view is what one node knows of the cluster: of each node, by id.
type view map[string]member

// A member is a node as another one sees it.
type member struct {
	named  bool     // its host name is known
	flags  []string // "master", "slave", "handshake", "fail?" and others
	master string   // id, of a replica
	slots  [][2]int
}

func (m member) is(flag string) bool { return slices.Contains(m.flags, flag) }

func (m member) serves(slot int) bool {
	return slices.ContainsFunc(m.slots, func(r [2]int) bool { return r[0] <= slot && slot <= r[1] })
}

// parseView reads the answer to CLUSTER NODES:
//
//	<id> <ip>:<port>@<bus port>,<host name> <flags> <master's id or -> <ping> <pong> <epoch> <link> <slots>…
func parseView(text string) (view, error) {
	v := view{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			return nil, fmt.Errorf("CLUSTER NODES: no node in %q", line)
		}
		_, name, _ := strings.Cut(fields[1], ",")
		m := member{named: name != "", flags: strings.Split(fields[2], ","), master: fields[3]}
		for _, slots := range fields[8:] {
			if strings.HasPrefix(slots, "[") {
				continue // on its way to or from another node
			}
			first, last, isRange := strings.Cut(slots, "-")
			if !isRange {
				last = first
			}
			from, err := strconv.Atoi(first)
			if err != nil {
				return nil, fmt.Errorf("CLUSTER NODES: %w", err)
			}
			to, err := strconv.Atoi(last)
			if err != nil {
				return nil, fmt.Errorf("CLUSTER NODES: %w", err)
			}
			m.slots = append(m.slots, [2]int{from, to})
		}
		v[fields[0]] = m
	}
	return v, nil
}

// await asks until the answer is yes. The nodes of a cluster exchange news several times a second,
// and send no event when they have learnt something.
func await(ctx context.Context, what string, ask func() (bool, error)) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := ask()
		if err != nil {
			return err
		}
		if yes {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("entratest: cluster: waiting until %s: %w", what, ctx.Err())
		}
	}
}
