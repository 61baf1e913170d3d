package api

import (
	"context"
	"time"
)

// settleTime bounds how long the answer to a write that is durable already
// waits for the edges. Those of this process need about a millisecond, so that
// whoever has the answer sees its effect there; a far edge delays nobody.
const settleTime = 50 * time.Millisecond

// settle returns when every live edge has the revision, or after settleTime.
func (s *server) settle(ctx context.Context, revision int64) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	s.awaitLive(ctx, revision)
}

// awaitLive returns when every live edge has the revision, or ctx is done.
func (s *server) awaitLive(ctx context.Context, revision int64) {
	for ctx.Err() == nil {
		changed := s.publisher.Changed()
		if s.settled(revision) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (s *server) settled(revision int64) bool {
	for _, e := range s.publisher.Edges() {
		if e.Live && e.Revision < revision {
			return false
		}
	}
	return true
}
