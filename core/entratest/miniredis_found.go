package entratest

import (
	"bytes"

	"github.com/tidwall/redcon"
)

// What an attempt has found is an array in RESP2. The functions here make a blocking command's reply of it.

// namingKey puts the key before what was popped from it: an element, or a member and its score.
func namingKey(attempt []string, found []byte, resp3 bool) []byte {
	_, r := redcon.ReadNextRESP(found)
	if r.Type != redcon.Array {
		return append(redcon.AppendBulkString(redcon.AppendArray(nil, 2), attempt[1]), found...)
	}
	return appendScored(redcon.AppendBulkString(redcon.AppendArray(nil, 3), attempt[1]), r, resp3)
}

// withScores is for an array of a key and an array of members with their scores.
func withScores(_ []string, found []byte, resp3 bool) []byte {
	_, r := redcon.ReadNextRESP(found)
	b := redcon.AppendArray(nil, r.Count)
	r.ForEach(func(part redcon.RESP) bool {
		if part.Type != redcon.Array {
			b = append(b, part.Raw...)
			return true
		}
		b = redcon.AppendArray(b, part.Count)
		part.ForEach(func(pair redcon.RESP) bool {
			b = appendScored(redcon.AppendArray(b, 2), pair, resp3)
			return true
		})
		return true
	})
	return b
}

// appendScored appends a member and its score, which is a number in RESP3.
func appendScored(b []byte, pair redcon.RESP, resp3 bool) []byte {
	score := false
	pair.ForEach(func(r redcon.RESP) bool {
		if score && resp3 {
			b = append(append(append(b, ','), r.Data...), "\r\n"...)
		} else {
			b = append(b, r.Raw...)
		}
		score = true
		return true
	})
	return b
}

// byStream makes a map of an array of pairs in RESP3.
func byStream(_ []string, found []byte, resp3 bool) []byte {
	if !resp3 {
		return found
	}
	_, r := redcon.ReadNextRESP(found)
	b := redcon.AppendArray(nil, r.Count)
	b[0] = '%'
	r.ForEach(func(pair redcon.RESP) bool {
		b = append(b, pair.Data...)
		return true
	})
	return b
}

// foundNothing reports whether an attempt's reply is one of the nulls or an empty array.
func foundNothing(reply []byte) bool {
	return bytes.Equal(reply, []byte("*-1\r\n")) || bytes.Equal(reply, []byte("$-1\r\n")) || bytes.Equal(reply, []byte("*0\r\n"))
}
