package flow

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// ChunkSize is the size in bytes of every chunk of a body but the last, so
// that an offset finds its chunk by division.
const ChunkSize = 64 << 10

// Memory is where bodies are kept. Implementations are safe for concurrent
// use.
type Memory interface {
	// Chunk returns a slice of n bytes, 0 < n <= ChunkSize, or nil when none
	// can be had within the budget.
	Chunk(n int) []byte
	// Recycle takes back a slice got from Chunk, whole.
	Recycle(chunk []byte)
}

// An Object is a response: its Meta, and a body in chunks. It begins as
// growing, written by the one fill that made it while any number of Readers
// follow (Growth), and becomes complete, from when its body never changes.
//
// An object lives as long as somebody has pinned it: the store that indexes
// it, the fill that writes it, replies that read it.
type Object struct {
	Key     string // cache key
	Zone    string // UUID
	Vary    []byte // value of Vary; nil: none
	Variant []byte // the selecting key of the request that fetched it
	// Negative marks an object that the origin does not have. It is void
	// once the group's negative epoch is another.
	Negative bool
	Epoch    int64
	// Born is the revision of the zone's newest purge when the fetch of the
	// body began: a hard purge above it voids the object.
	Born int64

	purged atomic.Bool
	memory Memory
	meta   atomic.Pointer[Meta]
	pins   atomic.Int32

	complete atomic.Bool // publishes chunks and size
	chunks   [][]byte
	size     int64
	owner    *Object // whose chunks they are, pinned; nil: the object's own
}

// A Meta is what is known of a response besides its body. It is immutable: a
// validation replaces it whole.
type Meta struct {
	Status  int
	Fields  httpmsg.Fields // as the origin sent them, less what is not stored
	Verdict httpcache.Verdict
	// ETag and LastModified are the validators, nil if absent. They and Date
	// are values of Fields.
	ETag, LastModified, Date []byte
	Dated                    int64 // Date in Unix seconds; 0 without a valid one
	// Length is the Content-Length of a HEAD answer; -1: the body tells.
	Length int64
	// Stamp is the revision of the zone's newest purge when the fetch that
	// confirmed this began, or of a soft purge that has expired it since.
	Stamp int64
	// Tags are hashes of the object's purge tags.
	Tags []uint64

	block atomic.Pointer[Block]
}

// NewMeta returns the metadata of a response with these fields.
func NewMeta(status int, fields httpmsg.Fields, v httpcache.Verdict) *Meta {
	m := &Meta{
		Status: status, Fields: fields, Verdict: v, Length: -1,
		ETag: fields.Get("ETag"), LastModified: fields.Get("Last-Modified"), Date: fields.Get("Date"),
	}
	m.Dated, _ = httpmsg.ParseDate(m.Date, time.Unix(v.Born, 0))
	return m
}

// Judged returns a copy with another verdict.
func (m *Meta) Judged(v httpcache.Verdict) *Meta {
	return &Meta{
		Status: m.Status, Fields: m.Fields, Verdict: v,
		ETag: m.ETag, LastModified: m.LastModified, Date: m.Date, Dated: m.Dated,
		Length: m.Length, Stamp: m.Stamp, Tags: m.Tags,
	}
}

// Expired returns a copy that is stale as of the Unix second at, by a soft
// purge of this revision.
func (m *Meta) Expired(at, revision int64) *Meta {
	out := m.Judged(m.Verdict)
	out.Verdict.Expire(at)
	out.Stamp = revision
	return out
}

// Block returns the rendered fields, if they were rendered for policy; nil
// otherwise.
func (m *Meta) Block(policy uint64) *Block {
	if b := m.block.Load(); b != nil && b.Policy == policy {
		return b
	}
	return nil
}

// SetBlock keeps b for later replies.
func (m *Meta) SetBlock(b *Block) { m.block.Store(b) }

