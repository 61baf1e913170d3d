// Package cdnfield writes and reads the fields by which caches tell what they
// did: Cache-Status (RFC 9211), Proxy-Status (RFC 9209) and CDN-Loop
// (RFC 8586), and parses Structured Fields (RFC 9651): dictionaries, which
// targeted cache control is made of (RFC 9213), and lists (RFC 9875).
//
// The Append functions allocate nothing but room in their buffer.
package cdnfield

// name is the member that this edge adds to Cache-Status and Proxy-Status.
const name = "cistern"
