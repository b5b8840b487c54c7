// Package documents keeps the documents of the repository honest. Its tests compile every block of Go code, run the programs
// of README and of docs/getting-started.md, follow every link inside the repository, compare the az commands with a table of
// Azure CLI's options, look up every scenario that docs/guarantees.md names and every option in docs/adapters.md, and
// compare the drawing of the rooms with the folders. One asks for an Example of each verb and each error.
//
// A block fenced as go is either a whole file, beginning with a package clause, or what a reader pastes into a
// program: imports, if any, and then statements or declarations. [Extract] finds the blocks of a document and
// [Block.File] turns one into a file that the compiler accepts as it is, with line directives that make the
// compiler name the document and the line in it.
//
// Statements are compiled as the body of
//
//	func snippet(ctx context.Context) error
//
// so they may use ctx and return an error. A block that is not meant to compile is fenced as text.
// One that shows a file of examples/clients, which is a module of its own, is fenced as golang, and compared there.
//
// In README and docs/getting-started.md each block of Go code is a whole program. What it prints is the block after it:
// fenced as text for a program that ends, and as console for one that serves HTTP, with each request as a line
// "$ curl localhost:8080/…" before its answer. The test gives such a program another address in the environment variable
// LISTEN, and reads in its log where it serves.
//
// A link may name a heading, as GitHub names it. An az command that is not in az.txt fails the test: add the command with
// all options of its reference.
package documents
