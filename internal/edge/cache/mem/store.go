// Package mem is the cache's RAM tier: bodies in an arena outside the Go
// heap, an index of complete objects, and S3-FIFO eviction within one budget
// of bytes.
package mem

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

const (
	shardCount  = 64
	maxVariants = 64 // per key; more push out the oldest
	// entryCost is what an entry takes on the Go heap besides its Meta and its
	// key: the structs, and its places in the maps and in the zone's list.
	entryCost = 400
)

// A Store keeps objects within a budget. Its methods are safe for concurrent
// use. Get takes no lock that a hit on another key would wait for long: the
// index is sharded, and what orders the entries is not touched.
type Store struct {
	budget int64
	arena  *arena
	seed   maphash.Seed
	purges *purge.Zones
	shards [shardCount]shard

	mu      sync.Mutex // guards what follows; taken before a shard's lock
	queues  queues
	roster  roster
	heap    int64 // cost of all entries on the Go heap
	objects atomic.Int64
	evicted atomic.Int64
}

type shard struct {
	mu      sync.RWMutex      // guards entries and their chains
	entries map[uint64]*entry // by hash of the key
	_       [24]byte          // one shard, one cache line
}

// An entry is an indexed object.
type entry struct {
	object *flow.Object
	table  *purge.Table // of the object's zone
	hash   uint64       // of the key
	target uint64       // hash of zone and target
	next   *entry       // of the same hash: variants of the key, and accidents
	hits   atomic.Int32
	seen   atomic.Uint64 // version of table at the last check

	// Guarded by Store.mu.
	queue         *list
	before, after *entry
	cost          int64 // bytes charged to the budget
	heap          int64 // part of cost that lies on the Go heap
	roll          roll
}

// New returns an empty store of budget bytes, whose objects are used as far as
// purges permits. With a budget below one chunk nothing is ever stored.
func New(budget int64, purges *purge.Zones) (*Store, error) {
	a, err := newArena(budget)
	if err != nil {
		return nil, err
	}
	s := &Store{budget: budget, arena: a, seed: maphash.MakeSeed(), purges: purges, roster: newRoster()}
	for i := range s.shards {
		s.shards[i].entries = make(map[uint64]*entry)
	}
	return s, nil
}

// Close gives the memory back. No object may be pinned.
func (s *Store) Close() error { return s.arena.close() }

// Limit returns the size in bytes of the largest body that is worth keeping.
func (s *Store) Limit() int64 { return int64(len(s.arena.data)) / 4 * 3 }

// Get returns the object stored under key that fits the request's fields,
// pinned, or nil; of several the one with the latest Date (RFC 9111, 4). other
// reports that the key has objects, all of other variants. What a hard purge
// names is not there, what a soft one names is stale.
func (s *Store) Get(key []byte, request httpmsg.Fields) (o *flow.Object, other bool) {
	hash := maphash.Bytes(s.seed, key)
	sh := &s.shards[hash%shardCount]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var best *entry
	for e := sh.entries[hash]; e != nil; e = e.next {
		switch {
		case e.object.Key != string(key) || !e.usable():
		case len(e.object.Vary) > 0 && !fits(e.object, request):
			other = true
		case best == nil || best.object.Meta().Dated < e.object.Meta().Dated:
			best = e
		}
	}
	if best == nil {
		return nil, other
	}
	best.object.Pin()
	if n := best.hits.Load(); n < maxHits {
		best.hits.Store(n + 1)
	}
	return best.object, false
}

// Variants appends the objects stored under key to dst, pinned, the newest
// first and as many as there is room for.
func (s *Store) Variants(dst []*flow.Object, key []byte) []*flow.Object {
	hash := maphash.Bytes(s.seed, key)
	sh := &s.shards[hash%shardCount]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for e := sh.entries[hash]; e != nil && len(dst) < cap(dst); e = e.next {
		if e.object.Key == string(key) && e.usable() {
			e.object.Pin()
			dst = append(dst, e.object)
		}
	}
	return dst
}

