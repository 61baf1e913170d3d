package link

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// A recorder is an Edge that notes what it is given. A gate that is not nil
// holds up Apply until it is closed, a hold Purge.
type recorder struct {
	gate, hold chan struct{}

	mu        sync.Mutex
	snapshots []int64
	purges    []string
}

func (r *recorder) Apply(s *zone.Snapshot) {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshots = append(r.snapshots, s.Revision)
}

func (r *recorder) Purge(p *Purge) PurgeResult {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.purges = append(r.purges, p.UUID)
	return PurgeResult{Objects: 1, Bytes: p.Revision}
}

func (r *recorder) seen() ([]int64, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.snapshots), slices.Clone(r.purges)
}

// run starts an edge; stop ends it and waits.
func run(t *testing.T, h *Hub, name string, e Edge) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, name, "uuid-"+name, e) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run(%s) = %v", name, err)
		}
	}
}

func wantSeen(t *testing.T, name string, r *recorder, snapshots []int64, purges []string) {
	t.Helper()
	s, p := r.seen()
	if !slices.Equal(s, snapshots) || !slices.Equal(p, purges) {
		t.Errorf("%s saw snapshots %v, purges %v; want %v, %v", name, s, p, snapshots, purges)
	}
}

func TestTwoEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		a, b := &recorder{}, &recorder{}
		stopA := run(t, h, "a", a)
		synctest.Wait()
		h.Publish(&zone.Snapshot{Revision: 3})
		h.Purge(&Purge{UUID: "p1", Revision: 4})
		synctest.Wait()
		wantSeen(t, "a", a, []int64{3}, []string{"p1"})

		// An edge that joins later gets the newest state and every purge.
		h.Publish(&zone.Snapshot{Revision: 7})
		h.Purge(&Purge{UUID: "p2", Revision: 8})
		h.Purge(&Purge{UUID: "p2", Revision: 8})
		synctest.Wait()
		stopB := run(t, h, "b", b)
		synctest.Wait()
		wantSeen(t, "a", a, []int64{3, 7}, []string{"p1", "p2"})
		wantSeen(t, "b", b, []int64{7}, []string{"p1", "p2"})

		var got []string
		receipts, err := h.Receipts(t.Context())
		for _, r := range receipts {
			got = append(got, r.EdgeName+" "+r.Purge.UUID)
			if r.Result != (PurgeResult{Objects: 1, Bytes: r.Purge.Revision}) || r.EdgeUUID != "uuid-"+r.EdgeName || r.At.IsZero() {
				t.Errorf("receipt %+v", r)
			}
		}
		if d := cmp.Diff([]string{"a p1", "a p2", "b p1", "b p2"}, got); err != nil || d != "" {
			t.Errorf("Receipts: %v (-want +got):\n%s", err, d)
		}

		stopB()
		h.Publish(&zone.Snapshot{Revision: 9})
		synctest.Wait()
		edges := h.Edges()
		if len(edges) != 2 || !edges[0].Live || edges[0].Revision != 9 || edges[0].PurgeRevision != 8 ||
			edges[1].Live || edges[1].Revision != 7 || edges[1].Name != "b" {
			t.Errorf("Edges() = %+v; want a live at 9, b gone at 7", edges)
		}
		stopA()
	})
}

func TestSupersededSnapshotsAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		slow := &recorder{gate: make(chan struct{})}
		stop := run(t, h, "slow", slow)
		for rev := range int64(100) {
			h.Publish(&zone.Snapshot{Revision: rev + 1})
			if rev == 0 {
				synctest.Wait() // it is inside Apply now
			}
		}
		// Purges have a lane of their own.
		h.Purge(&Purge{UUID: "p", Revision: 101})
		synctest.Wait()
		wantSeen(t, "slow edge", slow, nil, []string{"p"})
		if e := h.Edges()[0]; e.Revision != 0 {
			t.Errorf("revision %d acknowledged before it was applied", e.Revision)
		}
		close(slow.gate)
		synctest.Wait()
		wantSeen(t, "slow edge", slow, []int64{1, 100}, []string{"p"})
		stop()
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		for _, id := range []string{"p1", "p2", "p3"} {
			h.Purge(&Purge{UUID: id})
		}
		h.Forget("p2")
		h.Forget("unknown")
		e := &recorder{}
		stop := run(t, h, "e", e)
		synctest.Wait()
		h.Forget("p3")
		h.Purge(&Purge{UUID: "p4"})
		synctest.Wait()
		wantSeen(t, "edge", e, nil, []string{"p1", "p3", "p4"})
		stop()
	})
}

