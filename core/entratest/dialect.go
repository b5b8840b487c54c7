package entratest

import (
	"fmt"
	"slices"
	"strings"
)

// A Dialect says how a server speaks where servers differ: in which words, and what it does not know. An empty field means
// what [Redis7] has there, so the zero Dialect is that of Redis 7.
//
// The rest a gateway has from its [Backend]. A [Miniredis] says the Version in HELLO and counts connections for each
// proxy; a redis-server tells its own version and numbers, and must know what the Dialect knows: before a redis-server 6.0
// take [Redis6], because the gateway logs out after RESET. In a transaction the error of an unknown command comes with
// EXEC.
type Dialect struct {
	// Name is what tests and tables call it.
	Name string
	// Version is that of the server. Errors about unknown commands and about HELLO are worded as in that version.
	Version string
	// WrongPassword is the error, without its type byte, to AUTH and to HELLO with AUTH when the token is no good.
	WrongPassword string
	// Unknown lists the commands that the server does not know, and subcommands such as "CLIENT SETINFO", in capitals.
	Unknown []string
	// StaysInRESP2 answers HELLO 3 as HELLO 2, with an array.
	StaysInRESP2 bool
	// SimpleStrings answers HELLO with simple strings where Redis has bulk strings, as servers and proxies that are not
	// Redis do. A redis-server behind the gateway answers as it always does.
	SimpleStrings bool
	// Proxies is how many proxies serve the address, as behind a load balancer, each of which counts its connections from
	// 1. So numbers of connections repeat, and CLIENT UNBLOCK reaches connections of its own proxy only. Each connection
	// gets one by a hash of its number, so [WireFault.Proxy] strikes a part of them. 0 means that there is one.
	Proxies int
	// Passwordless is a server to which no password was given, as developers run it. It takes commands without an AUTH.
	// It knows one user, default, who may log in with anything, and no token: so it refuses the users of tokens, and
	// closes no connection when a token expires. Programs reach it with the user name default (Username of entra.Options).
	Passwordless bool
}

// Redis7 returns the dialect of redis-server 7.0.
func Redis7() Dialect {
	return Dialect{Name: "Redis 7", Version: "7.0.15", WrongPassword: "WRONGPASS invalid username-password pair or user is disabled."}
}

// Redis6 returns the dialect of redis-server 6.0.
func Redis6() Dialect {
	return Dialect{
		Name: "Redis 6", Version: "6.0.16", WrongPassword: "WRONGPASS invalid username-password pair",
		Unknown: []string{
			"BLMOVE", "CLIENT INFO", "CLIENT TRACKINGINFO", "CLIENT UNPAUSE", "COPY", "FAILOVER", "GEOSEARCH", "GEOSEARCHSTORE",
			"GETDEL", "GETEX", "HRANDFIELD", "LMOVE", "RESET", "SMISMEMBER", "XAUTOCLAIM", "ZDIFF", "ZDIFFSTORE", "ZINTER",
			"ZMSCORE", "ZRANDMEMBER", "ZRANGESTORE", "ZUNION", // since 6.2
			"BLMPOP", "BZMPOP", "CLIENT NO-EVICT", "EVALSHA_RO", "EVAL_RO", "EXPIRETIME", "FCALL", "FCALL_RO", "FUNCTION", "LCS",
			"LMPOP", "PEXPIRETIME", "SINTERCARD", "SORT_RO", "SPUBLISH", "SSUBSCRIBE", "SUNSUBSCRIBE", "ZINTERCARD", "ZMPOP", // since 7.0
			"CLIENT NO-TOUCH", "CLIENT SETINFO", "WAITAOF", // since 7.2
		},
	}
}

// AzureCache returns the dialect of Azure Cache for Redis: Redis 6 with another refusal, as its users report it
// (https://github.com/dapr/components-contrib/issues/3554), and without the commands that Azure keeps for itself.
func AzureCache() Dialect {
	d := Redis6()
	d.Name, d.WrongPassword = "Azure Cache for Redis", "ERR WRONGPASS invalid username-password pair"
	d.Unknown = append(d.Unknown, "ACL", "BGREWRITEAOF", "BGSAVE", "CONFIG", "DEBUG", "MIGRATE", "PSYNC", "REPLICAOF", "REPLCONF", "SAVE",
		"SHUTDOWN", "SLAVEOF", "SYNC")
	return d
}

// AzureManaged returns the dialect of Azure Managed Redis, which is Redis Software: several proxies behind one address,
// and without some commands (https://redis.io/docs/latest/operate/rs/references/compatibility/commands/connection).
func AzureManaged() Dialect {
	return Dialect{
		Name: "Azure Managed Redis", Version: "7.4.0", WrongPassword: Redis7().WrongPassword, Proxies: 3,
		Unknown: []string{"CLIENT GETREDIR", "CLIENT NO-EVICT", "CLIENT PAUSE", "MIGRATE", "MOVE", "RESET"},
	}
}

// RESP2Proxy returns the dialect of a proxy before Redis 7 that answers HELLO itself, in simple strings, and stays in RESP2.
func RESP2Proxy() Dialect {
	d := Redis7()
	d.Name, d.StaysInRESP2, d.SimpleStrings = "proxy that stays in RESP2", true, true
	return d
}

// Passwordless returns the dialect of a redis-server 7.0 that was started without a password, see [Dialect].
func Passwordless() Dialect {
	d := Redis7()
	d.Name, d.Passwordless = "server without passwords", true
	return d
}

// Dialects returns all of the above, Redis 7 first.
func Dialects() []Dialect {
	return []Dialect{Redis7(), Redis6(), AzureCache(), AzureManaged(), RESP2Proxy(), Passwordless()}
}

// Knows reports whether the server knows a command, or a subcommand such as "CLIENT SETINFO", in capitals.
func (d Dialect) Knows(command string) bool { return !slices.Contains(d.Unknown, command) }

// complete returns d with the defaults in the place of empty fields.
func (d Dialect) complete() Dialect {
	usual := Redis7()
	if d.Version == "" {
		d.Version = usual.Version
	}
	if d.WrongPassword == "" {
		d.WrongPassword = usual.WrongPassword
	}
	return d
}

// isBefore7 reports whether the server words its errors as those before Redis 7 do.
func (d Dialect) isBefore7() bool { return strings.HasPrefix(d.Version, "6.") }

// refusal returns the error to an AUTH, or "" if that is good: isGood says whether the token is, and whether it is the
// user's. name is empty if AUTH had none.
func (d Dialect) refusal(name string, isGood bool) string {
	switch {
	case d.Passwordless && name == "":
		return "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	case d.Passwordless && name == "default", !d.Passwordless && isGood:
		return ""
	}
	return d.WrongPassword
}

// noHello returns the error to a HELLO without AUTH on a connection that is not logged in.
func (d Dialect) noHello() string {
	option := "HELLO <proto> AUTH <user> <pass>"
	if d.isBefore7() {
		option = "HELLO AUTH <user> <pass>"
	}
	return "NOAUTH HELLO must be called with the client already authenticated, otherwise the " + option +
		" option can be used to authenticate the client and select the RESP protocol version at the same time"
}

// unknown returns the error to a command that the server does not know, "" if it knows it.
func (d Dialect) unknown(args [][]byte) string {
	name := strings.ToUpper(string(args[0]))
	switch {
	case !d.Knows(name):
		return d.unknownCommand(args)
	case len(args) < 2 || d.Knows(name+" "+strings.ToUpper(string(args[1]))):
		return ""
	case d.isBefore7():
		return fmt.Sprintf("ERR Unknown subcommand or wrong number of arguments for '%s'. Try %s HELP", args[1], name)
	}
	return fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.", args[1], name)
}

// unknownCommand repeats the first 128 bytes of the arguments, as Redis does.
func (d Dialect) unknownCommand(args [][]byte) string {
	const most = 128
	mark, comma := "'", ""
	if d.isBefore7() {
		mark, comma = "`", ","
	}
	quoted := func(arg []byte, most int) string { return mark + string(arg[:min(len(arg), most)]) + mark }
	beginnings := ""
	for _, arg := range args[1:] {
		if len(beginnings) >= most {
			break
		}
		beginnings += quoted(arg, most-len(beginnings)) + comma + " "
	}
	return "ERR unknown command " + quoted(args[0], most) + ", with args beginning with: " + beginnings
}
