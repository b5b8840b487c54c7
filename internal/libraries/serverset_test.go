package main

import (
	"strings"
	"testing"
)

func TestClusterAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this needs redis-servers")
	}
	set, err := startServers(t.Context(), servers{singles: [][]string{{"6379", "6380"}}, cluster: [][]string{{"7000"}, {"7001"}, {"7002"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.close(); err != nil {
			t.Error(err)
		}
	})
	if set.byPort["6379"] != set.byPort["6380"] || set.byPort["7000"] == set.byPort["7001"] {
		t.Errorf("ports lead to %v", set.byPort)
	}
	// Two of them are not where the key is.
	moved := 0
	for _, node := range set.all[1:] {
		_, err := node.admin.Do("SET", "key", "1")
		if err != nil && strings.HasPrefix(err.Error(), "MOVED ") {
			moved++
		} else if err != nil {
			t.Error(err)
		}
	}
	if moved != 2 {
		t.Errorf("%d nodes send a client to another one, want 2", moved)
	}
	if _, err := set.all[0].admin.Do("AUTH", "00000000-0000-0000-0000-0000000d1ff0", "any"); err != nil {
		t.Error(err)
	}
	if n, err := set.auths(); n != 1 || err != nil {
		t.Errorf("%d AUTHs, error %v, want 1", n, err)
	}
}
