// Package link is what runs between the planes: snapshots and purges down to
// the edges, acknowledgements up. This is its memory form, for an edge and a
// control plane in one process.
package link

import "github.com/cistern-cdn/cistern/internal/zone"

// An Edge receives what the control plane publishes.
type Edge interface {
	// Apply puts s in force before it returns. Revisions only rise. Apply is
	// never called concurrently with itself.
	Apply(s *zone.Snapshot)

	// Purge makes everything p names unusable before it returns. It may run
	// concurrently with Apply, as purges have a lane of their own.
	Purge(p *Purge) PurgeResult
}

// A Purge is one order to forget stored objects of a zone: everything of it,
// or what URLs, Prefixes and Tags name. Variants, negative entries and the
// headers of HEAD answers go with the object.
type Purge struct {
	UUID     string
	Zone     string // UUID of the zone
	Revision int64  // of the store transaction that wrote it; above 0, rising
	All      bool
	// URLs are targets as a viewer would send them ("/a%20b.jpg?v=2", raw),
	// for all hostnames of the zone. The edge maps them as it maps requests.
	URLs []string
	// Prefixes are beginnings of paths, escaped as in URLs and without a
	// query: "/img/" or "/img*", where the "*" at the end may be missing. They
	// match whole subtrees, whatever the query.
	Prefixes []string
	// Tags are matched byte by byte.
	Tags []string
	// Soft makes objects stale instead of unusable: they may be validated, and
	// served where stale ones are.
	Soft bool
	// DryRun counts what the purge would find and changes nothing. Such an
	// order is for the edges that run when it is given, and is not retained.
	DryRun bool
}

// A PurgeResult counts what a purge found at one edge: what it dropped, made
// stale or, in a dry run, would have.
type PurgeResult struct {
	Objects int64 // entries, variants included
	Bytes   int64 // of their bodies
}
