package flow

import (
	"math"
	"sync"
)

// A Growth is the body of an object while one fill writes it. Readers follow
// at their own pace and do not slow the fill, unless the body cannot be
// stored: then it is a window that moves with the slowest of them.
type Growth struct {
	object *Object
	expect int64  // bytes announced; -1: unknown
	limit  int64  // beyond it the body is not kept
	idle   func() // called when the last reader leaves a body that still grows

	mu      sync.Mutex // guards what follows
	chunks  [][]byte   // chunks[0] holds the offset first*ChunkSize
	first   int64
	filled  int64
	window  bool   // not kept: chunks that every reader has passed are freed
	heap    int64  // chunks from this number on are of the Go heap, not of memory
	spare   []byte // one of them that is free
	ended   bool
	err     error
	readers map[*Reader]struct{}
	wakes   []func()
	room    chan struct{} // closed when the window has moved; nil: nobody waits
	retired []byte        // last chunk, replaced by a smaller one at the end
}

// windowChunks bounds the memory of a body that is passed on without being
// kept.
const windowChunks = 2

// Grow starts the body of o: expect bytes (-1: unknown), kept if keep is set
// and as long as there are no more than limit. idle is called, from any
// goroutine, whenever the last reader leaves before the end.
func Grow(o *Object, expect, limit int64, keep bool, idle func()) *Growth {
	return &Growth{
		object: o, expect: expect, limit: limit, idle: idle,
		window:  !keep || expect > limit,
		heap:    math.MaxInt64,
		readers: make(map[*Reader]struct{}),
	}
}

// Filled returns the bytes written so far and those announced (-1: unknown).
func (g *Growth) Filled() (filled, expect int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.filled, g.expect
}

// Kept reports whether all bytes so far are kept, so that a reader may start
// anywhere and the object may be stored when it is complete.
func (g *Growth) Kept() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.window
}

// Idle reports whether nobody reads a body that still grows.
func (g *Growth) Idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.ended && len(g.readers) == 0
}

// Space returns memory for the next bytes; its writer then calls Commit. The
// body of a window waits until its readers have moved on or quit is closed,
// which gives nil.
func (g *Growth) Space(quit <-chan struct{}) []byte {
	for {
		space, wait := g.space()
		if space != nil {
			return space
		}
		select {
		case <-wait:
		case <-quit:
			return nil
		}
	}
}

func (g *Growth) space() (space []byte, wait chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := int(g.filled % ChunkSize)
	if at != 0 || g.filled/ChunkSize < g.first+int64(len(g.chunks)) {
		last := g.chunks[len(g.chunks)-1]
		if at < len(last) {
			return last[at:], nil
		}
		panic("bug: body longer than announced")
	}
	if g.filled >= g.limit {
		g.window = true
	}
	if !g.window {
		n := int64(ChunkSize)
		if g.expect >= 0 {
			n = min(n, g.expect-g.filled)
		}
		if c := g.object.memory.Chunk(int(n)); c != nil {
			g.chunks = append(g.chunks, c)
			return c, nil
		}
		g.window = true
	}
	g.trim()
	if len(g.chunks) >= windowChunks {
		if g.room == nil {
			g.room = make(chan struct{})
		}
		return nil, g.room
	}
	g.heap = min(g.heap, g.first+int64(len(g.chunks)))
	c := g.spare
	if g.spare = nil; c == nil {
		c = make([]byte, ChunkSize)
	}
	g.chunks = append(g.chunks, c)
	return c, nil
}

// free gives back g.chunks[0]. g.mu is held.
func (g *Growth) free() {
	if g.first < g.heap {
		g.object.memory.Recycle(g.chunks[0])
	} else {
		g.spare = g.chunks[0]
	}
	g.chunks[0] = nil
	g.chunks = g.chunks[1:]
	g.first++
}

// trim frees the chunks of a window that all readers have passed. g.mu is
// held.
func (g *Growth) trim() {
	if !g.window {
		return
	}
	low := g.filled
	for r := range g.readers {
		low = min(low, r.pos)
	}
	moved := false
	for len(g.chunks) > 0 && (g.first+1)*ChunkSize <= low {
		g.free()
		moved = true
	}
	if moved && g.room != nil {
		close(g.room)
		g.room = nil
	}
}

// Commit makes the first n bytes of the last Space visible to readers.
func (g *Growth) Commit(n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	g.filled += int64(n)
	g.wake() // unlocks
}

