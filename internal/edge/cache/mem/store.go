// Package mem is the cache's RAM tier: bodies in an arena outside the Go
// heap, an index of complete objects, and S3-FIFO eviction within one budget
// of bytes.
package mem

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

const (
	shardCount  = 64
	maxVariants = 64 // per key; more push out the oldest
	// entryCost is what an entry takes on the Go heap besides its Meta: the
	// structs, the key in the map, the map's slot.
	entryCost = 320
)

// A Store keeps objects within a budget. Its methods are safe for concurrent
// use. Get takes no lock that a hit on another key would wait for long: the
// index is sharded, and the queues are not touched.
type Store struct {
	budget int64
	arena  *arena
	seed   maphash.Seed
	shards [shardCount]shard

	mu      sync.Mutex // guards the queues; taken before a shard's lock
	queues  queues
	heap    int64 // cost of all entries on the Go heap
	objects atomic.Int64
	evicted atomic.Int64
}

type shard struct {
	mu      sync.RWMutex // guards entries and the chains of variants
	entries map[string]*entry
	_       [24]byte // one shard, one cache line
}

// An entry is an indexed object.
type entry struct {
	object *flow.Object
	hash   uint64
	next   *entry // another variant of the same key
	hits   atomic.Int32

	// Guarded by Store.mu.
	queue         *list
	before, after *entry
	cost          int64 // bytes charged to the budget
	heap          int64 // part of cost that lies on the Go heap
}

// New returns an empty store of budget bytes. With a budget below one chunk
// nothing is ever stored.
func New(budget int64) (*Store, error) {
	a, err := newArena(budget)
	if err != nil {
		return nil, err
	}
	s := &Store{budget: budget, arena: a, seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].entries = make(map[string]*entry)
	}
	return s, nil
}

// Close gives the memory back. No object may be pinned.
func (s *Store) Close() error { return s.arena.close() }

// Limit returns the size in bytes of the largest body that is worth keeping.
func (s *Store) Limit() int64 { return int64(len(s.arena.data)) / 4 * 3 }

// Get returns the object stored under key that fits the request's fields,
// pinned, or nil. other reports that the key has objects, all of other
// variants.
func (s *Store) Get(key []byte, request httpmsg.Fields) (o *flow.Object, other bool) {
	sh := &s.shards[maphash.Bytes(s.seed, key)%shardCount]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	first := sh.entries[string(key)]
	var best *entry
	for e := first; e != nil; e = e.next {
		if len(e.object.Vary) > 0 && !fits(e.object, request) {
			continue
		}
		if best == nil || e.object.Meta().Dated > best.object.Meta().Dated {
			best = e
		}
	}
	if best == nil {
		return nil, first != nil
	}
	best.object.Pin()
	if n := best.hits.Load(); n < maxHits {
		best.hits.Store(n + 1)
	}
	return best.object, false
}

// Variants appends to dst the objects stored under key, pinned, as far as dst
// has room.
func (s *Store) Variants(dst []*flow.Object, key []byte) []*flow.Object {
	sh := &s.shards[maphash.Bytes(s.seed, key)%shardCount]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for e := sh.entries[string(key)]; e != nil && len(dst) < cap(dst); e = e.next {
		e.object.Pin()
		dst = append(dst, e.object)
	}
	return dst
}

// fits reports whether o answers a request with these fields (RFC 9111, 4.1).
func fits(o *flow.Object, request httpmsg.Fields) bool {
	var room [256]byte
	variant, ok := httpcache.AppendVariantKey(room[:0], o.Vary, request)
	return ok && bytes.Equal(variant, o.Variant)
}

// Put indexes a complete object in place of any older one of the same
// variant. The store pins it for as long as it is indexed.
func (s *Store) Put(o *flow.Object) {
	hash := maphash.String(s.seed, o.Key)
	heap := int64(entryCost+len(o.Key)) + o.Meta().Cost()
	e := &entry{object: o, hash: hash, heap: heap, cost: heap + o.Held()}
	o.Pin()

	s.mu.Lock()
	defer s.mu.Unlock()
	sh := &s.shards[hash%shardCount]
	sh.mu.Lock()
	gone := sh.replace(e)
	sh.mu.Unlock()
	for _, old := range gone {
		s.forget(old)
	}
	s.heap += heap
	s.objects.Add(1)
	s.queues.insert(e)
	for s.heap+s.arena.inUse() > s.budget && s.evict() {
	}
}

