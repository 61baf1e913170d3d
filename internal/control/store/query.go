package store

import (
	"cmp"
	"slices"
)

// A Position is a place in a sorted list: behind the record with this sort
// key and UUID.
type Position struct {
	Key  string `json:"k"`
	UUID string `json:"u"`
}

// A Query says which records of a list are wanted, and in what order. The
// zero value wants all, by UUID.
type Query[T Record] struct {
	Match      func(T) bool   // nil: every record
	Key        func(T) string // what is sorted by; nil: the UUID. Ties are broken by UUID
	Descending bool
	After      *Position // nil: from the beginning
	Limit      int       // of the page; 0: none
}

// Page returns the page of items that q asks for, where the next one begins
// (nil: there is none), and how many items match in all. Items is not
// changed.
func (q Query[T]) Page(items []T) (page []T, next *Position, total int) {
	for _, it := range items {
		if q.Match == nil || q.Match(it) {
			page = append(page, it)
		}
	}
	total = len(page)
	slices.SortFunc(page, func(a, b T) int { return q.compare(q.position(a), q.position(b)) })
	if q.After != nil {
		page = slices.DeleteFunc(page, func(it T) bool { return q.compare(q.position(it), *q.After) <= 0 })
	}
	if q.Limit > 0 && len(page) > q.Limit {
		page = page[:q.Limit]
		last := q.position(page[q.Limit-1])
		next = &last
	}
	return page, next, total
}

func (q Query[T]) position(it T) Position {
	p := Position{UUID: it.RecordUUID()}
	if q.Key != nil {
		p.Key = q.Key(it)
	}
	return p
}

func (q Query[T]) compare(a, b Position) int {
	c := cmp.Compare(a.Key, b.Key)
	if q.Descending {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(a.UUID, b.UUID))
}
