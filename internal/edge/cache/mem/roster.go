package mem

import (
	"math"
	"slices"

	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
)

// A roster lists the entries by what purges name: the zone, and the target of
// the key. The store's lock guards it; hits do without.
type roster struct {
	zones   map[*purge.Table]*members
	targets map[uint64]*entry // the first of each list
}

// members are the entries of a zone, in no order.
type members struct {
	zone  string
	list  []*entry
	bytes int64
}

// A roll is an entry's places in the roster.
type roll struct {
	at             int // in members.list, from 1; 0: not on the roster
	previous, next *entry
}

func (r *roll) called() bool { return r.at > 0 }

func newRoster() roster {
	return roster{zones: make(map[*purge.Table]*members), targets: make(map[uint64]*entry)}
}

func (r *roster) add(e *entry) {
	m := r.zones[e.table]
	if m == nil {
		m = &members{zone: e.object.Zone}
		r.zones[e.table] = m
	}
	m.list = append(m.list, e)
	m.bytes += e.cost
	e.roll = roll{at: len(m.list), next: r.targets[e.target]}
	if e.roll.next != nil {
		e.roll.next.roll.previous = e
	}
	r.targets[e.target] = e
}

// remove takes e out. The zone's last entry takes its place: see sweep.
func (r *roster) remove(e *entry) {
	m := r.zones[e.table]
	last := m.list[len(m.list)-1]
	m.list[e.roll.at-1], last.roll.at = last, e.roll.at
	m.list[len(m.list)-1] = nil
	m.list = m.list[:len(m.list)-1]
	m.bytes -= e.cost
	if len(m.list) == 0 {
		delete(r.zones, e.table)
	}

	before, after := e.roll.previous, e.roll.next
	if after != nil {
		after.roll.previous = before
	}
	switch {
	case before != nil:
		before.roll.next = after
	case after != nil:
		r.targets[e.target] = after
	default:
		delete(r.targets, e.target)
	}
	e.roll = roll{}
}

func (r *roster) stats() []ZoneStats {
	out := make([]ZoneStats, 0, len(r.zones))
	for _, m := range r.zones {
		out = append(out, ZoneStats{UUID: m.zone, Objects: int64(len(m.list)), Bytes: m.bytes})
	}
	return out
}

// sweepBatch is how many entries a sweep looks at before it lets others at
// the store.
const sweepBatch = 256

// Sweep drops, or makes stale, what a purge names that is in force in t, and
// counts it. It holds no lock for longer than some entries take; hits wait for
// at most one.
func (s *Store) Sweep(t *purge.Table, r *purge.Record) (objects, bytes int64) {
	return s.sweep(t, r, func(e *entry) {
		if r.Soft() {
			e.usable()
			return
		}
		e.object.Purge()
		s.drop(e)
	})
}

// Count counts what Sweep would find.
func (s *Store) Count(t *purge.Table, r *purge.Record) (objects, bytes int64) {
	return s.sweep(t, r, func(*entry) {})
}

// sweep calls act, with s.mu held, for each entry that r names.
func (s *Store) sweep(t *purge.Table, r *purge.Record, act func(*entry)) (objects, bytes int64) {
	visit := func(e *entry) {
		if e.table == t && r.Names(e.object, e.target) {
			objects++
			bytes += e.object.Size()
			act(e)
		}
	}
	if targets, only := r.Targets(); only {
		for part := range slices.Chunk(targets, sweepBatch) {
			s.mu.Lock()
			for _, target := range part {
				for e := s.roster.targets[target]; e != nil; {
					next := e.roll.next
					visit(e)
					e = next
				}
			}
			s.mu.Unlock()
		}
		return objects, bytes
	}
	for at := math.MaxInt; at > 0; {
		at = s.sweepMembers(t, at, visit)
	}
	return objects, bytes
}

// sweepMembers visits some members of a zone, from before at towards the
// first, and returns where to go on. None is missed: when one goes, be it
// between two calls, the last takes its place, which was visited or is still
// before at.
func (s *Store) sweepMembers(t *purge.Table, at int, visit func(*entry)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.roster.zones[t]
	if m == nil {
		return 0
	}
	at = min(at, len(m.list))
	low := max(0, at-sweepBatch)
	for ; at > low; at-- {
		visit(m.list[at-1])
	}
	return low
}