// replace links e as the first variant of its key and returns the entries it
// pushes out: the same variant's, and the last of too many.
func (sh *shard) replace(e *entry) (gone []*entry) {
	n := 1
	e.next = sh.entries[e.object.Key]
	sh.entries[e.object.Key] = e
	for link := &e.next; *link != nil; {
		v := *link
		same := bytes.Equal(v.object.Variant, e.object.Variant) && bytes.Equal(v.object.Vary, e.object.Vary)
		if same || n >= maxVariants {
			*link = v.next
			gone = append(gone, v)
			continue
		}
		n++
		link = &v.next
	}
	return gone
}

// forget takes an entry that is no longer indexed out of the queues and gives
// back its pin. s.mu is held.
func (s *Store) forget(e *entry) {
	if e.queue != nil {
		e.queue.remove(e)
	}
	s.heap -= e.heap
	s.objects.Add(-1)
	e.object.Unpin()
}

// evict drops the entry whose turn it is and reports whether there was one.
// s.mu is held.
func (s *Store) evict() bool {
	e := s.queues.victim(s.budget)
	if e == nil {
		return false
	}
	sh := &s.shards[e.hash%shardCount]
	sh.mu.Lock()
	sh.unlink(e)
	sh.mu.Unlock()
	s.forget(e)
	s.evicted.Add(1)
	return true
}

// unlink removes one entry from its chain.
func (sh *shard) unlink(e *entry) {
	key := e.object.Key
	first := sh.entries[key]
	if first == e {
		if e.next == nil {
			delete(sh.entries, key)
			return
		}
		sh.entries[key] = e.next
		return
	}
	for v := first; v != nil; v = v.next {
		if v.next == e {
			v.next = e.next
			return
		}
	}
}

// Remove drops every variant stored under key.
func (s *Store) Remove(key string) (objects, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := &s.shards[maphash.String(s.seed, key)%shardCount]
	sh.mu.Lock()
	first := sh.entries[key]
	delete(sh.entries, key)
	sh.mu.Unlock()
	for e := first; e != nil; e = e.next {
		objects++
		bytes += e.object.Size()
		s.forget(e)
	}
	return objects, bytes
}

// RemoveZone drops every object of the zone with this UUID.
func (s *Store) RemoveZone(zone string) (objects, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.shards {
		sh := &s.shards[i]
		var gone []*entry
		sh.mu.Lock()
		for key, first := range sh.entries {
			if first.object.Zone != zone {
				continue // one key, one zone
			}
			delete(sh.entries, key)
			for e := first; e != nil; e = e.next {
				gone = append(gone, e)
			}
		}
		sh.mu.Unlock()
		for _, e := range gone {
			objects++
			bytes += e.object.Size()
			s.forget(e)
		}
	}
	return objects, bytes
}

// Chunk implements flow.Memory: it evicts until n bytes are free. It gives
// nil if what is evicted is still being read, so that nothing would be
// gained by evicting more.
func (s *Store) Chunk(n int) []byte {
	if c := s.arena.alloc(n); c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for range maxChunkEvictions {
		if !s.evict() {
			return s.arena.alloc(n)
		}
		if c := s.arena.alloc(n); c != nil {
			return c
		}
	}
	return nil
}

// maxChunkEvictions bounds the work for one chunk: as many smallest objects
// as fill 16 chunks.
const maxChunkEvictions = 16 * maxBlock / minBlock

// Recycle implements flow.Memory.
func (s *Store) Recycle(chunk []byte) {
	if s.arena.owns(chunk) {
		s.arena.release(chunk)
	}
}

// Stats are a store's figures at one moment.
type Stats struct {
	Budget, Used, Objects, Evicted int64
}

// Stats returns the store's figures.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	heap := s.heap
	s.mu.Unlock()
	return Stats{Budget: s.budget, Used: heap + s.arena.inUse(), Objects: s.objects.Load(), Evicted: s.evicted.Load()}
}

var _ flow.Memory = (*Store)(nil)
