package mem

import (
	"fmt"
	"math/bits"
	"sync"
	"syscall"
	"unsafe"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

const (
	minShift  = 10 // blocks of 1 KiB …
	maxShift  = 16 // … to 64 KiB
	orders    = maxShift - minShift + 1
	minBlock  = 1 << minShift
	maxBlock  = 1 << maxShift
	nilBlock  = -1
	usedBlock = 0xff // state of a block that is handed out, or inside another
)

var _ = [1]struct{}{}[maxBlock-flow.ChunkSize] // a chunk is the largest block

// An arena is memory outside the Go heap, cut into blocks by the buddy
// system: a free block joins its free neighbour, so that small objects leave
// room for large ones again. Pages that were never used are not resident.
//
// Its methods are safe for concurrent use.
type arena struct {
	data []byte
	base uintptr

	mu sync.Mutex // guards what follows
	// Per smallest block: the order of the free block that begins there or
	// usedBlock, and the order of the block handed out there.
	free  []uint8
	order []uint8
	// Doubly linked lists of the free blocks of each order, as block numbers.
	next, prev []int32
	heads      [orders]int32
	fresh      int32 // blocks from here on were never handed out
	used       int64 // bytes handed out
}

// newArena returns an arena of size bytes, rounded down to whole chunks.
func newArena(size int64) (*arena, error) {
	size &^= maxBlock - 1
	n := size >> minShift
	if n > 1<<31-1 {
		return nil, fmt.Errorf("allocate cache memory: %d bytes are more than an arena can hold", size)
	}
	a := &arena{
		free: make([]uint8, n), order: make([]uint8, n),
		next: make([]int32, n), prev: make([]int32, n),
	}
	for i := range a.heads {
		a.heads[i] = nilBlock
	}
	if size == 0 {
		return a, nil
	}
	data, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("allocate cache memory: map %d bytes: %w", size, err)
	}
	a.data = data
	a.base = uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	return a, nil
}

// close gives the memory back. Nothing may use a block afterwards.
func (a *arena) close() error {
	if a.data == nil {
		return nil
	}
	return syscall.Munmap(a.data)
}

// alloc returns a block of at least n bytes as a slice of n, or nil.
func (a *arena) alloc(n int) []byte {
	want := max(bits.Len(uint(n-1)), minShift) - minShift
	a.mu.Lock()
	defer a.mu.Unlock()
	at, have := a.take(want)
	if at == nilBlock {
		return nil
	}
	for have > want {
		have--
		a.push(at+1<<have, have)
	}
	a.order[at] = uint8(want)
	size := minBlock << want
	a.used += int64(size)
	off := int(at) << minShift
	return a.data[off : off+n : off+size]
}

// take removes the smallest free block of an order from want up.
func (a *arena) take(want int) (at int32, order int) {
	for o := want; o < orders; o++ {
		if at := a.heads[o]; at != nilBlock {
			a.remove(at, o)
			return at, o
		}
	}
	if int(a.fresh) == len(a.free) {
		return nilBlock, 0
	}
	at = a.fresh
	a.fresh += 1 << (orders - 1)
	for i := at; i < a.fresh; i++ {
		a.free[i] = usedBlock
	}
	return at, orders - 1
}

// release frees a block and joins it with its free buddies.
func (a *arena) release(block []byte) {
	at := int32((uintptr(unsafe.Pointer(unsafe.SliceData(block))) - a.base) >> minShift)
	a.mu.Lock()
	defer a.mu.Unlock()
	o := int(a.order[at])
	a.used -= int64(minBlock << o)
	for o < orders-1 {
		buddy := at ^ 1<<o
		if a.free[buddy] != uint8(o) {
			break
		}
		a.remove(buddy, o)
		at = min(at, buddy)
		o++
	}
	a.push(at, o)
}

// owns reports whether block came from alloc.
func (a *arena) owns(block []byte) bool {
	p := uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	return p >= a.base && p < a.base+uintptr(len(a.data))
}

// inUse returns the bytes handed out.
func (a *arena) inUse() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

func (a *arena) push(at int32, order int) {
	a.free[at] = uint8(order)
	head := a.heads[order]
	a.next[at], a.prev[at] = head, nilBlock
	if head != nilBlock {
		a.prev[head] = at
	}
	a.heads[order] = at
}

func (a *arena) remove(at int32, order int) {
	a.free[at] = usedBlock
	next, prev := a.next[at], a.prev[at]
	if prev == nilBlock {
		a.heads[order] = next
	} else {
		a.next[prev] = next
	}
	if next != nilBlock {
		a.prev[next] = prev
	}
}
