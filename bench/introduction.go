package main

import (
	"fmt"

	"github.com/entraredis/entraredis/bench/internal/machine"
)

// introduction stands below the title of the page.
func introduction(m machine.Machine) string {
	return fmt.Sprintf(`What logging in with Microsoft Entra tokens costs a program, what it gets for that, and what else it could do.
The peers are what one would write today with each client, done well.

%s Numbers differ from machine to machine; the ratios less so.

How to read: the two that are compared run in turns of fractions of a second within one process, so that both meet the
same noise. What is shown is the median of their ratios, and in parentheses the interval in which the true one lies
with a confidence of 95 %% (no distribution is assumed). An interval that covers 0 means that no difference was seen.

`+"`make bench`"+` measures all of this anew, in about a quarter of an hour, and writes this page; `+"`make bench-quick`"+` measures less,
in two minutes, and prints it. The raw results are not in the repository. `+"`make bench`"+` leaves them in bench/results. With them,
`+"`go run . -only fleet`"+` in bench measures one comparison and keeps the others, and `+"`go run . -only none`"+` writes the page alone.`, m)
}
