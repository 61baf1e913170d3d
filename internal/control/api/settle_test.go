package api

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/cistern-cdn/cistern/internal/link"
)

// edges is a Publisher whose edges the test moves.
type edges struct {
	states  atomic.Pointer[[]link.EdgeState]
	changed chan struct{}
}

func (e *edges) Edges() []link.EdgeState  { return *e.states.Load() }
func (e *edges) Changed() <-chan struct{} { return e.changed }

// A write waits for the live edges, and for nobody else.
func TestAwaitLive(t *testing.T) {
	e := &edges{changed: make(chan struct{})}
	near := func(revision int64) {
		e.states.Store(&[]link.EdgeState{{Name: "near", Live: true, Revision: revision}, {Name: "left", Revision: 1}})
	}
	near(6)
	s := &server{publisher: e}
	done := make(chan struct{})
	go func() {
		s.awaitLive(context.Background(), 7)
		close(done)
	}()
	select {
	case <-done:
		t.Error("did not wait for a live edge")
	case e.changed <- struct{}{}: // it waits
		near(7)
		close(e.changed)
		<-done
	}

	gone, cancel := context.WithCancel(context.Background())
	cancel()
	s.awaitLive(gone, 8) // returns, though nobody has it
}
