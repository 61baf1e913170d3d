package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// The list of a purge is stored beside its record, in chunks, because etcd
// takes at most 1.5 MiB a request, and because the record is written again
// with each edge's result. The record comes last and makes the purge valid.
const chunkBytes = 512 << 10

// allPurgeLists has its name from the first kind of list.
const allPurgeLists = prefix + "purge-urls/"

func purgeListPrefix(uuid string) string { return allPurgeLists + uuid + "/" }

// CreatePurge writes a new purge of a zone, running. It fills in UUID, ID,
// List, State and Issued, which is also the revision returned. The error wraps
// ErrNotFound if there is no such zone.
func (s *Store) CreatePurge(ctx context.Context, by string, p *Purge) (int64, error) {
	p.UUID, p.State, p.Chunks = NewUUID(), JobRunning, 0
	switch p.List = ListURLs; {
	case len(p.Prefixes) > 0:
		p.List = ListPrefixes
	case len(p.Tags) > 0:
		p.List = ListTags
	}
	chunk, size := []string(nil), 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		value, err := json.Marshal(chunk)
		if err != nil {
			return fmt.Errorf("encode purge: %w", err)
		}
		// Numbers of one width sort as text does.
		key := fmt.Sprintf("%s%06d", purgeListPrefix(p.UUID), p.Chunks)
		if _, err := s.client.Put(ctx, key, string(value)); err != nil {
			return wrap("write purge", err)
		}
		p.Chunks++
		chunk, size = chunk[:0], 0
		return nil
	}
	for _, entry := range *p.list() {
		if size+len(entry) > chunkBytes {
			if err := flush(); err != nil {
				return 0, err
			}
		}
		chunk, size = append(chunk, entry), size+len(entry)
	}
	if err := flush(); err != nil {
		return 0, err
	}
	rev, err := s.Update(ctx, by, func(tx *Tx) error {
		z, err := tx.Zone(p.Zone)
		if err != nil {
			return err
		}
		p.Account, p.Meta = z.Account, Meta{}
		if p.ID, err = tx.nextID(KindPurge); err != nil {
			return err
		}
		return tx.write(p)
	})
	if err != nil {
		return 0, errors.Join(err, s.dropList(ctx, p.UUID))
	}
	p.Issued = rev
	return rev, nil
}

func (s *Store) dropList(ctx context.Context, uuid string) error {
	_, err := s.client.Delete(ctx, purgeListPrefix(uuid), clientv3.WithPrefix())
	return wrap("delete purge", err)
}

// dropOrphans removes lists whose purge was never written, because the process
// ended meanwhile. It runs before anybody can create a purge.
func (s *Store) dropOrphans(ctx context.Context) error {
	chunks, err := s.keys(ctx, allPurgeLists)
	if err != nil || len(chunks) == 0 {
		return err
	}
	purges, err := s.keys(ctx, kindPrefix(KindPurge))
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, key := range purges {
		known[key[strings.LastIndexByte(key, '/')+1:]] = true
	}
	for _, key := range chunks {
		uuid, _, _ := strings.Cut(strings.TrimPrefix(key, allPurgeLists), "/")
		if known[uuid] {
			continue
		}
		known[uuid] = true // once is enough
		if err := s.dropList(ctx, uuid); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keys(ctx context.Context, under string) ([]string, error) {
	resp, err := s.client.Get(ctx, under, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return nil, wrap("read store", err)
	}
	out := make([]string, len(resp.Kvs))
	for i, kv := range resp.Kvs {
		out[i] = string(kv.Key)
	}
	return out, nil
}

// Sweep forgets the purges that were issued before a time or whose zone is
// gone, and returns how many.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	var stale []*Purge
	err := s.View(ctx, func(r *Reader) error {
		purges, err := r.Purges("")
		if err != nil {
			return err
		}
		zones, err := r.Zones()
		if err != nil {
			return err
		}
		alive := map[string]bool{}
		for _, z := range zones {
			alive[z.UUID] = true
		}
		for _, p := range purges {
			if !alive[p.Zone] || p.CreatedAt.Before(before) {
				stale = append(stale, p)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for i, p := range stale {
		_, err := s.Update(ctx, "cistern", func(tx *Tx) error { return tx.DeletePurge(p.Zone, p.UUID) })
		if err != nil && !errors.Is(err, ErrNotFound) {
			return i, err
		}
	}
	return len(stale), nil
}
