// Package misconfigurations shows what a program sees whose settings are wrong: the first command of
// each client library, with a context of 3 seconds, against one fault at a time. What the caller and
// the log get stands in testdata/first_command.golden. It has tests only.
package misconfigurations
