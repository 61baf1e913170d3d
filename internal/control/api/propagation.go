package api

import (
	"context"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/link"
)

// GetZonePropagation answers GET /cdn/zones/{uuid}/propagation.
func (s *server) GetZonePropagation(ctx context.Context, r contract.GetZonePropagationRequestObject) (contract.GetZonePropagationResponseObject, error) {
	f, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	meta := f.Newest
	if r.Params.Revision != nil {
		meta.Revision = *r.Params.Revision
	}
	if r.Params.Wait != nil {
		held, cancel := context.WithTimeout(ctx, time.Duration(*r.Params.Wait)*time.Second)
		defer cancel()
		s.wait(held, meta)
	}
	return contract.GetZonePropagation200JSONResponse(s.propagation(meta)), nil
}

// wait returns when every edge has the revision, or ctx is done.
func (s *server) wait(ctx context.Context, meta store.Meta) {
	for ctx.Err() == nil {
		changed := s.publisher.Changed()
		if s.propagation(meta).Complete {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// propagation tells how far the revision that meta names has come.
func (s *server) propagation(meta store.Meta) contract.Propagation {
	return propagationOn(s.publisher.Edges(), meta)
}

// propagationOn is propagation as of one look at the edges: an answer with
// several of them must not contradict itself.
func propagationOn(edges []link.EdgeState, meta store.Meta) contract.Propagation {
	out := contract.Propagation{Revision: meta.Revision, Since: meta.UpdatedAt, SlowestEdge: null[contract.EdgeRevision]()}
	slowest := meta.Revision
	for _, e := range edges {
		out.EdgesTotal++
		if e.Revision >= meta.Revision {
			out.EdgesApplied++
		} else if e.Revision < slowest {
			slowest = e.Revision
			out.SlowestEdge = nullable.NewNullableWithValue(contract.EdgeRevision{UUID: e.UUID, Name: e.Name, Revision: e.Revision})
		}
	}
	out.Complete = out.EdgesApplied == out.EdgesTotal
	return out
}
