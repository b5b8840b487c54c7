package rawclients

import "strings"

// An Exclusion is a command that no script has, with its reason. A command stands for its
// subcommands.
type Exclusion struct{ Name, Reason string }

// Excluded returns the commands that are not generated.
func Excluded() []Exclusion {
	return []Exclusion{
		{"SHUTDOWN", "ends the server"},
		{"DEBUG", "lets the server sleep or crash"},
		{"REPLICAOF", "makes the server forget its data and wait for another one"},
		{"SLAVEOF", "the same as REPLICAOF"},
		{"FAILOVER", "stops all writes until a replica takes over"},
		{"CONFIG SET", "can take the server away from the other scripts"},
		{"CONFIG REWRITE", "writes a file"},
		{"CONFIG RESETSTAT", "forgets how many AUTHs the server has run"},
		{"ACL SETUSER", "changes the user that the script is played as"},
		{"ACL DELUSER", "the same"},
		{"ACL LOAD", "the same"},
		{"ACL SAVE", "writes a file"},
		{"MODULE", "loads code into the server"},
		{"SAVE", "whether it runs depends on other saves, which take their time"},
		{"BGSAVE", "the same"},
		{"BGREWRITEAOF", "the same"},
		{"SYNC", "answers with a dump, whose end is at any time; a script with a name plays it"},
		{"PSYNC", "the same"},
		{"SCRIPT DEBUG", "makes the next EVAL a session of its own; a script with a name plays it"},
		{"FLUSHALL", "redis-server 8 does it beside everything else, and answers when that is done, which is chance"},
		{"FLUSHDB", "the same"},
		{"MIGRATE", "connects to another server"},
		{"CLIENT PAUSE", "stops the server for a time that others feel"},
		{"CLIENT KILL", "by type or address it would end connections of the test; one by number is generated"},
		{"POST", "ends the connection, and the server drops what it has not sent, which is chance; 6.0 calls it a command"},
		{"HOST:", "the same"},
		{"PFSELFTEST", "takes the server seconds"},
		{"SENTINEL", "is for another kind of server"},
	}
}

// IsExcluded reports whether no script has the command. One with a template is not excluded.
func IsExcluded(name string) bool {
	for _, e := range Excluded() {
		if name == e.Name || strings.HasPrefix(name, e.Name+" ") {
			return templates[name] == nil
		}
	}
	return false
}

// Generated returns the commands of a server that scripts may have.
func Generated(catalogue *Catalogue) (names []string) {
	for _, name := range catalogue.Names() {
		if !IsExcluded(name) {
			names = append(names, name)
		}
	}
	return names
}

// A Blur is a command whose reply is not the same on two equal servers, with the reason. It stands
// alone in its step, and what its client reads in that step is compared as Form says.
type Blur struct {
	Name   string
	Form   Form
	Reason string
}

// A Form says what of a reply is compared.
type Form uint8

const (
	Bytes       Form = iota // all
	Sorted                  // the elements of an array, map or set in any order
	Kinds                   // errors as a whole, and of other replies the type
	KindsIfBare             // Kinds for the command without an argument, which is about all there are, else Bytes
)

// Blurred returns the commands whose replies are not compared byte for byte.
func Blurred() []Blur {
	const (
		clock   = "tells the time, or how much of it has passed"
		table   = "the order is that of a table with a seed of the server's own"
		self    = "tells what the server or the connection is: addresses, memory, what it has run"
		chooses = "the server chooses"
	)
	return []Blur{
		{"TIME", Kinds, clock}, {"LASTSAVE", Kinds, clock}, {"TTL", Kinds, clock}, {"PTTL", Kinds, clock},
		{"EXPIRETIME", Kinds, clock}, {"PEXPIRETIME", Kinds, clock}, {"HTTL", Kinds, clock}, {"HPTTL", Kinds, clock},
		{"HEXPIRETIME", Kinds, clock}, {"HPEXPIRETIME", Kinds, clock}, {"OBJECT IDLETIME", Kinds, clock}, {"OBJECT FREQ", Kinds, clock},
		{"XPENDING", Kinds, clock}, {"XINFO", Kinds, clock}, {"XCLAIM", Kinds, clock}, {"XAUTOCLAIM", Kinds, clock},
		{"SLOWLOG", Kinds, clock}, {"COMMANDLOG", Kinds, clock}, {"LATENCY", Kinds, clock}, {"ACL LOG", Kinds, clock},
		{"RANDOMKEY", Kinds, chooses}, {"SRANDMEMBER", Kinds, chooses}, {"HRANDFIELD", Kinds, chooses}, {"ZRANDMEMBER", Kinds, chooses},
		{"ACL GENPASS", Kinds, chooses}, {"LOLWUT", Kinds, chooses}, {"VRANDMEMBER", Kinds, chooses}, {"VSIM", Kinds, chooses},
		{"VLINKS", Kinds, chooses}, {"VINFO", Kinds, chooses},
		{"SPOP", Sorted, table}, {"KEYS", Sorted, table}, {"SMEMBERS", Sorted, table}, {"SUNION", Sorted, table}, {"SDIFF", Sorted, table},
		{"SINTER", Sorted, table}, {"HGETALL", Sorted, table}, {"HKEYS", Sorted, table}, {"HVALS", Sorted, table},
		{"PUBSUB CHANNELS", Sorted, table}, {"PUBSUB SHARDCHANNELS", Sorted, table}, {"SORT", Sorted, table}, {"SORT_RO", Sorted, table},
		{"SCAN", Kinds, table}, {"SSCAN", Kinds, table}, {"HSCAN", Kinds, table}, {"ZSCAN", Kinds, table}, {"DUMP", Kinds, table},
		{"COMMAND", Kinds, table}, {"CONFIG GET", Kinds, table}, {"ACL CAT", Kinds, table}, {"ACL LIST", Kinds, table}, {"ACL GETUSER", Kinds, table},
		{"INFO", Kinds, self}, {"CLIENT LIST", Kinds, self}, {"CLIENT INFO", Kinds, self}, {"MEMORY", Kinds, self}, {"ROLE", Kinds, self},
		{"CLUSTER", Kinds, self}, {"OBJECT ENCODING", Kinds, self},
		{"ACL WHOAMI", Kinds, "after RESET a connection of ours is logged in again, and a plain one is the default user"},
		{"UNSUBSCRIBE", KindsIfBare, table}, {"PUNSUBSCRIBE", KindsIfBare, table}, {"SUNSUBSCRIBE", KindsIfBare, table},
		{"MONITOR", Kinds, "its lines tell the time and the addresses of all clients, and show our AUTHs; they are left out"},
	}
}

// formOf returns how the reply to a command is compared.
func formOf(c Command) Form {
	for _, b := range Blurred() {
		name, sub := c.name()
		switch {
		case b.Name != name && b.Name != name+" "+sub:
		case b.Form != KindsIfBare:
			return b.Form
		case len(c.Args) == 1:
			return Kinds
		}
	}
	return Bytes
}
