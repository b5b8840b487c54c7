// Package documents keeps README.md and docs honest. Its tests compile every block of Go code, follow every link
// inside the repository, look up every scenario that docs/guarantees.md names, and compare the drawing of the rooms with
// the folders.
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
package documents
