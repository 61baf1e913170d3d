package flow

import "sync/atomic"

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

var _ Source = (*Object)(nil)