// End finishes the body: whole with a nil error, else cut. The first tail
// bytes of the last Space belong to it, in place of a last Commit. If the
// object is complete and all of it was kept, keep (unless nil) is called with it before
// readers learn of the end: who has read it to the end finds it stored.
func (g *Growth) End(tail int, err error, keep func(*Object)) {
	g.mu.Lock()
	filled := g.filled + int64(tail)
	if err == nil && g.expect >= 0 && filled != g.expect {
		panic("bug: body ended at another length than announced")
	}
	if err == nil && !g.window {
		o := g.object
		o.chunks = append([][]byte(nil), g.chunks...)
		o.size = filled
		g.shrink()
		o.complete.Store(true)
		if keep != nil {
			g.mu.Unlock()
			keep(o)
			g.mu.Lock()
		}
	}
	g.filled, g.ended, g.err = filled, true, err
	g.settle()
	g.wake() // unlocks
}

// shrink moves the end of a body of unknown length out of a chunk that is
// much too large. Readers still use the old one. g.mu is held.
func (g *Growth) shrink() {
	o := g.object
	if len(o.chunks) == 0 {
		return
	}
	last := o.chunks[len(o.chunks)-1]
	used := int(o.size - (g.first+int64(len(g.chunks))-1)*ChunkSize)
	if used > len(last)/2 {
		return
	}
	if used == 0 {
		o.chunks = o.chunks[:len(o.chunks)-1]
		g.retired = last
		return
	}
	small := g.object.memory.Chunk(used)
	if small == nil || cap(small) >= cap(last) {
		if small != nil {
			g.object.memory.Recycle(small)
		}
		return
	}
	copy(small, last[:used])
	o.chunks[len(o.chunks)-1] = small
	g.retired = last
}

// wake tells all waiting readers that something has changed. It unlocks g.mu.
func (g *Growth) wake() {
	wakes := g.wakes
	g.wakes = nil
	g.mu.Unlock()
	for _, f := range wakes {
		f()
	}
}

// settle recycles what only the readers of the growing body used, once they
// and the writer are done. g.mu is held.
func (g *Growth) settle() {
	if !g.ended || len(g.readers) > 0 {
		return
	}
	if g.retired != nil {
		g.chunks = g.object.chunks
		g.object.memory.Recycle(g.retired)
		g.retired = nil
	}
	if !g.object.complete.Load() && (g.window || g.err != nil) {
		for len(g.chunks) > 0 {
			g.free()
		}
		g.spare = nil
	}
}

// Close tells that the writer is done, after End.
func (g *Growth) Close() {
	g.mu.Lock()
	g.settle()
	g.mu.Unlock()
	g.object.Unpin()
}

// Read returns a new reader that starts at off, or nil if those bytes are
// gone.
func (g *Growth) Read(off int64) *Reader {
	g.mu.Lock()
	defer g.mu.Unlock()
	gone := off < min(g.first*ChunkSize, g.filled)
	if gone || !g.object.TryPin() {
		return nil
	}
	r := &Reader{growth: g, pos: off}
	g.readers[r] = struct{}{}
	return r
}

var _ Source = (*Reader)(nil)

// A Reader follows a growing body; it is the Source of one reply, and pins the
// object.
type Reader struct {
	growth *Growth
	pos    int64 // bytes before it are no longer needed; guarded by growth.mu
}

// Length returns the length of the whole body, -1 if it is not known yet.
func (r *Reader) Length() int64 {
	g := r.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.expect < 0 && g.ended && g.err == nil {
		return g.filled
	}
	return g.expect
}

// Next implements Source.
func (r *Reader) Next(off int64, max int, wake func()) (chunk []byte, eof bool, err error) {
	g := r.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	if off < g.filled {
		c := g.chunks[off/ChunkSize-g.first]
		at := off % ChunkSize
		n := min(int64(max), ChunkSize-at, g.filled-off)
		return c[at : at+n], g.ended && g.err == nil && off+n == g.filled, nil
	}
	if g.ended {
		return nil, g.err == nil, g.err
	}
	if wake != nil {
		g.wakes = append(g.wakes, wake)
	}
	return nil, false, nil
}

// Sent implements Source: it moves the window.
func (r *Reader) Sent(off int64) {
	g := r.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	r.pos = max(r.pos, off)
	g.trim()
}

// Unpin tells that the reader leaves; it must not be used afterwards.
func (r *Reader) Unpin() {
	g := r.growth
	g.mu.Lock()
	delete(g.readers, r)
	g.trim()
	g.settle()
	idle := !g.ended && len(g.readers) == 0
	g.mu.Unlock()
	if idle {
		g.idle()
	}
	g.object.Unpin()
}
