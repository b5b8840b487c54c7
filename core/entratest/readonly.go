package entratest

// isReadOnly reports whether a command, in upper case, is one of miniredis's that change nothing and ask for keys. Its oldest
// supported version cannot be asked. What is not listed counts as a write, of which clients' caches are told for nothing.
func isReadOnly(name string) bool {
	switch name {
	case "BITCOUNT", "BITPOS", "DBSIZE", "DUMP", "EVALSHA_RO", "EVAL_RO", "EXISTS", "EXPIRETIME", "GEODIST",
		"GEOPOS", "GEORADIUSBYMEMBER_RO", "GEORADIUS_RO", "GEOSEARCH", "GET", "GETBIT", "GETRANGE", "HEXISTS",
		"HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HPTTL", "HRANDFIELD", "HSCAN", "HSTRLEN", "HTTL", "HVALS",
		"KEYS", "LINDEX", "LLEN", "LPOS", "LRANGE", "MGET", "PEXPIRETIME", "PFCOUNT", "PTTL", "RANDOMKEY", "SCAN",
		"SCARD", "SDIFF", "SINTER", "SINTERCARD", "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SRANDMEMBER", "SSCAN",
		"STRLEN", "SUNION", "TOUCH", "TTL", "TYPE", "XLEN", "XPENDING", "XRANGE", "XREAD", "XREVRANGE", "ZCARD",
		"ZCOUNT", "ZINTER", "ZLEXCOUNT", "ZMSCORE", "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE",
		"ZRANK", "ZREVRANGE", "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION":
		return true
	}
	return false
}
