// Package lease is the state machine of a blocking call that a session sends in slices. It knows
// no bytes and no time: the session tells it what has happened, and it says what the session does.
package lease

// A Lease is a blocking call of the client, for which the server gets shorter calls one after the
// other, the slices. After the null at the end of a slice the command goes out again. Before the
// first slice of a call that reads from the end of a stream, the session asks the server where that
// is. The zero Lease is that of a connection on which no call is in slices.
//
// What a lease is in follows from its events alone. docs/design.md draws it, and the test of this
// package holds On to that drawing.
type Lease struct {
	State State // only On changes it
	reply Reply
}

// A State says what happens next. A lease in one of those from Waiting on has a call.
type State uint8

// The states.
const (
	None          State = iota // no call is in slices
	Replying                   // the call is over, and the client is to get a reply that the session synthesizes
	Waiting                    // a slice is on the wire
	Undecided                  // the first bytes of its reply were read, and do not tell yet whose it is
	TakingOut                  // the reply to the slice is being read and taken out
	BetweenSlices              // no slice is on the wire, and the command is to be sent
	Asking                     // questions of the session are on the wire, and the command waits for the answers
)

// A Reply is what a CLIENT UNBLOCK ends a call with.
type Reply uint8

// The replies.
const (
	NoReply        Reply = iota // no CLIENT UNBLOCK was sent for the call
	NullReply                   // as at the end of a timeout
	UnblockedReply              // the error after CLIENT UNBLOCK with ERROR
)

// An Event is what the client, the server, or a CLIENT UNBLOCK on another connection does.
type Event uint8

// The events.
const (
	SliceSent          Event = iota // a slice goes out
	QuestionsSent                   // questions go out in place of the first slice
	SliceRetracted                  // not a byte of the slice, or of the questions, went out
	Unblocked                       // CLIENT UNBLOCK for the connection is about to go out
	UnblockedWithError              // the same, with ERROR
	FirstBytes                      // the first bytes of the reply come alone, and do not tell yet whose it is
	NullAtEnd                       // a null begins, and the slice is over
	CommandUnknown                  // an error begins which shows the slice: the server does not know the command
	ClientsReply                    // another reply begins: a value, an error, or a null before the end
	ReplyEnded                      // the reply to the slice, or to the last question, was read to its last byte
	Resend                          // the command is about to be planned again, with the rest of its timeout
	ReplyGiven                      // the client has the reply that the session synthesizes
)

// An Action is what the session does about an event.
type Action uint8

// The actions.
const (
	DoNothing  Action = iota
	KeepBytes         // from the client, until more come
	GiveBytes         // the client gets the bytes that were kept
	TakeOut           // the client does not get the reply
	WakeClient        // the client's read returns with the reply that the session synthesizes
	Forget            // the call is over
)

// UnblockReply returns what the CLIENT UNBLOCK that was sent for the call ends it with.
func (l *Lease) UnblockReply() Reply { return l.reply }

// On takes an event. One that cannot come in a state changes nothing.
func (l *Lease) On(e Event) Action {
	switch e {
	case SliceSent:
		if l.State == None {
			l.State = Waiting
		}
	case QuestionsSent:
		if l.State == None {
			l.State = Asking
		}
	case SliceRetracted:
		if l.State == Waiting || l.State == Asking {
			return l.end()
		}
	case Unblocked:
		return l.unblock(NullReply)
	case UnblockedWithError:
		return l.unblock(UnblockedReply)
	case FirstBytes:
		if l.State == Waiting || l.State == Undecided {
			l.State = Undecided
			return KeepBytes
		}
	case NullAtEnd:
		return l.nullAtEnd()
	case CommandUnknown:
		if l.State == Waiting || l.State == Undecided {
			l.State, l.reply = TakingOut, NoReply // the call ends with an error, and not because of a CLIENT UNBLOCK
			return TakeOut
		}
	case ClientsReply:
		if l.State == Undecided {
			l.State = Waiting
			return GiveBytes
		}
	case ReplyEnded:
		return l.replyEnded()
	case Resend:
		if l.State == BetweenSlices {
			l.State = None // until the next slice is sent; what is left may be so short that it needs none
		}
	case ReplyGiven:
		if l.State == Replying {
			return l.end()
		}
	}
	return DoNothing
}

// end ends the call.
func (l *Lease) end() Action {
	*l = Lease{}
	return Forget
}

// replyEnded goes on after the last byte of a reply.
func (l *Lease) replyEnded() Action {
	switch {
	case l.State == Waiting:
		return l.end()
	case l.State != TakingOut && l.State != Asking:
	case l.reply == NoReply:
		l.State = BetweenSlices
	default:
		l.State = Replying
	}
	return DoNothing
}

// unblock takes a CLIENT UNBLOCK. The server acts on the first one only.
func (l *Lease) unblock(reply Reply) Action {
	switch l.State {
	case Waiting, Undecided, TakingOut, Asking:
		if l.reply == NoReply {
			l.reply = reply
		}
	case BetweenSlices: // the server has nothing to unblock
		l.State, l.reply = Replying, reply
		return WakeClient
	case None, Replying: // there is no call to end
	}
	return DoNothing
}

// nullAtEnd takes out the null at the end of a slice. A call that was cancelled ends with it,
// unless it should end with an error.
func (l *Lease) nullAtEnd() Action {
	switch {
	case l.State != Waiting && l.State != Undecided:
	case l.reply != NullReply:
		l.State = TakingOut
		return TakeOut
	case l.State == Undecided:
		l.State = Waiting
		return GiveBytes
	}
	return DoNothing
}
