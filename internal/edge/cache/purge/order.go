package purge

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// An Order is one purge of a zone, mapped from what the customer wrote.
type Order struct {
	Revision int64 // above 0
	At       int64 // Unix seconds: since when a soft purge makes stale
	Soft     bool
	All      bool
	// Keys are cache keys of requests for the URLs. Only their zone and target
	// count (see Zones.Hash).
	Keys [][]byte
	// Prefixes are beginnings of paths in the strict form of objkey.
	Prefixes []string
	Tags     []string
}

// A Record is an Order compiled for the table that made it. It is immutable
// but for what the table keeps in it.
type Record struct {
	revision, at int64
	soft, all    bool
	targets      []uint64 // sorted
	tags         []uint64 // sorted
	prefixes     prefixes

	// Guarded by Table.mu.
	version uint64 // of the table since the record is in it
	done    bool
}

// Record compiles o.
func (t *Table) Record(o *Order) *Record {
	r := &Record{revision: o.Revision, at: o.At, soft: o.Soft, all: o.All}
	for _, key := range o.Keys {
		r.targets = append(r.targets, t.zones.Hash(key))
	}
	for _, tag := range o.Tags {
		r.tags = append(r.tags, maphash.String(t.zones.seed, tag))
	}
	slices.Sort(r.targets)
	slices.Sort(r.tags)
	r.targets, r.tags = slices.Compact(r.targets), slices.Compact(r.tags)
	r.prefixes = r.prefixes.with(o.Prefixes, o.Revision)
	return r
}

// Soft reports whether the purge makes stale, and not unusable.
func (r *Record) Soft() bool { return r.soft }

// Targets returns hashes of the URLs that the purge names, each once, and
// whether it names nothing else.
func (r *Record) Targets() (hashes []uint64, only bool) {
	return r.targets, !r.all && len(r.prefixes) == 0 && len(r.tags) == 0
}

// Names reports whether the purge names a stored object whose key has this
// hash, and is newer than its body.
func (r *Record) Names(o *flow.Object, hash uint64) bool {
	if o.Born >= r.revision {
		return false
	}
	if r.all {
		return true
	}
	if _, ok := slices.BinarySearch(r.targets, hash); ok {
		return true
	}
	if len(r.prefixes) > 0 && r.prefixes.newest(targetString(o.Key)) > 0 {
		return true
	}
	if len(r.tags) > 0 {
		for _, tag := range o.Meta().Tags {
			if _, ok := slices.BinarySearch(r.tags, tag); ok {
				return true
			}
		}
	}
	return false
}

// size is how much of a table the record takes.
func (r *Record) size() int { return len(r.targets) + len(r.tags) + len(r.prefixes) }

func (r *Record) texts() []string {
	out := make([]string, len(r.prefixes))
	for i := range r.prefixes {
		out[i] = r.prefixes[i].text
	}
	return out
}

// targetString is targetOf for a string.
func targetString(key string) string {
	if i := strings.IndexByte(key, '/'); i >= 0 {
		key = key[i:]
	}
	if i := strings.IndexByte(key, '\n'); i >= 0 {
		key = key[:i]
	}
	return key
}
