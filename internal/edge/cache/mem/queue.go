package mem

// The queues below are S3-FIFO ("FIFO queues are all you need for cache
// eviction", SOSP 2023): a new entry waits in the small queue, a tenth of the
// budget; hit at least twice there it moves to the main queue, else it leaves
// and only its hash stays, in the ghost queue. An entry whose hash is still
// there when it comes again goes to the main queue at once. The main queue
// gives every entry another round for each hit, up to three.

const (
	maxHits   = 3 // an entry's hits are counted up to here
	moveHits  = 2 // hits that move an entry from small to main
	smallPart = 10
)

// A list is a FIFO of entries, doubly linked so that a purged entry leaves in
// constant time.
type list struct {
	head, tail *entry // out at the head, in at the tail
	bytes      int64
	count      int
}

func (l *list) push(e *entry) {
	e.queue = l
	e.before, e.after = l.tail, nil
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.after = e
	}
	l.tail = e
	l.bytes += e.cost
	l.count++
}

func (l *list) remove(e *entry) {
	if e.before == nil {
		l.head = e.after
	} else {
		e.before.after = e.after
	}
	if e.after == nil {
		l.tail = e.before
	} else {
		e.after.before = e.before
	}
	e.queue, e.before, e.after = nil, nil, nil
	l.bytes -= e.cost
	l.count--
}

// queues order the entries for eviction. The store's lock guards them.
type queues struct {
	small, main list
	ghost       ghost
}

// insert queues a new entry.
func (q *queues) insert(e *entry) {
	if q.ghost.take(e.hash) {
		q.main.push(e)
		return
	}
	q.small.push(e)
}

// victim takes the entry to evict out of its queue; nil if there is none.
func (q *queues) victim(budget int64) *entry {
	for {
		e := q.small.head
		if e != nil && (q.small.bytes > budget/smallPart || q.main.head == nil) {
			q.small.remove(e)
			if e.hits.Load() < moveHits {
				q.ghost.add(e.hash, q.main.count+q.small.count)
				return e
			}
			e.hits.Store(0)
			q.main.push(e)
			continue
		}
		if e = q.main.head; e == nil {
			return nil
		}
		q.main.remove(e)
		hits := e.hits.Load()
		if hits == 0 {
			return e
		}
		e.hits.Store(hits - 1)
		q.main.push(e)
	}
}

// ghost remembers the hashes of entries that left the small queue, newest in,
// oldest out.
type ghost struct {
	ring []uint64
	at   int
	set  map[uint64]struct{}
}

// add remembers hash, keeping at most about n.
func (g *ghost) add(hash uint64, n int) {
	if g.set == nil {
		g.set = make(map[uint64]struct{})
	}
	g.set[hash] = struct{}{}
	if len(g.ring) < max(n, 64) {
		g.ring = append(g.ring, hash)
		return
	}
	if g.at >= len(g.ring) {
		g.at = 0
	}
	delete(g.set, g.ring[g.at])
	g.ring[g.at] = hash
	g.at++
}

// take forgets hash and reports whether it was remembered.
func (g *ghost) take(hash uint64) bool {
	_, ok := g.set[hash]
	delete(g.set, hash)
	return ok
}
