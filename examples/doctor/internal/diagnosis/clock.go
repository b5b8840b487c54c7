package diagnosis

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// mostSkew is below what does harm: the library gives every connection its new token 3 minutes
// before the old one expires, and Microsoft Entra takes assertions that are off by 5.
const mostSkew = 2 * time.Minute

// checkClock compares this machine's clock with that of a server which the credential has asked, or
// else with Redis's.
func checkClock(ctx context.Context, e *examination) outcome {
	lives := ""
	if !e.token.IsZero() {
		lives = fmt.Sprintf("; by this machine's clock the token expires in %v", time.Until(e.token.ExpiresOn()).Round(time.Second))
	}
	ahead, server := e.opts.Dates.Ahead()
	if server == "" && e.verdicts["login"] == OK {
		ahead, server = redisClock(ctx, e)
	}
	if server == "" {
		return skipped("no server has said its time%s", lives)
	}
	off := ahead.Abs().Truncate(time.Second) // a date is in whole seconds
	skew := fmt.Sprintf("%v ahead of", off)
	switch {
	case off == 0:
		skew = "the same as"
	case ahead < 0:
		skew = fmt.Sprintf("%v behind", off)
	}
	e.known["skew"], e.known["clock"] = skew, printable(server)
	detail := fmt.Sprintf("this machine's clock is %s that of %s%s", skew, server, lives)
	if off > mostSkew {
		return failed("clock-wrong", "%s", detail)
	}
	return fine("%s", detail)
}

// redisClock asks Redis for its time. The server is empty if it does not say.
func redisClock(ctx context.Context, e *examination) (ahead time.Duration, server string) {
	answer, err := e.session.do(ctx, "TIME")
	if err != nil || len(answer.items) != 2 {
		return 0, ""
	}
	seconds, err := strconv.ParseInt(answer.items[0].text, 10, 64)
	if err != nil {
		return 0, ""
	}
	return time.Since(time.Unix(seconds, 0)), e.opts.Address
}
