// Package livepage serves a page that answers one question about a running program: is Redis
// authentication the problem? It is what a person opens first, on a phone if need be, before the
// dashboards.
//
//	page := livepage.New(&livepage.Options{Name: "checkout"})
//	src, err := entra.NewSource(cred, &entra.Options{Observer: page.Observer()})
//	if err != nil {
//		return err
//	}
//	page.Watch(src)
//	mux.Handle("/debug/redis/", page)
//
// The page says how long the token still lives and when the next one is asked for, what Microsoft
// Entra or the managed identity endpoint answered last, which token the connections to each server
// hold, which server refuses it, how far a rotation has come, and what has happened lately. It names
// the pod. It updates itself by server-sent events, several times a
// second at most.
//
// # What it serves
//
// A [Page] is an [http.Handler] that looks at the last element of the path alone, so it may be
// mounted anywhere below a path that ends with a slash, with or without [http.StripPrefix]. Nothing
// is mounted by importing the package. It answers GET and HEAD:
//
//   - the page itself, below the prefix with a slash at the end. Without JavaScript it is a picture
//     of its moment.
//   - events: a stream of server-sent events. Each is a whole snapshot, so a reader that was away
//     has missed nothing. There is one at least every 5 seconds.
//   - snapshot: the same as one JSON object. It is for the page and for a person with curl; fields
//     may be added.
//   - page.css and page.js.
//
// # What it promises
//
//   - Read-only: no request changes anything.
//   - The name of the machine is shown, unless Options or POD_NAME give another one.
//   - No token, no claim, no text of an error of a credential or a server, but codes and this
//     package's own words. The object id of the identity is shown only if Options ask for it. The
//     page shows names of clients and servers, times and counts: not secret, but internal. The
//     program that mounts the page decides who may see it.
//   - Every answer forbids caching, framing, sniffing and everything that does not come from the
//     page's own origin, and lets no other origin read it. There is no inline script or style.
//   - The observer takes a microsecond for an AUTH and allocates nothing. It waits for no reader: a
//     slow one is written to by its own request's goroutine, and given up after 10 seconds.
//   - Nothing runs while no reader is connected. The number of streams is bounded, and a stream
//     ends with its request or with [Page.Close]. It outlives the ReadTimeout and WriteTimeout of
//     the server, over HTTP/1.1 and HTTP/2.
//   - Memory is bounded: the events that Options name, and a line for each server, which grow with
//     no number of connections but by what the count itself needs.
//
// # What it cannot know
//
// It sees what one Source and the connections fed from it have done since the program started. A
// failure that happens again within a while is one line with a count, and so are the rotations of
// all servers to one token. When there are more lines than Options allow, ordinary ones give way
// first, and grave ones after a day.
//
// It says that a server refuses the identity only if the server said so. A server that is full,
// loading or busy is named with the first word of its answer, and one that does not answer a login
// within a second with that.
package livepage