// usable reports whether no hard purge names the entry's object.
func (e *entry) usable() bool { return e.table.Check(e.object, e.target, &e.seen) }

// fits reports whether o answers a request with these fields (RFC 9111, 4.1).
func fits(o *flow.Object, request httpmsg.Fields) bool {
	var room [256]byte
	variant, ok := httpcache.AppendVariantKey(room[:0], o.Vary, request)
	return ok && bytes.Equal(variant, o.Variant)
}

// Put indexes a complete object in place of any older one of the same
// variant. The store pins it for as long as it is indexed. The fetch that
// brought the object must still hold its zone's purges: if one names it, it
// goes at once.
func (s *Store) Put(o *flow.Object) {
	heap := int64(entryCost+len(o.Key)) + o.Meta().Cost()
	e := &entry{
		object: o, table: s.purges.Table(o.Zone),
		hash: maphash.String(s.seed, o.Key), target: s.purges.Hash([]byte(o.Key)),
		heap: heap, cost: heap + o.Held(),
	}
	o.Pin()
	s.insert(e)
	// Only now is it sure that a purge finds the entry here.
	if !e.usable() {
		s.mu.Lock()
		s.drop(e)
		s.mu.Unlock()
	}
}

func (s *Store) insert(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := &s.shards[e.hash%shardCount]
	sh.mu.Lock()
	gone := sh.replace(e)
	sh.mu.Unlock()
	for _, old := range gone {
		s.forget(old)
	}
	s.heap += e.heap
	s.objects.Add(1)
	s.roster.add(e)
	s.queues.insert(e)
	for s.heap+s.arena.inUse() > s.budget && s.evict() {
	}
}

// replace links e as the first of its hash and returns the entries it pushes
// out: the same variant's, and the last of too many.
func (sh *shard) replace(e *entry) (gone []*entry) {
	n := 1
	e.next = sh.entries[e.hash]
	sh.entries[e.hash] = e
	for link := &e.next; *link != nil; {
		v := *link
		if v.object.Key != e.object.Key {
			link = &v.next
			continue
		}
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

// forget takes an entry that is no longer indexed out of all else and gives
// back its pin. s.mu is held.
func (s *Store) forget(e *entry) {
	if e.queue != nil {
		e.queue.remove(e)
	}
	s.roster.remove(e)
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
	s.drop(e)
	s.evicted.Add(1)
	return true
}

// drop takes an entry out of the index, if it is still there, and reports
// whether it was. s.mu is held.
func (s *Store) drop(e *entry) bool {
	if !e.roll.called() {
		return false
	}
	sh := &s.shards[e.hash%shardCount]
	sh.mu.Lock()
	sh.unlink(e)
	sh.mu.Unlock()
	s.forget(e)
	return true
}

// unlink removes one entry from its chain.
func (sh *shard) unlink(e *entry) {
	first := sh.entries[e.hash]
	if first == e {
		if e.next == nil {
			delete(sh.entries, e.hash)
			return
		}
		sh.entries[e.hash] = e.next
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
	target := s.purges.Hash([]byte(key))
	for e := s.roster.targets[target]; e != nil; {
		next := e.roll.next
		if e.object.Key == key {
			objects++
			bytes += e.object.Size()
			s.drop(e)
		}
		e = next
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
	Zones                          []ZoneStats // in no order
}

// ZoneStats are the figures of a zone of which something is stored.
type ZoneStats struct {
	UUID           string
	Objects, Bytes int64 // Bytes as charged to the budget
}

// Stats returns the store's figures.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	heap, zones := s.heap, s.roster.stats()
	s.mu.Unlock()
	return Stats{
		Budget: s.budget, Used: heap + s.arena.inUse(), Objects: s.objects.Load(), Evicted: s.evicted.Load(),
		Zones: zones,
	}
}

var _ flow.Memory = (*Store)(nil)
