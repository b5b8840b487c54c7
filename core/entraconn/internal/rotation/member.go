package rotation

// A Member is what a [Server] knows of a connection of its own. It belongs to one connection, and
// its fields to the Server, whose lock guards them.
type Member struct {
	conn Conn
	turn uint16 // of the latest visit on the agenda; earlier ones are void
	// refusals in a row and tries of workers in a row that changed nothing; both stop at 100.
	refusals, tries uint8
	visitState      visitState
	inRotation      bool // takes part in the rotation under way, and has not left it
	asked           bool // an AUTH of this rotation was made due, and was not refused
	retiring        bool // it is to be retired as soon as nothing is in flight on it
}

// A visitState says whether a worker visits a connection.
type visitState uint8

const (
	unvisited    visitState = iota
	visited                 // a worker has it, or will
	visitedAgain            // and is to visit it once more after that
)
