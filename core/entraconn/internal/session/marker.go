package session

import "github.com/entraredis/entraredis/internal/resp"

// authMarker is the command right after an AUTH of ours that the server may refuse without a word.
//
// Redis from 7.2 and Valkey from 8.1 give an AUTH that they refuse no answer while they have other
// replies to send on its connection, see https://github.com/redis/redis/issues/15640. The client's
// next reply would be taken for the answer. HELLO without arguments changes nothing, no user can be
// forbidden to send it, and no answer to AUTH looks like its answer. So where that stands in the
// place of the answer to AUTH, the AUTH was refused. A server that does not know the command
// answers it with an error.
var authMarker = []byte("*1\r\n$5\r\nHELLO\r\n")

// refusedSilently is what a Verdict has in the place of the server's error where it sent none.
const refusedSilently = "no answer to AUTH (the server gives none while it has other replies to send)"

// answersMarker reports whether a reply is the server's answer to the marker.
func answersMarker(frame resp.Frame, answer helloReply) bool {
	if frame != resp.Map && frame != resp.Array {
		return false
	}
	_, ok := answer.field("proto")
	return ok
}