// TestDryRun: it reaches the edges that are live, once, and no other.
func TestDryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		h.Purge(&Purge{UUID: "nobody", Revision: 1, DryRun: true})
		a, b, late := &recorder{}, &recorder{hold: make(chan struct{})}, &recorder{}
		stopA, stopB := run(t, h, "a", a), run(t, h, "b", b)
		synctest.Wait()
		h.Purge(&Purge{UUID: "p1", Revision: 2})
		h.Purge(&Purge{UUID: "dry", Revision: 3, DryRun: true})
		h.Purge(&Purge{UUID: "dry", Revision: 3, DryRun: true}) // under way: b has not answered
		h.Purge(&Purge{UUID: "p2", Revision: 4})
		synctest.Wait()
		wantSeen(t, "a", a, nil, []string{"p1", "dry", "p2"})
		stopLate := run(t, h, "late", late)
		synctest.Wait()
		wantSeen(t, "an edge that joins later", late, nil, []string{"p1", "p2"})
		close(b.hold)
		synctest.Wait()
		wantSeen(t, "b", b, nil, []string{"p1", "dry", "p2"})
		h.Purge(&Purge{UUID: "last", Revision: 5, DryRun: true})
		synctest.Wait()
		if got := h.Edges()[0].PurgeRevision; got != 4 {
			t.Errorf("a dry run moved the purge revision to %d; want 4", got)
		}
		stopA()
		back := &recorder{}
		stopA = run(t, h, "a", back)
		synctest.Wait()
		wantSeen(t, "an edge that came back", back, nil, []string{"p1", "p2"})
		stopA()
		stopB()
		stopLate()
	})
}

// TestDryRunOfAnEdgeThatLeaves: it holds nothing back, and may be ordered
// again.
func TestDryRunOfAnEdgeThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		a := &recorder{hold: make(chan struct{})}
		stop := run(t, h, "a", a)
		synctest.Wait()
		h.Purge(&Purge{UUID: "p1", Revision: 1})
		synctest.Wait() // it is inside Purge now
		h.Purge(&Purge{UUID: "dry", Revision: 2, DryRun: true})
		time.AfterFunc(time.Second, func() { close(a.hold) })
		stop()
		b := &recorder{}
		stop = run(t, h, "b", b)
		synctest.Wait()
		h.Purge(&Purge{UUID: "dry", Revision: 2, DryRun: true})
		synctest.Wait()
		wantSeen(t, "b", b, nil, []string{"p1", "dry"})
		stop()
	})
}

func TestJoinTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		h.Publish(&zone.Snapshot{Revision: 1})
		stop := run(t, h, "e", &recorder{})
		synctest.Wait()
		if err := h.Run(t.Context(), "e", "uuid-e", &recorder{}); err == nil {
			t.Error("Run of an edge that runs = nil; want an error")
		}
		stop()
		back := &recorder{}
		stop = run(t, h, "e", back)
		synctest.Wait()
		wantSeen(t, "edge that came back", back, []int64{1}, nil)
		stop()
	})
}

func TestPublishOlder(t *testing.T) {
	h := NewHub()
	h.Publish(&zone.Snapshot{Revision: 2})
	defer func() {
		if recover() == nil {
			t.Error("publishing an older snapshot did not panic")
		}
	}()
	h.Publish(&zone.Snapshot{Revision: 2})
}
