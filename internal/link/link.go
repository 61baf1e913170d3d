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

// A Purge is one order to forget stored objects of a zone.
type Purge struct {
	UUID     string
	Zone     string // UUID of the zone
	Revision int64  // of the store transaction that wrote it
	All      bool   // everything of the zone; else URLs
	// URLs are targets as a viewer would send them ("/a%20b.jpg?v=2", raw),
	// for all hostnames of the zone. The edge maps them as it maps requests.
	URLs []string
}

// A PurgeResult counts what a purge found at one edge.
type PurgeResult struct {
	Objects int64 // entries dropped, variants included
	Bytes   int64
}
