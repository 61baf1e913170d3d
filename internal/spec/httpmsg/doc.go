// Package httpmsg reads HTTP/1.1 request heads from bytes, strictly, and
// holds what every HTTP version shares: the flat list of fields, lists,
// numbers and dates.
//
// A message that two readers could understand in two ways is refused, even
// where RFC 9112 would allow guessing: no bare LF, no folded line, no repeated
// framing field. Parsing into a [Request] that is used again allocates
// nothing, and neither does refusing.
//
// Everything here is pure: no I/O, no clock, no goroutine. Values may be used
// by several goroutines as long as none of them writes.
package httpmsg
