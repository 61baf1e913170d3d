package api

import (
	"context"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// read returns the zone named uuid with what belongs to it, if it is one of
// the caller's account.
func (s *server) read(ctx context.Context, uuid string) (*store.Full, error) {
	var f *store.Full
	err := s.store.View(ctx, func(r *store.Reader) error {
		var err error
		f, err = own(ctx, r, uuid)
		return err
	})
	return f, err
}

// change calls fn with the zone named uuid inside a transaction, as often as
// the store asks for. It returns the zone as fn left it, when the near edges
// have it (see settle).
func (s *server) change(ctx context.Context, uuid string, fn func(*store.Tx, *store.Full) error) (*store.Full, error) {
	var f *store.Full
	revision, err := s.store.Update(ctx, callOf(ctx).name(), func(tx *store.Tx) error {
		var err error
		if f, err = own(ctx, tx.Reader, uuid); err != nil {
			return err
		}
		return fn(tx, f)
	})
	if err != nil {
		return nil, err
	}
	s.settle(ctx, revision)
	f.Newest = newest(f)
	return f, nil
}

// own returns a zone of the caller's account. That of another account looks as
// if there were none.
func own(ctx context.Context, r *store.Reader, uuid string) (*store.Full, error) {
	z, err := r.Zone(uuid)
	if err != nil {
		return nil, orNotFound(err, "zone", uuid)
	}
	if z.Account != callOf(ctx).account() {
		return nil, notFound("zone", uuid)
	}
	return r.Full(uuid)
}

// precondition compares If-Match with the ETag of what the request is about
// to change (RFC 9110, 13.1.1).
func (s *server) precondition(ifMatch *string, etag string, current any, meta store.Meta) error {
	if ifMatch == nil {
		return nil
	}
	for tag := range strings.SplitSeq(*ifMatch, ",") {
		// A weak tag never matches.
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag {
			return nil
		}
	}
	return &problem{code: catalog.APIPreconditionFailed, detail: "the ETag is " + etag + " now, If-Match names " + *ifMatch,
		current: &currentState{object: current, etag: etag, by: meta.UpdatedBy, at: meta.UpdatedAt.UTC().Format(time.RFC3339)}}
}
