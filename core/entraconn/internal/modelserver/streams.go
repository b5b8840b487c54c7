package modelserver

import (
	"fmt"
	"slices"
	"strings"
)

// The keys of streams mean something here. No entry is ever added: what waits for one waits until its
// timeout, or for good.
const (
	fullKey      = "full"      // has an entry that comes after every ID, and after its own end
	absentKey    = "absent"    // does not exist
	forbiddenKey = "forbidden" // its user may run no XINFO, and may read it
)

// endOfStream is the last ID of each stream that exists.
const endOfStream = "1526919030474-55"

// A streamRead is an XREAD or XREADGROUP with BLOCK.
type streamRead struct {
	commandName string
	timeout     string
	keyNames    []string
	readFrom    []string // an ID for each key
}

func parseStreamRead(args []string) streamRead {
	afterOption := func(option string) int {
		return 1 + slices.IndexFunc(args, func(arg string) bool { return strings.EqualFold(arg, option) })
	}
	streams := args[afterOption("STREAMS"):]
	return streamRead{args[0], args[afterOption("BLOCK")], streams[:len(streams)/2], streams[len(streams)/2:]}
}

// wrongs returns what is wrong with it: an XREAD must read from the end of each stream, from $ or from
// the ID that the server has told.
func (r streamRead) wrongs() (all []string) {
	for i, name := range r.keyNames {
		end := endOfStream
		if name == absentKey {
			end = "0-0"
		}
		if readsFrom := r.readFrom[i]; !slices.Contains([]string{">", "0", "$", "+", end}, readsFrom) {
			all = append(all, fmt.Sprintf("%s reads %s from %s, which ends at %s", r.commandName, name, readsFrom, end))
		}
	}
	return all
}

// waitsForGood reports whether it never ends.
func (r streamRead) waitsForGood() bool {
	return r.timeout == "0" && (slices.Contains(r.readFrom, "$") || slices.Contains(r.readFrom, "+"))
}

// decidingKey returns the key that decides how it ends.
func (r streamRead) decidingKey() string {
	if slices.Contains(r.keyNames, fullKey) {
		return fullKey
	}
	return r.keyNames[0]
}

// streamInfo answers XINFO STREAM as redis-server 7.0 does. Its entries hold what looks like fields.
func streamInfo(key string, proto int) string {
	switch key {
	case absentKey:
		return "-ERR no such key\r\n"
	case forbiddenKey:
		return "-NOPERM this user has no permissions to run the 'xinfo|stream' command\r\n"
	}
	sample := "*2\r\n" + bulk(endOfStream) + "*2\r\n" + bulk("last-generated-id") + bulk("\r\n$17\r\nlast-generated-id\r\n$3\r\n9-9\r\n")
	fields := []string{
		bulk("length"), ":2\r\n", bulk("radix-tree-keys"), ":1\r\n", bulk("radix-tree-nodes"), ":2\r\n",
		bulk("last-generated-id"), bulk(endOfStream), bulk("max-deleted-entry-id"), bulk("0-0"), bulk("entries-added"), ":2\r\n",
		bulk("recorded-first-entry-id"), bulk("1-1"), bulk("groups"), ":0\r\n", bulk("first-entry"), sample, bulk("last-entry"), sample,
	}
	header := fmt.Sprintf("*%d\r\n", len(fields))
	if proto == 3 {
		header = fmt.Sprintf("%%%d\r\n", len(fields)/2)
	}
	return header + strings.Join(fields, "")
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }
