package rawclients

import "strings"

// A theme makes a script one that is about something, so that commands meet which have to do with
// each other.
type theme struct {
	commands  []string // of which one is drawn; "CLIENT *" is any subcommand
	anything  int      // percent of all commands of the server
	garbage   int      // percent of bytes that are no commands
	fewRights bool     // the user may not do everything
}

var themes = []theme{
	{anything: 100},
	{anything: 90, garbage: 1, commands: split("MULTI, EXEC, HELLO, CLIENT REPLY")},
	{anything: 10, commands: split("CLIENT TRACKING, CLIENT TRACKING, CLIENT CACHING, CLIENT CACHING, CLIENT *, CLIENT *, CLIENT *, GET, GET, GET, MGET, SET, SET, SET, " +
		"HELLO, HELLO, SUBSCRIBE, UNSUBSCRIBE, MULTI, EXEC, CLIENT REPLY, ECHO, RESET")},
	{anything: 3, commands: split("CLIENT TRACKING, CLIENT CACHING, CLIENT CACHING, CLIENT *, CLIENT *, GET, GET, SET, SET, HELLO")},
	{anything: 5, commands: split("BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP, BZPOPMIN, BZPOPMAX, BZMPOP, XREAD, XREAD, XREADGROUP, XREADGROUP, XGROUP CREATE, WAIT, WAITAOF, " +
		"RPUSH, RPUSH, RPUSH, ZADD, ZADD, XADD, XADD, XADD, CLIENT UNBLOCK, CLIENT UNBLOCK, DEL, SET, MULTI, EXEC, HELLO, PING, CLIENT TRACKING")},
	{anything: 5, commands: split("SUBSCRIBE, SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE, PUBLISH, PUBLISH, PUBLISH, SPUBLISH, PING, PING, " +
		"HELLO, RESET, QUIT, GET, SET, SET, MULTI, EXEC, ECHO, CLIENT TRACKING, BLPOP")},
	{anything: 10, commands: split("MULTI, MULTI, MULTI, EXEC, EXEC, DISCARD, DISCARD, WATCH, UNWATCH, SET, GET, INCR, RESET, AUTH, HELLO, SUBSCRIBE, UNSUBSCRIBE, BLPOP, XREAD, " +
		"CLIENT REPLY, CLIENT UNBLOCK, PUBLISH")},
	{anything: 10, commands: split("CLIENT REPLY, CLIENT REPLY, CLIENT REPLY, CLIENT CACHING, ASKING, GET, GET, SET, ECHO, ECHO, REPLCONF, REPLCONF, MULTI, EXEC, PING, SUBSCRIBE, BLPOP, CLIENT ID")},
	{anything: 10, garbage: 12, commands: split("GET, SET, ECHO, PING, MULTI, EXEC, BLPOP, SUBSCRIBE, CLIENT REPLY")},
	{anything: 10, commands: split("EVAL, EVAL, EVAL, EVALSHA, SCRIPT LOAD, FUNCTION *, FCALL, SUBSCRIBE, MULTI, EXEC, SET, GET, HGETALL, HSET, HELLO")},
	{anything: 5, commands: split("AUTH, AUTH, AUTH, HELLO, HELLO, HELLO, RESET, RESET, GET, SET, ECHO, MULTI, EXEC, BLPOP, SUBSCRIBE, CLIENT SETNAME, CLIENT GETNAME, ACL WHOAMI, CLIENT ID")},
	{anything: 15, fewRights: true, commands: split("CLIENT REPLY, CLIENT REPLY, CLIENT CACHING, MULTI, EXEC, DISCARD, SUBSCRIBE, UNSUBSCRIBE, PUBLISH, GET, SET, SET, ECHO, HELLO, ASKING, BLPOP, RPUSH, " +
		"XREAD, XADD, CLIENT ID, PING")},
	{anything: 30, commands: split("MONITOR, CLIENT LIST, CLIENT INFO, INFO, SLOWLOG GET, SET, GET, PUBSUB CHANNELS, CLIENT KILL, CLIENT *, ACL *, KEYS, SCAN")},
}

func split(names string) []string { return strings.Split(names, ", ") }

// garbage is what is no command, or one that no client library writes. POST is not there: at that word
// the server drops what it has not sent yet, and how much that is is chance.
var garbage = []string{
	"PING\r\n",
	"SET s1 \"a b\"\r\n",
	"ECHO x\n",
	"\r\n",
	"*0\r\n",
	"*-1\r\n",
	"*1\r\n$0\r\n\r\n",
	"*1\r\n$-1\r\n",
	"*2\r\n$3\r\nGET\r\n:1\r\n",
	"*01\r\n$4\r\nPING\r\n",
	"*+1\r\n$4\r\nPING\r\n",
	"*1048577\r\n",
	"*3000000000\r\n",
	"*2\r\n$3\r\nGET\r\n$999999999999\r\n",
	"*1\r\n$4\r\nPINGxx",
	"*2\r\n$4\r\nECHO\r\n$3\r\nab\r\n",
	"$3\r\nGET\r\n",
	"%1\r\n+a\r\n+b\r\n",
	"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
	"SET \"open\r\n",
	"\x00\x01\x02\xff\xfe\r\n",
	strings.Repeat("x", 70_000),
	"BLPOP l1 0\r\n",
	"QUIT\r\n",
}
