package entratest

import (
	"math/rand/v2"
	"time"
)

// A WireFault makes a [Gateway] misbehave. One fault is one kind of trouble: set one of the groups of fields, and
// EveryNth, Proxy or User if it is to strike a part of the connections only. Of several faults of a kind, the one that
// was injected first strikes.
type WireFault struct {
	// Count is how often it strikes: connections for RefuseConn, MaxClients and CutAfter, commands for Delay and Silent,
	// AUTHs for RefuseAuth, SilentAuth and LateAuth, moments for Garbage, HELLOs for StayInRESP2. 0 means until
	// [FaultHandle.Remove].
	Count int

	// EveryNth strikes every n-th of the connections that meet the fault, and spares the others for good: the n-th, the
	// 2n-th and so on, in the order in which they meet it first. 0 and 1 strike all.
	EveryNth int
	// Proxy strikes the connections of one proxy, counted from 1, see [Dialect.Proxies]. 0 strikes those of all.
	Proxy int
	// User strikes the AUTHs with that user name. It goes with RefuseAuth, SilentAuth and LateAuth only: other faults
	// strike where no user is known. Empty means any.
	User string

	// RefuseAuth is the error that AUTH and HELLO with AUTH get, good token or not, for example
	// "WRONGPASS invalid username-password pair". The connection stays logged in as it was.
	RefuseAuth string
	// RefuseSilently leaves the error of RefuseAuth out where the client has written other commands before the AUTH in
	// the same bytes, as Redis from 7.2 and Valkey from 8.1 do while replies to those are pending.
	RefuseSilently bool
	// SilentAuth never answers AUTH and HELLO with AUTH, nor what follows on their connection, as a proxy that hangs.
	// When the fault is removed the answers come.
	SilentAuth bool
	// LateAuth answers AUTH and HELLO with AUTH so much later, and what follows on their connection after that. Removing
	// the fault does not shorten what has begun.
	LateAuth     time.Duration
	LoginOnly    bool // spares the AUTHs of connections that are logged in
	RotationOnly bool // strikes only those

	// StayInRESP2 turns HELLO 3 into HELLO 2, as a proxy does that knows HELLO and speaks no RESP3: the answer is an
	// array, and so is everything that follows.
	StayInRESP2 bool

	// RefuseShards is the error that CLUSTER SHARDS gets.
	RefuseShards string

	RefuseConn bool // resets new connections before anything was said
	MaxClients bool // answers new connections with the error of a full server, and closes them

	// CutAfter ends a connection in good order after so many more bytes of replies. At least 1.
	CutAfter int
	// Delay holds up a command, and what follows it on its connection, before the backend gets it. Removing the fault
	// does not shorten what has begun.
	Delay time.Duration
	// Silent never answers a command, nor what follows on its connection, as a network that has begun to lose every
	// packet. When the fault is removed the answers come. [NetworkFault] has the same for dials.
	Silent bool
	// Garbage is sent to a client before the next bytes of its replies.
	Garbage []byte
}

// choosesAuth reports whether f strikes an AUTH of a user, on a connection that is logged in already or not yet.
func (f *WireFault) choosesAuth(user string, loggedIn bool) bool {
	return (f.User == "" || f.User == user) && !(f.LoginOnly && loggedIn) && !(f.RotationOnly && !loggedIn)
}

// chooses reports whether f, whose handle is h, strikes a connection.
func (f *WireFault) chooses(at arrival, h *FaultHandle) bool {
	return (f.Proxy == 0 || f.Proxy == at.proxy) && (f.EveryNth <= 1 || h.ordinal(at.number)%f.EveryNth == 0)
}

// An arrival is a connection as it was accepted.
type arrival struct {
	number int // counted from 1
	proxy  int // that it came to, counted from 1
}

func newArrival(number, proxies int) arrival {
	hash := rand.New(rand.NewPCG(uint64(number), 0)) // the same each time, and without an order that a client could meet
	return arrival{number: number, proxy: 1 + hash.IntN(max(1, proxies))}
}