// Cost estimates the bytes of Go heap that the object and its rendered block
// take.
func (m *Meta) Cost() int64 {
	n := int64(512 + 8*len(m.Tags))
	for _, f := range m.Fields {
		n += int64(48 + 2*(len(f.Name)+len(f.Value)))
	}
	return n
}

// NewObject returns a growing object with one pin, that of its writer.
func NewObject(key string, memory Memory, meta *Meta) *Object {
	o := &Object{Key: key, memory: memory}
	o.meta.Store(meta)
	o.pins.Store(1)
	return o
}

// As returns another object that shares o's body, with one pin: as it answers
// requests with other selecting fields. o must be complete.
func (o *Object) As(meta *Meta, vary, variant []byte) *Object {
	o.Pin()
	out := NewObject(o.Key, o.memory, meta)
	out.Zone, out.Negative, out.Epoch, out.Born = o.Zone, o.Negative, o.Epoch, o.Born
	out.Vary, out.Variant = vary, variant
	out.chunks, out.size, out.owner = o.chunks, o.size, o
	out.complete.Store(true)
	return out
}

// Meta returns the newest metadata.
func (o *Object) Meta() *Meta { return o.meta.Load() }

// SetMeta replaces the metadata after a validation.
func (o *Object) SetMeta(m *Meta) { o.meta.Store(m) }

// SwapMeta replaces the metadata if it is still old, and reports whether it
// was.
func (o *Object) SwapMeta(old, m *Meta) bool { return o.meta.CompareAndSwap(old, m) }

// Purge marks the object as purged: whoever still has it may finish sending it
// and nothing else.
func (o *Object) Purge() { o.purged.Store(true) }

// Purged reports whether the object is marked as purged.
func (o *Object) Purged() bool { return o.purged.Load() }

// Complete reports whether the whole body is there.
func (o *Object) Complete() bool { return o.complete.Load() }

// Size returns the bytes of the body of a complete object.
func (o *Object) Size() int64 { return o.size }

// Held returns the bytes of memory that the chunks of a complete object take.
func (o *Object) Held() int64 {
	var n int64
	if o.owner != nil {
		return 0
	}
	for _, c := range o.chunks {
		n += int64(cap(c))
	}
	return n
}

// Bytes returns the body of a complete object that has a single chunk, and
// whether it has.
func (o *Object) Bytes() ([]byte, bool) {
	switch len(o.chunks) {
	case 0:
		return nil, true
	case 1:
		return o.chunks[0][:o.size], true
	}
	return nil, false
}

// Pin keeps the object alive until Unpin. The caller must already be sure
// that it is alive, for example by the lock of the index that holds it.
func (o *Object) Pin() { o.pins.Add(1) }

// TryPin pins the object unless it is already dead.
func (o *Object) TryPin() bool {
	for {
		n := o.pins.Load()
		if n == 0 {
			return false
		}
		if o.pins.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Unpin gives a pin back; the last one frees the body.
func (o *Object) Unpin() {
	n := o.pins.Add(-1)
	if n < 0 {
		panic("bug: object unpinned more often than pinned")
	}
	switch {
	case n > 0 || !o.complete.Load():
	case o.owner != nil:
		o.chunks = nil
		o.owner.Unpin()
	default:
		for _, c := range o.chunks {
			o.memory.Recycle(c)
		}
		o.chunks = nil
	}
}

// Next implements Source for a complete object.
func (o *Object) Next(off int64, max int, _ func()) (chunk []byte, eof bool, err error) {
	if off >= o.size {
		return nil, true, nil
	}
	c := o.chunks[off/ChunkSize]
	at := off % ChunkSize
	n := min(int64(max), ChunkSize-at, o.size-off)
	return c[at : at+n], off+n == o.size, nil
}

// Sent implements Source; the bytes of a complete object stay.
func (o *Object) Sent(int64) {}

var (
	_ Source = (*Object)(nil)
	_ Source = (*Reader)(nil)
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
