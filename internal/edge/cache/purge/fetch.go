package purge

import (
	"container/list"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// A Hold keeps the purges that are added after it began from being forgotten.
// A tier of the cache that cannot be swept takes one for each part of it that
// is dropped as a whole.
type Hold struct {
	table   *Table
	stamp   int64
	version atomic.Uint64 // written with table.mu held
	place   *list.Element // guarded by table.mu; nil: released
	fetch   *Fetch        // the hold is part of; nil: none
}

// Hold begins a Hold.
func (t *Table) Hold() *Hold {
	h := &Hold{table: t}
	h.begin()
	return h
}

func (h *Hold) begin() {
	t := h.table
	t.mu.Lock()
	defer t.mu.Unlock()
	h.stamp = t.newest
	h.version.Store(t.version.Load())
	h.place = t.holds.PushBack(h)
}

// Since returns the revision of the newest purge when the hold began: no purge
// up to it concerns what was fetched since.
func (h *Hold) Since() int64 { return h.stamp }

// Release ends the hold. It may be called again.
func (h *Hold) Release() {
	t := h.table
	t.mu.Lock()
	if h.place != nil {
		t.holds.Remove(h.place)
		h.place = nil
	}
	due := t.due()
	t.mu.Unlock()
	if due {
		t.forget()
	}
}

// A Fetch is a request to the origin as purges see it: what it brings is as
// old as its beginning.
type Fetch struct {
	Hold

	// TagFields names the response fields that purge tags are read from. Nil
	// means those that zones have by default.
	TagFields []string

	hash   uint64
	target string

	// Guarded by table.mu.
	object *flow.Object // what it brings, once that is known
	lost   bool         // purged, by a record that may be forgotten
}

// Begin notes that a fetch for a cache key begins. Release must be called
// after what it brings was stored.
func (t *Table) Begin(key string) *Fetch {
	f := &Fetch{Hold: Hold{table: t}, hash: t.zones.Hash([]byte(key)), target: targetString(key)}
	f.fetch = f
	f.begin()
	return f
}

// Stamp stamps metadata that the fetch brings, before it is shown to anyone
// else.
func (f *Fetch) Stamp(m *flow.Meta) {
	m.Stamp, m.Tags = f.stamp, f.table.zones.tags(m.Fields, f.TagFields)
}

// Own stamps an object that the fetch brings, and its metadata, before it is
// shown to anyone else.
func (f *Fetch) Own(o *flow.Object) {
	o.Born = f.stamp
	f.Stamp(o.Meta())
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	f.object = o
	if f.lost {
		o.Purge()
	}
}

// Current reports whether nothing of the fetch was purged since it began,
// hard or soft, so that it answers requests that come now. Until its tags are
// known a fetch is not current after any purge by tag.
func (f *Fetch) Current() bool {
	t := f.table
	if f.version.Load() == t.version.Load() {
		return true
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return f.current()
}

// current is Current with table.mu held.
func (f *Fetch) current() bool {
	t := f.table
	var tags []uint64
	switch {
	case f.lost:
		return false
	case f.object != nil:
		tags = f.object.Meta().Tags
	case t.tagged > f.version.Load():
		return false
	}
	return max(t.hard.newest(f.hash, f.target, tags), t.soft.newest(f.hash, f.target, tags)) <= f.stamp
}

// Usable reports whether no hard purge names o, an object with the key of the
// fetch that was stored before.
func (f *Fetch) Usable(o *flow.Object) bool {
	t := f.table
	t.mu.RLock()
	defer t.mu.RUnlock()
	return f.usable(o)
}

// usable is Usable with table.mu held.
func (f *Fetch) usable(o *flow.Object) bool {
	return !o.Purged() && f.table.hard.newest(f.hash, f.target, o.Meta().Tags) <= o.Born
}

// Refresh gives o, which the fetch has validated, the metadata m, which is
// stamped, and reports whether o is still usable. Soft purges since the fetch
// began make it stale nevertheless.
func (f *Fetch) Refresh(o *flow.Object, m *flow.Meta) bool {
	t := f.table
	t.mu.RLock()
	defer t.mu.RUnlock()
	if f.lost || !f.usable(o) {
		return false
	}
	// A purge of the tags that o had concerns it as much as one of those that
	// it has now.
	n := max(t.soft.newest(f.hash, f.target, o.Meta().Tags), t.soft.newest(f.hash, f.target, m.Tags))
	if n > m.Stamp {
		m = m.Expired(t.since[n], n)
	}
	o.SetMeta(m)
	return true
}

// settle decides at once on all fetches under way, so that no purge needs to
// be kept for them.
func (t *Table) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	version := t.version.Load()
	for p := t.holds.Front(); p != nil; {
		h, next := p.Value.(*Hold), p.Next()
		if h.version.Load() == version {
			break
		}
		switch f := h.fetch; {
		case f == nil:
		case f.current():
			h.version.Store(version)
			t.holds.MoveToBack(p)
		default:
			f.lose()
		}
		p = next
	}
}

// lose ends the hold of a fetch that was purged. table.mu is held.
func (f *Fetch) lose() {
	f.lost = true
	f.table.holds.Remove(f.place)
	f.place = nil
	// What a soft purge names is kept, and stale from now on.
	if o := f.object; o != nil && !f.table.judge(o, f.hash) {
		o.Purge()
	}
}
