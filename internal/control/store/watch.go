package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// ErrCompacted reports that the revision to resume from is no longer kept:
// the reader must read everything anew, and watch from there.
var ErrCompacted = errors.New("revision is no longer kept")

// A Change is one record that a transaction wrote or deleted.
type Change struct {
	Kind Kind
	UUID string
	// Record is the record as written (*Zone, *Group, …); nil if it was
	// deleted.
	Record Record
}

// A Batch is all that happened to records in some whole revisions, in order.
type Batch struct {
	Revision int64 // of the last change in it
	Changes  []Change
}

// Watch calls fn with every change after revision from, until ctx is done or
// fn returns an error, which is then returned. One call may hold several
// revisions, as all that came during the last call is given at once, but never
// a part of one. The error wraps ErrCompacted if from is too old, and
// ErrUnavailable if the store ended.
func (s *Store) Watch(ctx context.Context, from int64, fn func(Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := s.client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(from+1))
	for resp := range events {
		var b Batch
		if err := s.collect(&b, resp); err != nil {
			return err
		}
		for more := true; more; {
			select {
			case resp, more = <-events:
				if !more {
					continue
				}
				if err := s.collect(&b, resp); err != nil {
					return err
				}
			default:
				more = false
			}
		}
		if len(b.Changes) == 0 {
			continue
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return wrap("watch store", errors.New("the store was closed"))
}

// collect adds what a response holds to b.
func (s *Store) collect(b *Batch, resp clientv3.WatchResponse) error {
	if err := resp.Err(); err != nil {
		if errors.Is(err, rpctypes.ErrCompacted) {
			return fmt.Errorf("watch store: %w", ErrCompacted)
		}
		return wrap("watch store", err)
	}
	for _, ev := range resp.Events {
		b.Revision = ev.Kv.ModRevision
		c, err := change(ev)
		if err != nil {
			s.log.Error("skip change of a damaged record", "error", err, "revision", b.Revision)
			continue
		}
		if c != nil {
			b.Changes = append(b.Changes, *c)
		}
	}
	return nil
}

// change turns an event of etcd into a Change; nil if the key is no record.
func change(ev *clientv3.Event) (*Change, error) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(string(ev.Kv.Key), prefix), "/")
	c := &Change{Kind: Kind(kind), UUID: rest[strings.LastIndexByte(rest, '/')+1:]}
	var err error
	switch c.Kind {
	case KindZone:
		c.Record, err = changed[Zone](ev)
	case KindGroup:
		c.Record, err = changed[Group](ev)
	case KindCredential:
		c.Record, err = changed[Credential](ev)
	case KindPurge:
		c.Record, err = changed[Purge](ev)
	case KindToken:
		c.Record, err = changed[Token](ev)
	case KindAccount:
		c.Record, err = changed[Account](ev)
	default:
		return nil, nil
	}
	return c, err
}

func changed[T any, P pointer[T]](ev *clientv3.Event) (Record, error) {
	if ev.Type == mvccpb.DELETE {
		return nil, nil
	}
	p, err := decode[T, P](ev.Kv)
	if err != nil {
		return nil, err
	}
	return p, nil
}
