package entratest_test

// scripts are played on Miniredis and on a redis-server, which must say the same. Where Redis goes through what it has
// hashed, as UNSUBSCRIBE without channels does, the order is any: there is only one thing there.
func scripts() []script {
	return []script{
		{"pops in order of waiting", `
			a BLPOP l 0 &
			b BRPOP l 0 &
			c BLPOP other l 0 &
			p RPUSH l 1
			p RPUSH l 2 3 4
			p LRANGE l 0 -1
			a BLPOP l 0
			p EXISTS l`},
		{"moves in order of waiting", `
			a BLMOVE l m LEFT RIGHT 0 &
			b BRPOPLPUSH l m 0 &
			c BLPOP m 0 &
			p RPUSH l 1 2 3
			p LRANGE l 0 -1
			p LRANGE m 0 -1
			a BLMOVE l l LEFT LEFT 0`},
		{"pops several", `
			a BLMPOP 0 2 k l RIGHT COUNT 2 &
			b BLMPOP 0 1 l LEFT &
			p RPUSH l 1 2 3 4
			a BLMPOP 0.1 1 l LEFT COUNT 5
			a BLMPOP 0.1 1 l LEFT COUNT 5 &
			time passes`},
		{"pops from sorted sets", `
			a BZPOPMIN z 0 &
			b BZPOPMAX z 0 &
			c BZMPOP 0 1 z MIN COUNT 2 &
			p ZADD z 1 one 2 two 3.5 three 4 four
			p ZRANGE z 0 -1
			a ZADD z 5 five 6 six
			a BZPOPMIN y z 0; BZMPOP 1 2 y z MAX
			a BZMPOP 0.05 1 y MAX COUNT 3 &
			time passes`},
		{"null at the timeout", `
			a BLPOP l 0.05 &
			b BRPOP l .051 &
			c BLMOVE l m LEFT LEFT 5e-2 &
			d BRPOPLPUSH l m 0.05 &
			e BLMPOP 0.05 1 l LEFT &
			f BZPOPMIN z 0.05 &
			g BZPOPMAX z 0.05 &
			h BZMPOP 0.05 1 z MIN &
			i XREAD BLOCK 50 STREAMS s 0 &
			p XGROUP CREATE s g $ MKSTREAM
			j XREADGROUP GROUP g BLOCK COUNT 1 BLOCK 50 STREAMS s > &
			time passes
			a PING`},
		{"wrong timeouts", `
			a BLPOP l; BLPOP l nan; BLPOP l -1; BLPOP l x
			a BLMOVE l m LEFT LEFT x; BLMOVE l m LEFT LEFT; BRPOPLPUSH l m; BZPOPMIN z -0.5
			a BLMPOP x 1 l LEFT; BLMPOP 0 1 l; BZMPOP -1 1 z MIN; BZMPOP 0 1 z
			a XREAD BLOCK x STREAMS s 0; XREAD BLOCK -1 STREAMS s 0; XREAD BLOCK 1.5 STREAMS s 0`},
		{"for ever", `
			a BLPOP l -0 &
			b BLPOP l 0e0 &
			time passes
			p RPUSH l 1 2`},
		{"streams", `
			p XADD s 1-1 f v
			a XREAD COUNT 1 BLOCK 0 STREAMS s t $ 0 &
			b XREAD BLOCK 0 STREAMS s 1-1 &
			p XADD s 1-2 f w
			p XADD t 1-1 g x
			p XGROUP CREATE s g 1-2
			a XREADGROUP GROUP g me BLOCK 0 STREAMS s > &
			b XREADGROUP GROUP g you COUNT 1 BLOCK 0 NOACK STREAMS s > &
			p XADD s 1-3 f x
			p XADD s 1-4 f y
			a XREADGROUP GROUP g me BLOCK 0 STREAMS s 0
			a XREADGROUP GROUP none me BLOCK 0 STREAMS s >
			a XREAD BLOCK 0 STREAMS s 0-0 t 0`},
		{"where a stream ends", `
			a XINFO STREAM s
			p SET k v
			a XINFO STREAM k
			p XADD s 1-1 f v; XADD s 1-2 g w
			a XINFO STREAM s
			p XGROUP CREATE s g 1-1; XGROUP CREATE t g $ MKSTREAM
			a XINFO STREAM s; XINFO STREAM t`},
		{"commands after a blocked one wait", `
			a BLPOP l 0; ECHO 1; BLPOP l 0; ECHO 2 &
			p RPUSH l x
			p GET k
			p RPUSH l y`},
		{"transactions do not wait", `
			p RPUSH l x
			a MULTI; BLPOP l 0; RPUSH l y; BLMPOP 0 1 l LEFT; EXEC
			b BLPOP m 0 &
			p MULTI; RPUSH m 1; RPUSH m 2; LPUSH m 0; EXEC
			p LRANGE m 0 -1`},
		{"other kinds of values wake no client", `
			a BLPOP k 0 &
			p SET k v
			p DEL k
			p RPUSH k x
			p SET s v
			a BLPOP s 0`},
		{"CLIENT UNBLOCK", `
			a BLPOP l 0 &
			b BLMOVE l m LEFT LEFT 10 &
			c XREAD BLOCK 0 STREAMS s $ &
			p CLIENT UNBLOCK <a>
			p CLIENT UNBLOCK <b> TIMEOUT
			p CLIENT UNBLOCK <c> ERROR
			p CLIENT UNBLOCK <a>; CLIENT UNBLOCK 999999; CLIENT UNBLOCK x; CLIENT UNBLOCK <a> x
			p RPUSH l 1
			a BLPOP l 0`},
		{"sharded Pub/Sub", `
			a SSUBSCRIBE x
			b SSUBSCRIBE x
			b SUBSCRIBE y
			b PSUBSCRIBE y*
			p SPUBLISH x 1
			p SPUBLISH none 1
			p PUBLISH x 1
			a SUNSUBSCRIBE none
			a SUNSUBSCRIBE x
			a SUNSUBSCRIBE
			p SPUBLISH x 2
			b SUNSUBSCRIBE
			b UNSUBSCRIBE
			b PUNSUBSCRIBE
			b GET k`},
		{"subscribed", `
			a SUBSCRIBE x y x
			a PING; PING hello
			a GET k
			a BLPOP l 0.01; CLIENT GETNAME
			time passes
			a PSUBSCRIBE x*; UNSUBSCRIBE x; SUBSCRIBE x
			p PUBLISH x 1
			p PUBLISH y 2
			a UNSUBSCRIBE x none
			a UNSUBSCRIBE
			a UNSUBSCRIBE
			a PUNSUBSCRIBE
			a PUNSUBSCRIBE; PING
			a SUBSCRIBE; SSUBSCRIBE; PSUBSCRIBE`},
		{"messages reach a blocked subscriber", `
			a PING
			b SUBSCRIBE y
			p PUBLISH y 1
			b RESET`},
	}
}
