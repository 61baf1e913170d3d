package purge

import (
	"container/list"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

const (
	// maxSize bounds what a table keeps on account of fetches that do not end:
	// URLs, tags and prefixes together. It is as many as the control plane
	// retains for a zone.
	maxSize = 1_000_000
	// slice is how many entries are changed at a time under the lock that
	// checks of hits wait for.
	slice = 512
)

// A Table holds the purges of a zone that may still matter. Its methods are
// safe for concurrent use.
type Table struct {
	zones *Zones
	// version grows whenever a purge is added. It is written with mu held.
	version atomic.Uint64

	order sync.Mutex // serialises changes of the purges; taken before mu
	size  int        // of the records in log; guarded by order

	mu     sync.RWMutex // guards what follows; checks of hits wait for it
	newest int64        // revision
	tagged uint64       // version since the newest purge by tag
	hard   scope
	soft   scope
	since  map[int64]int64 // revision of a soft purge → its time
	log    []*Record       // oldest first
	holds  list.List       // of *Hold, oldest first
}

// Add puts a purge in force: from its return on nothing that it names passes
// a check. It must be followed by Done.
func (t *Table) Add(r *Record) {
	t.order.Lock()
	t.add(r)
	t.size += r.size()
	overfull := t.size > maxSize
	t.order.Unlock()
	if overfull {
		t.settle()
		t.forget()
	}
}

func (t *Table) add(r *Record) {
	s := t.scope(r)
	linked := s.prefixes.with(r.texts(), r.revision)
	for part := range slices.Chunk(r.targets, slice) {
		t.mu.Lock()
		raise(&s.targets, part, r.revision)
		t.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	raise(&s.tags, r.tags, r.revision)
	s.prefixes = linked
	if r.all && r.revision > s.all {
		if r.soft {
			delete(t.since, s.all)
		}
		s.all = r.revision
	}
	if r.soft {
		if t.since == nil {
			t.since = make(map[int64]int64)
		}
		t.since[r.revision] = r.at
	}
	t.newest = max(t.newest, r.revision)
	r.version = t.version.Add(1)
	if len(r.tags) > 0 {
		t.tagged = r.version
	}
	t.log = append(t.log, r)
}

// scope returns where a record belongs.
func (t *Table) scope(r *Record) *scope {
	if r.soft {
		return &t.soft
	}
	return &t.hard
}

// Done tells that whatever the purge names and was stored when it was added
// is dropped, or stale. It may be forgotten as soon as no Hold from before it
// is left.
func (t *Table) Done(r *Record) {
	t.mu.Lock()
	r.done = true
	due := t.due()
	t.mu.Unlock()
	if due {
		t.forget()
	}
}

// due reports whether the oldest purge may be forgotten. t.mu is held.
func (t *Table) due() bool {
	if len(t.log) == 0 || !t.log[0].done {
		return false
	}
	oldest := t.holds.Front()
	return oldest == nil || oldest.Value.(*Hold).version.Load() >= t.log[0].version
}

// forget takes out of the table what is due.
func (t *Table) forget() {
	t.order.Lock()
	defer t.order.Unlock()
	for {
		t.mu.Lock()
		if !t.due() {
			t.mu.Unlock()
			return
		}
		r := t.log[0]
		t.log[0] = nil
		if t.log = t.log[1:]; len(t.log) == 0 {
			t.log = nil
		}
		t.mu.Unlock()
		t.remove(r)
	}
}

// remove undoes add. That everything was purged once is never forgotten, as
// it takes no room. t.order is held.
func (t *Table) remove(r *Record) {
	s := t.scope(r)
	t.size -= r.size()
	linked := s.prefixes.without(r.texts(), r.revision)
	for part := range slices.Chunk(r.targets, slice) {
		t.mu.Lock()
		lower(&s.targets, part, r.revision)
		t.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	lower(&s.tags, r.tags, r.revision)
	s.prefixes = linked
	if r.revision != t.soft.all {
		delete(t.since, r.revision)
	}
}

// Check reports whether a stored object may be used: false after a hard purge
// that names it. A soft one makes it stale. hash is that of its key; seen
// belongs to the object and remembers the last check.
func (t *Table) Check(o *flow.Object, hash uint64, seen *atomic.Uint64) bool {
	return seen.Load() == t.version.Load() || t.check(o, hash, seen)
}

func (t *Table) check(o *flow.Object, hash uint64, seen *atomic.Uint64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !t.judge(o, hash) {
		return false
	}
	seen.Store(t.version.Load())
	return true
}

// judge is Check without its memory. t.mu is held.
func (t *Table) judge(o *flow.Object, hash uint64) bool {
	if o.Purged() {
		return false
	}
	target := targetString(o.Key)
	for {
		m := o.Meta()
		if t.hard.newest(hash, target, m.Tags) > o.Born {
			return false
		}
		n := t.soft.newest(hash, target, m.Tags)
		if n <= m.Stamp || o.SwapMeta(m, m.Expired(t.since[n], n)) {
			return true
		}
	}
}

// Size returns how many URLs, tags and prefixes the table keeps.
func (t *Table) Size() int {
	t.order.Lock()
	defer t.order.Unlock()
	return t.size
}
