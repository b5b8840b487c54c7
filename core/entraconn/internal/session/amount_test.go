package session_test

import (
	"flag"
	"testing"
)

var (
	seedFlag = flag.Uint64("seed", 0, "seed of the first story")
	stories  = flag.Int("stories", 2000, "random stories of a client's commands to tell; 30000 take 20 s under the race detector")
)

// storiesToTell returns how many stories to tell: as many as the flag says, or half its default
// with -short.
func storiesToTell() int {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "stories" })
	if testing.Short() && !given {
		return *stories / 2
	}
	return *stories
}
