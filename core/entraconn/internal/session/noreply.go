package session

import (
	"slices"
	"strings"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

// CLIENT REPLY SKIP and REPLCONF ACK give no reply, and the command after CLIENT REPLY SKIP gives
// none either. A server that refuses them gives one reply for each: an error, and the reply to the
// command that was not skipped. So after them the count of replies is proven by the next reply: one
// that is no error says that nothing was refused, and the words of an error say whose it is.
//
// An awaitRefusal waits for that, with the number of the next reply. There is one at most with each
// number: it stands for all commands without a reply that the client writes between two that have one.
// Its outstanding is how many of them were not refused so far.

// A noReply is the set of commands that an awaitRefusal stands for.
type noReply uint8

const (
	noReplySkip noReply = 1 << iota // CLIENT REPLY SKIP
	noReplyAck                      // REPLCONF ACK or GETACK
	// beforeClientCommand: the next reply is that of another CLIENT command of the client's. Redis 6.0
	// refuses both in the same words.
	beforeClientCommand
)

// A refusalJudgement says whether an error refuses a command that gives no reply otherwise.
type refusalJudgement uint8

const (
	refusalUnknown refusalJudgement = iota // it may be of that command, or of a later one
	refusesNothing                         // it is of a later command
	refusesSkip                            // CLIENT REPLY SKIP
	refusesAck                             // REPLCONF ACK
)

// judgeRefusal says it of an error reply without its type byte, where an awaitRefusal stands for
// commands. beforeAuth says that no later command of the client's can have given the error, but an
// AUTH of ours.
func judgeRefusal(line string, commands noReply, beforeAuth bool) refusalJudgement {
	code, text := authanswer.Split(line)
	name, refused := quoted(text), refusedCommand(text)
	switch {
	case commands&noReplySkip != 0 && (refused == "CLIENT|REPLY" || refused == "CLIENT"):
		ofAnyOnRedis6 := refused == "CLIENT" || strings.Contains(text, " OR WRONG NUMBER OF ARGUMENTS")
		if ofAnyOnRedis6 && commands&beforeClientCommand != 0 && !beforeAuth {
			return refusalUnknown
		}
		return refusesSkip
	case commands&noReplyAck != 0 && refused == "REPLCONF":
		return refusesAck
	case strings.Contains(text, "WRONG NUMBER OF ARGUMENTS"): // theirs is right
		return refusesNothing
	case beforeAuth && code == "BUSY" && commands&noReplyAck == 0: // a script is running, which AUTH may interrupt
		return refusesSkip
	case beforeAuth && code != "WRONGPASS" && name != "AUTH":
		return refusalUnknown
	case beforeAuth, name != "", code == "NOPERM":
		return refusesNothing
	case slices.Contains([]string{"BUSY", "LOADING", "MASTERDOWN", "NOAUTH", "DENIED"}, code):
		return refusalUnknown
	case mayRefuse(text):
		return refusalUnknown
	}
	return refusesNothing
}

// refusedCommand returns the command that a text says the server does not run, "" if it says that of
// none. The variable of a script and the option of another command may have the same name.
func refusedCommand(text string) string {
	name := quoted(text)
	text = strings.NewReplacer("`", "'", `"`, "'").Replace(text)
	before, following, _ := strings.Cut(text, "'"+name+"'")
	switch {
	case name == "", strings.Contains(text, "SCRIPT"):
		return ""
	case strings.HasSuffix(before, "UNKNOWN SUBCOMMAND "), strings.HasSuffix(before, "SUBCOMMAND OR WRONG NUMBER OF ARGUMENTS FOR "):
		_, container, _ := strings.Cut(following, "TRY ") // CLIENT HELP
		container, _, _ = strings.Cut(container, " ")
		return container + "|" + name
	case strings.HasSuffix(before, "WRONG NUMBER OF ARGUMENTS FOR "):
		return ""
	case strings.HasSuffix(before, "COMMAND "), strings.HasPrefix(following, " COMMAND"), strings.HasSuffix(before, cannotExecute):
		return name
	}
	return ""
}

// mayRefuse reports whether a text that names no command may be about a command which the server does
// not run at all. Redis's own "cluster support disabled" and "unsupported unit" are not, nor is what it
// says about a script.
func mayRefuse(text string) bool {
	contains := func(word string) bool { return strings.Contains(text, word) }
	return contains("PERMISSION") || contains("COMMAND") && !contains("SCRIPT") &&
		slices.ContainsFunc([]string{"UNKNOWN ", "SUPPORT", "DISABLED", "ALLOWED"}, contains)
}

// quoted returns what stands between the first quotation marks of a text, "" if there are none. The
// apostrophe of "Can't execute" is none: a mark begins a word.
func quoted(text string) string {
	_, rest, found := strings.Cut(" "+strings.NewReplacer("`", "'", `"`, "'").Replace(text), " '")
	if !found {
		return ""
	}
	name, _, found := strings.Cut(rest, "'")
	if !found {
		return ""
	}
	return name
}
