package mem

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestArenaModel holds the arena against the obvious: blocks do not overlap,
// keep their bytes, and all of the memory can be had again at the end.
func TestArenaModel(t *testing.T) {
	const size = 64 * maxBlock
	a, err := newArena(size)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	rnd := rand.New(rand.NewPCG(1, 2))
	type block struct {
		data []byte
		fill byte
	}
	var live []block
	for i := range 200_000 {
		if len(live) > 0 && rnd.IntN(100) < 48 {
			k := rnd.IntN(len(live))
			b := live[k]
			if want := bytes.Repeat([]byte{b.fill}, len(b.data)); !bytes.Equal(b.data, want) {
				t.Fatalf("step %d: a block of %d bytes was overwritten", i, len(b.data))
			}
			a.release(b.data)
			live[k] = live[len(live)-1]
			live = live[:len(live)-1]
			continue
		}
		n := 1 + rnd.IntN(1<<rnd.IntN(17))
		n = min(n, maxBlock)
		data := a.alloc(n)
		if data == nil {
			continue
		}
		if len(data) != n || cap(data) < n || cap(data) > maxBlock {
			t.Fatalf("alloc(%d): len %d, cap %d", n, len(data), cap(data))
		}
		b := block{data, byte(rnd.Uint32())}
		for j := range data {
			data[j] = b.fill
		}
		live = append(live, b)
	}
	for _, b := range live {
		a.release(b.data)
	}
	if a.inUse() != 0 {
		t.Errorf("in use after all was released: %d", a.inUse())
	}
	for i := range size / maxBlock {
		if a.alloc(maxBlock) == nil {
			t.Fatalf("only %d of %d whole chunks after all was released", i, size/maxBlock)
		}
	}
	if a.alloc(1) != nil {
		t.Error("alloc beyond the end of the arena")
	}
}

func TestArenaWithoutMemory(t *testing.T) {
	a, err := newArena(minBlock)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if a.alloc(1) != nil {
		t.Error("alloc gave memory that is not there")
	}
	if a.owns(make([]byte, 1)) {
		t.Error("the arena owns a slice of the Go heap")
	}
}
