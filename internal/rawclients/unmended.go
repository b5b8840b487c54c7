package rawclients

import "bytes"

// Unmended returns which fault of ours that is known and not mended yet a difference may come from, ""
// if none. The list is to be empty.
func Unmended(d *Difference) string {
	written := commands(d.Script.written(d.Client, d.Step))
	invalidation := []byte("invalidate")
	lacksInvalidation := bytes.Contains(d.Plain, invalidation) && !bytes.Contains(d.Ours, invalidation)
	switch {
	case written.haveArg("REPLCONF", "ACK") || written.haveArg("REPLCONF", "GETACK"):
		return "REPLCONF ACK has no reply"
	case d.Kind == OtherBytes && written.haveArg("CLIENT REPLY", "SKIP") && written.haveArg("CLIENT REPLY", "ON"):
		return "CLIENT REPLY ON has a reply after CLIENT REPLY SKIP"
	case d.Script.Rights != AllRights && written.have("CLIENT REPLY"):
		return "CLIENT REPLY SKIP is refused"
	case bytes.HasPrefix(d.Plain, []byte("-WRONGPASS")) && written.have("AUTH", "HELLO"):
		return "Redis 7.2 to 8 give a refused AUTH of the client's no answer behind one of ours"
	case d.ends() && written.have("RESET") && written.have("MULTI"):
		return "RESET is refused in a transaction"
	case lacksInvalidation && everyone(d).have("CLIENT CACHING"), bytes.Contains(d.Plain, []byte("\r\ncaching-")):
		return "CLIENT CACHING is kept over other CLIENT subcommands"
	case lacksInvalidation && written.have(blocking...):
		return "HELLO 3 behind a sliced call while all is tracked"
	case written.have(subscribing...) && bytes.Contains(d.Ours, []byte("invalidate")):
		return "a RESP2 subscriber that tracks"
	}
	return ""
}
