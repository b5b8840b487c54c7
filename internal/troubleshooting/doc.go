// Package troubleshooting makes docs/troubleshooting.md: each text that a wrong setting produces, what
// it means, and what to do.
//
// The texts come from internal/misconfigurations/testdata/first_command.golden, which holds what the
// caller and the log get from each client library. page.tmpl is the page around them: an entry begins
// with
//
//	{{entry "connection refused" "wrong port of Redis"}}
//
// which becomes a heading with the part of the text by which a reader finds the entry, and all that
// is shown for the misconfigurations of that name. [Page] fails if a misconfiguration has no entry or
// two, or if the caller of no library gets the text of the heading. So the page is complete and true
// as long as its test passes.
//
// After a change of the golden file or of page.tmpl run
//
//	go run ./internal/troubleshooting/write
package troubleshooting
