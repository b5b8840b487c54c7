// Package schematest checks the reports of examples/doctor against
// examples/doctor/report.schema.json. It is a module of its own, so that the library's users do not
// get a validator of JSON schemas with it. make nested runs it.
package schematest
