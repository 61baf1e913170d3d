// Package purge decides which stored responses may still be used, by
// generations: each purge has a revision, each object the revision of its
// zone's newest purge when its fetch began, and the object is usable only if
// that is not below any purge which names it.
//
// A zone's purges are in its [Table]. Objects remember the table's version at
// their last check, so that a hit compares two numbers, and consults the
// table only after something was purged. A table forgets a purge when nothing
// older can come into the cache any more: when the cache was swept and the
// fetches that had begun before have ended.
//
// URLs and tags are kept as 64-bit hashes under a key of the process. Should
// two collide, an object too many is purged, never one too few.
package purge

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Zones holds the tables of the zones of one edge. Use [NewZones] to get one.
// It is safe for concurrent use.
type Zones struct {
	seed    maphash.Seed
	dropped atomic.Int64

	mu     sync.RWMutex // guards tables
	tables map[string]*Table
}

// NewZones returns Zones without purges.
func NewZones() *Zones {
	return &Zones{seed: maphash.MakeSeed(), tables: make(map[string]*Table)}
}

// Table returns the table of the zone with this UUID. It is made at first use
// and stays; without purges it is small.
func (z *Zones) Table(uuid string) *Table {
	z.mu.RLock()
	t := z.tables[uuid]
	z.mu.RUnlock()
	if t != nil {
		return t
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if t = z.tables[uuid]; t == nil {
		t = &Table{zones: z}
		t.version.Store(1) // so that 0 is the mark of what was never checked
		z.tables[uuid] = t
	}
	return t
}

// DroppedTags returns how many tags of responses were ignored, as they were
// malformed or too many.
func (z *Zones) DroppedTags() int64 { return z.dropped.Load() }

// A cache key begins with the class of the entry (one byte), the decimal
// number of the zone, "." and what tells generations of content apart. From
// the first "/" to the first LF, or the end, stands the target: the path in
// the strict form of objkey and what of the query is in the key. Purges look
// at number and target alone: whatever else a key holds, all that was stored
// for a URL goes with it.

// Hash returns the hash of the zone and the target in a cache key. No two
// zones share one but by accident.
func (z *Zones) Hash(key []byte) uint64 {
	id := uint64(0)
	for _, c := range key[min(1, len(key)):] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	const odd = 0x9e3779b97f4a7c15
	return maphash.Bytes(z.seed, targetOf(key)) ^ bits.RotateLeft64((id+1)*odd, 32)
}

// targetOf returns the target in a cache key.
func targetOf(key []byte) []byte {
	if i := bytes.IndexByte(key, '/'); i >= 0 {
		key = key[i:]
	}
	if i := bytes.IndexByte(key, '\n'); i >= 0 {
		key = key[:i]
	}
	return key
}
