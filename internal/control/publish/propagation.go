package publish

import (
	"context"

	"github.com/cistern-cdn/cistern/internal/link"
)

// A Propagation tells how far a revision has come.
type Propagation struct {
	Revision     int64
	EdgesTotal   int
	EdgesApplied int
	// SlowestEdge is the edge with the oldest revision, while one is behind.
	SlowestEdge *link.EdgeState
	// Complete is true once every edge has applied the revision.
	Complete bool
}

// Propagation returns how far a revision has come. Revision must be one that
// wrote a zone, a group or a credential, as edges are given no other.
func (p *Publisher) Propagation(revision int64) Propagation {
	edges := p.hub.Edges()
	out := Propagation{Revision: revision, EdgesTotal: len(edges)}
	for i, e := range edges {
		if e.Revision >= revision {
			out.EdgesApplied++
		} else if out.SlowestEdge == nil || e.Revision < out.SlowestEdge.Revision {
			out.SlowestEdge = &edges[i]
		}
	}
	out.Complete = out.EdgesApplied == out.EdgesTotal
	return out
}

// Wait returns how far a revision has come, once that is everywhere or ctx is
// done.
func (p *Publisher) Wait(ctx context.Context, revision int64) Propagation {
	for {
		changed := p.hub.Changed()
		now := p.Propagation(revision)
		if now.Complete {
			return now
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return now
		}
	}
}
