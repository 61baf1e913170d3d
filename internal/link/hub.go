package link

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Hub takes what the control plane publishes to the edges of its process.
// Each edge gets the newest snapshot (those that were superseded meanwhile are
// skipped) and, on a lane of its own, every retained purge in order. It is
// safe for concurrent use. Use [NewHub] to get one.
type Hub struct {
	mu sync.Mutex
	// guards all below
	changed  chan struct{} // closed, and replaced, with every change
	snapshot *zone.Snapshot
	purges   []ordered       // by seq; besides the retained ones, dry runs under way
	retained map[string]bool // UUIDs of purges
	seq      int64           // of the newest purge
	edges    map[string]*EdgeState
	receipts []Receipt // not yet fetched
}

// ordered is a purge with its place in the lane.
type ordered struct {
	seq   int64
	purge *Purge
}

// An EdgeState says how far an edge is.
type EdgeState struct {
	UUID string
	Name string
	// Live is true while the edge runs. One that left is still known.
	Live bool
	// Revision is that of the newest snapshot which the edge applied; 0: none.
	Revision  int64
	AppliedAt time.Time
	// PurgeRevision is that of the newest purge which the edge applied.
	PurgeRevision int64

	purged int64 // seq of the last order it has carried out
	joined int64 // seq of the newest order when it joined
}

// A Receipt is an edge's word that it applied a purge.
type Receipt struct {
	EdgeUUID, EdgeName string
	Purge              *Purge
	Result             PurgeResult
	At                 time.Time
}

// NewHub returns a Hub without edges, which has published nothing.
func NewHub() *Hub {
	return &Hub{changed: make(chan struct{}), retained: map[string]bool{}, edges: map[string]*EdgeState{}}
}

// Publish makes s the newest snapshot. One that is not newer than the last is
// a bug, as revisions only rise.
func (h *Hub) Publish(s *zone.Snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.snapshot != nil && s.Revision <= h.snapshot.Revision {
		panic(fmt.Sprintf("bug: snapshot %d published after %d", s.Revision, h.snapshot.Revision))
	}
	h.snapshot = s
	h.notify()
}

// Purge orders a purge and retains it, for edges that join later too, until it
// is forgotten. A purge that is retained already is not ordered again.
//
// A dry run is not retained: it is for the edges that are live now, and over
// when the last of them has answered or left.
func (h *Hub) Purge(p *Purge) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.retained[p.UUID] {
		return
	}
	h.retained[p.UUID] = true
	h.seq++
	h.purges = append(h.purges, ordered{h.seq, p})
	h.dropDryRuns()
	h.notify()
}

// dropDryRuns ends the dry runs for which no live edge is awaited. It is
// called with mu held.
func (h *Hub) dropDryRuns() {
	h.purges = slices.DeleteFunc(h.purges, func(o ordered) bool {
		if !o.purge.DryRun || h.awaited(o.seq) {
			return false
		}
		delete(h.retained, o.purge.UUID)
		return true
	})
}

// awaited reports whether a live edge has still to carry out the dry run with
// this seq. It is called with mu held.
func (h *Hub) awaited(seq int64) bool {
	for _, e := range h.edges {
		if e.Live && e.joined < seq && e.purged < seq {
			return true
		}
	}
	return false
}

// Forget ends the retention of a purge.
func (h *Hub) Forget(purgeUUID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.retained[purgeUUID] {
		return
	}
	delete(h.retained, purgeUUID)
	h.purges = slices.DeleteFunc(h.purges, func(o ordered) bool { return o.purge.UUID == purgeUUID })
}

// Edges returns the state of every edge that ever joined, by name.
func (h *Hub) Edges() []EdgeState {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]EdgeState, 0, len(h.edges))
	for _, e := range h.edges {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b EdgeState) int {
		return strings.Compare(a.Name+"\x00"+a.UUID, b.Name+"\x00"+b.UUID)
	})
	return out
}

// Changed returns a channel that is closed when anything changes after the
// call: something is published, an edge joins, leaves or acknowledges.
func (h *Hub) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// Receipts waits for receipts and returns those that came since the last
// call. The error is that of ctx.
func (h *Hub) Receipts(ctx context.Context) ([]Receipt, error) {
	for {
		h.mu.Lock()
		out, changed := h.receipts, h.changed
		h.receipts = nil
		h.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Run serves an edge until ctx is done, and returns when no call to e is under
// way any more. The edge gets the newest snapshot, and all purges that are
// retained, also when it comes back. An edge that runs already is refused.
func (h *Hub) Run(ctx context.Context, name, uuid string, e Edge) error {
	state, err := h.join(name, uuid)
	if err != nil {
		return err
	}
	defer h.leave(state)
	var lanes sync.WaitGroup
	lanes.Go(func() { h.deliverSnapshots(ctx, state, e) })
	lanes.Go(func() { h.deliverPurges(ctx, state, e) })
	lanes.Wait()
	return nil
}

func (h *Hub) join(name, uuid string) (*EdgeState, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.edges[uuid]; old != nil && old.Live {
		return nil, fmt.Errorf("join edge %s: %s is connected already", name, uuid)
	}
	state := &EdgeState{UUID: uuid, Name: name, Live: true, joined: h.seq}
	h.edges[uuid] = state
	h.notify()
	return state, nil
}

func (h *Hub) leave(state *EdgeState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	state.Live = false
	h.dropDryRuns()
	h.notify()
}

// deliverSnapshots is the lane of configuration.
func (h *Hub) deliverSnapshots(ctx context.Context, state *EdgeState, e Edge) {
	for ctx.Err() == nil {
		h.mu.Lock()
		s, changed := h.snapshot, h.changed
		due := s != nil && s.Revision > state.Revision
		h.mu.Unlock()
		if !due {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		e.Apply(s)
		h.mu.Lock()
		state.Revision, state.AppliedAt = s.Revision, time.Now()
		h.notify()
		h.mu.Unlock()
	}
}

// deliverPurges is the lane of purges.
func (h *Hub) deliverPurges(ctx context.Context, state *EdgeState, e Edge) {
	for ctx.Err() == nil {
		h.mu.Lock()
		next, changed := h.purgeFor(state), h.changed
		h.mu.Unlock()
		if next.purge == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		r := Receipt{EdgeUUID: state.UUID, EdgeName: state.Name, Purge: next.purge, Result: e.Purge(next.purge), At: time.Now()}
		h.mu.Lock()
		state.purged = next.seq
		if next.purge.DryRun {
			h.dropDryRuns()
		} else {
			state.PurgeRevision = max(state.PurgeRevision, next.purge.Revision)
		}
		h.receipts = append(h.receipts, r)
		h.notify()
		h.mu.Unlock()
	}
}

// purgeFor returns the oldest purge that the edge has still to carry out; its
// purge is nil if there is none. It is called with mu held.
func (h *Hub) purgeFor(state *EdgeState) ordered {
	i, _ := slices.BinarySearchFunc(h.purges, state.purged+1, func(o ordered, s int64) int { return int(o.seq - s) })
	for ; i < len(h.purges); i++ {
		if o := h.purges[i]; !o.purge.DryRun || o.seq > state.joined {
			return o
		}
	}
	return ordered{}
}

// notify wakes all who wait for a change. It is called with mu held.
func (h *Hub) notify() {
	close(h.changed)
	h.changed = make(chan struct{})
}
