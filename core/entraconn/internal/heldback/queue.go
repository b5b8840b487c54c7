// Package heldback keeps the bytes of a client that cannot be sent yet.
package heldback

// Limit is how many bytes a Queue has room for.
const Limit = 1 << 20

// slack bounds the memory of a Queue beside what is in it. It takes memory in steps of that size.
const slack = 48 << 10

// A Queue holds bytes in order. Each byte of it is moved some twenty times at most, however many there
// are and in however small pieces they are added and dropped. The zero Queue is empty.
type Queue struct {
	stored  []byte
	dropped int // bytes at the start of it that are not in the queue any more
}

// Held returns what is in the queue. It stays as it is until DropLast.
func (q *Queue) Held() []byte { return q.stored[q.dropped:] }

// HasRoom reports whether n bytes may be added.
func (q *Queue) HasRoom(n int) bool { return len(q.stored)+n <= Limit }

// Append adds p. It takes p also where HasRoom does not allow it, for which the caller has to drop
// as many bytes next.
func (q *Queue) Append(p []byte) {
	if len(q.stored)+len(p) > cap(q.stored) {
		q.move(len(q.Held()) + len(p))
	}
	q.stored = append(q.stored, p...)
}

// DropFirst drops the first n bytes.
func (q *Queue) DropFirst(n int) {
	if q.dropped += n; 4*q.dropped >= len(q.stored) {
		q.move(len(q.Held()))
	}
}

// DropLast drops the last n bytes.
func (q *Queue) DropLast(n int) {
	q.stored = q.stored[:len(q.stored)-n]
	q.DropFirst(0)
}

// move copies what is in the queue to memory in which size bytes and more have room, if it is not 0.
func (q *Queue) move(size int) {
	var moved []byte
	if size > 0 {
		moved = append(make([]byte, 0, max(size, min(size+min(size, slack), Limit))), q.Held()...)
	}
	q.stored, q.dropped = moved, 0
}

// Join returns p after what is in the queue, which is of that length. Unless the queue is empty it
// adds p, or a piece at the start of p if p is large. The caller has to call Keep next.
func (q *Queue) Join(p []byte) (joined []byte, before int) {
	if before = len(q.Held()); before == 0 {
		return p, 0
	}
	q.Append(p[:min(len(p), Limit)])
	return q.Held(), before
}

// Keep is told how much of what Join has returned was sent. It holds the rest, if there is room for
// it, and else nothing of what was joined. It returns how much was joined and is sent or held.
func (q *Queue) Keep(joined []byte, before, sent int) (n int) {
	n = len(joined) - before
	if len(joined)-sent > Limit {
		n = max(0, sent-before)
	}
	if before == 0 {
		q.Append(joined[sent:n])
		return n
	}
	q.DropLast(len(joined) - before - n)
	q.DropFirst(sent)
	return n
}
