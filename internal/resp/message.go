package resp

import "bytes"

// messages returns where the messages to a subscriber end that begin at p[at], and makes first the first byte of each. Of
// several on one channel most differ in nothing but what they say, and many not in its length.
func messages(p []byte, at int, first byte) (end int) {
	for at < len(p) && p[at] == '>' {
		end, payload := message(p, at)
		if end == 0 {
			break
		}
		p[at] = first
		head, size := p[at+1:payload], end-at
		for at = end; size <= len(p)-at && p[at] == '>' && bytes.Equal(p[at+1:at+1+len(head)], head); at += size {
			p[at] = first
		}
	}
	return at
}

// message returns where the message ends that begins at p[at], and where what it says begins; 0 if it does not lie there as
// a whole or is another push.
func message(p []byte, at int) (end, payload int) {
	const (
		message  = ">3\r\n$7\r\nmessage\r\n"  // channel, payload
		smessage = ">3\r\n$8\r\nsmessage\r\n" // channel, payload
		pmessage = ">4\r\n$8\r\npmessage\r\n" // pattern, channel, payload
	)
	if len(p)-at < len(pmessage) {
		return 0, 0
	}
	strings := 2
	switch head := p[at : at+len(pmessage)]; {
	case string(head[:len(message)]) == message:
		at += len(message)
	case string(head) == smessage:
		at += len(smessage)
	case string(head) == pmessage:
		at += len(pmessage)
		strings = 3
	default:
		return 0, 0
	}
	var said []byte
	for ; strings > 0; strings-- {
		if at, said = argument(p, at); at == 0 {
			return 0, 0
		}
	}
	return at, at - len(said) - 2
}
