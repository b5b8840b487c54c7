// Package diagnosis finds out why a service cannot log in to Redis with Microsoft Entra ID.
//
// [Examine] goes through the steps from the credential to the last node of a cluster. Each has a
// verdict. A step that fails does not stop those that need nothing of it. A step that fails or
// warns has a [Cause] out of one table, [Causes], which docs/doctor.md shows too. A cause has a
// remedy, and where Azure's command line tool can help, the command.
//
// A [Report] holds all of that. Text and JSON are two views of it. No secret is in it: no token, no
// client secret, no body of an HTTP answer. Names and ids are: those of the tenant, of the identity
// and of the cache.
//
// Examine writes nothing to the cache. It opens a few connections, and asks for a token once.
package diagnosis
