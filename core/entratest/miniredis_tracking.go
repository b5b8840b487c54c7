package entratest

import (
	"slices"
	"strings"
)

// tracking is what CLIENT TRACKING and CLIENT CACHING have set.
type tracking struct {
	on   bool
	mode string // "", "OPTIN" or "OPTOUT"
	// asked is the argument of a CLIENT CACHING that the next command obeys, or the transaction that begins with it.
	asked string
}

// remembers reports whether what is read now is tracked.
func (t *tracking) remembers() bool {
	switch t.mode {
	case "OPTIN":
		return t.on && t.asked == "YES"
	case "OPTOUT":
		return t.on && t.asked != "NO"
	}
	return t.on
}

// ask is CLIENT CACHING. It returns an error reply, or "".
func (t *tracking) ask(answer string) string {
	switch {
	case !t.on || t.mode == "":
		return "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	case answer == "YES" && t.mode != "OPTIN":
		return "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	case answer == "NO" && t.mode != "OPTOUT":
		return "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
	case answer != "YES" && answer != "NO":
		return "ERR syntax error"
	}
	t.asked = answer
	return ""
}

// past is told of each command that is over.
func (t *tracking) past(command string, inMulti bool) {
	if command != "CLIENT" && !inMulti {
		t.asked = ""
	}
}

// set is CLIENT TRACKING. It returns an error reply, or "".
func (t *tracking) set(args []string, resp3 bool) string {
	var options []string
	for _, a := range args[1:] {
		options = append(options, strings.ToUpper(a))
	}
	if slices.Contains(options, "REDIRECT") {
		return "ERR entratest: no REDIRECT here"
	}
	switch strings.ToUpper(args[0]) {
	case "ON":
		if !resp3 {
			return "ERR entratest: CLIENT TRACKING needs RESP3 here"
		}
		*t = tracking{on: true}
		for _, mode := range []string{"OPTIN", "OPTOUT"} {
			if slices.Contains(options, mode) {
				t.mode = mode
			}
		}
	case "OFF":
		*t = tracking{}
	default:
		return "ERR syntax error"
	}
	return ""
}
