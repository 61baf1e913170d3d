package flow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// ledger is a Memory that knows what it has lent. What comes back is
// overwritten, so that a use after Recycle shows, to the race detector at the
// latest.
type ledger struct {
	t      testing.TB
	budget int // chunks that can be lent at a time

	mu   sync.Mutex // guards what follows
	lent map[*byte]int
}

func newLedger(t testing.TB, budget int) *ledger {
	return &ledger{t: t, budget: budget, lent: make(map[*byte]int)}
}

func (l *ledger) Chunk(n int) []byte {
	if n <= 0 || n > ChunkSize {
		l.t.Errorf("Chunk(%d)", n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lent) >= l.budget {
		return nil
	}
	c := make([]byte, n)
	l.lent[&c[0]] = n
	return c
}

func (l *ledger) Recycle(c []byte) {
	l.mu.Lock()
	n, ok := l.lent[&c[0]]
	delete(l.lent, &c[0])
	l.mu.Unlock()
	if !ok || n != len(c) {
		l.t.Errorf("Recycle of %d bytes that were not lent, or in another size (%d)", len(c), n)
	}
	for i := range c {
		c[i] = 0xee
	}
}

// settled checks that everything came back.
func (l *ledger) settled() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lent) != 0 {
		l.t.Errorf("%d chunks never came back", len(l.lent))
	}
}

// at is the byte that belongs at an offset; it differs between chunks.
func at(off int64) byte { return byte(off*31 + off>>8*7 + off>>16*101) }

func check(piece []byte, off int64) error {
	for i, c := range piece {
		if c != at(off+int64(i)) {
			return fmt.Errorf("byte %d is %#x, want %#x", off+int64(i), c, at(off+int64(i)))
		}
	}
	return nil
}

func newTestObject(m Memory) *Object {
	return NewObject("k", m, NewMeta(200, nil, httpcache.Verdict{}))
}

// write appends the bytes up to end.
func write(g *Growth, end int64) {
	for off, _ := g.Filled(); off < end; {
		space := g.Space(nil)
		n := min(int64(len(space)), end-off)
		for i := range space[:n] {
			space[i] = at(off + int64(i))
		}
		g.Commit(int(n))
		off += n
	}
}

// A plan is one run of the model: what is written, and how it ends.
type plan struct {
	size, expect, limit int64
	keep                bool
	budget              int
	err                 error
}

func (p plan) String() string {
	return fmt.Sprintf("size %d expect %d limit %d keep %t budget %d err %v", p.size, p.expect, p.limit, p.keep, p.budget, p.err)
}

var errBroken = errors.New("broken")

func randomPlan(r *rand.Rand) plan {
	p := plan{size: r.Int64N(6 * ChunkSize), expect: -1, limit: 1 << 40, keep: r.IntN(5) > 0, budget: 1000}
	switch r.IntN(6) {
	case 0:
		p.size = p.size / ChunkSize * ChunkSize
	case 1:
		p.size = r.Int64N(4)
	}
	if r.IntN(3) == 0 {
		p.limit = r.Int64N(6 * ChunkSize)
	}
	if r.IntN(3) == 0 {
		p.budget = r.IntN(5)
	}
	if r.IntN(4) == 0 {
		p.err = errBroken
	}
	if r.IntN(2) == 0 {
		p.expect = p.size
		if p.err != nil {
			p.expect += r.Int64N(ChunkSize)
		}
	}
	return p
}

// TestGrowthModel runs a writer and readers at random paces against the one
// truth that every byte has its place, in all the ways a body can end.
func TestGrowthModel(t *testing.T) {
	runs := 300
	if testing.Short() {
		runs = 50
	}
	for seed := range uint64(runs) {
		p := randomPlan(rand.New(rand.NewPCG(seed, 1)))
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, p, seed) })
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, p)
		}
	}
}

func runModel(t *testing.T, p plan, seed uint64) {
	memory := newLedger(t, p.budget)
	o := newTestObject(memory)
	g := Grow(o, p.expect, p.limit, p.keep, func() {})
	lead := g.Read(0)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := follow(lead, p, 0, rand.New(rand.NewPCG(seed, 2))); err != nil {
			t.Errorf("reader who leads: %v", err)
		}
	})
	for i := range 6 {
		r := rand.New(rand.NewPCG(seed, uint64(3+i)))
		wg.Go(func() {
			for range r.IntN(200) {
				runtime.Gosched()
			}
			reader := g.Read(0)
			if reader == nil {
				return
			}
			off := r.Int64N(p.size + 1)
			reader.Sent(off)
			if err := follow(reader, p, off, r); err != nil {
				t.Errorf("reader from %d: %v", off, err)
			}
		})
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for off := int64(0); off < p.size; off, _ = g.Filled() {
		write(g, min(off+1+r.Int64N(ChunkSize), p.size))
		runtime.Gosched()
	}
	if p.expect < 0 {
		g.Space(nil) // as a writer that does not know that it has all
	}
	kept := false
	g.End(0, p.err, func(*Object) { kept = true })
	if kept != (p.err == nil && g.Kept()) || kept != o.Complete() {
		t.Errorf("keep called %t, Kept %t, Complete %t", kept, g.Kept(), o.Complete())
	}
	if kept {
		o.Pin()
	}
	g.Close()
	wg.Wait()
	if kept {
		checkWhole(t, o, p.size)
		o.Unpin()
	}
	memory.settled()
}

// follow reads from off to the end, or leaves earlier, as r says.
func follow(r *Reader, p plan, off int64, rnd *rand.Rand) error {
	defer r.Unpin()
	leave := int64(1 << 40)
	if rnd.IntN(3) == 0 {
		leave = rnd.Int64N(p.size + 1)
	}
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	for off < leave {
		var held [][]byte
		var end error
		eof, from := false, off
		for len(held) < 1+rnd.IntN(3) && !eof && end == nil {
			var piece []byte
			piece, eof, end = r.Next(off, 1+rnd.IntN(2*ChunkSize), wake)
			if len(piece) == 0 {
				break
			}
			held = append(held, piece)
			off += int64(len(piece))
		}
		if len(held) == 0 && !eof && end == nil {
			<-woken
			continue
		}
		for range rnd.IntN(3) {
			runtime.Gosched()
		}
		for _, piece := range held {
			if err := check(piece, from); err != nil {
				return err
			}
			from += int64(len(piece))
		}
		r.Sent(off)
		if eof || end != nil {
			if off != p.size || end != p.err {
				return fmt.Errorf("ended at %d of %d with %v", off, p.size, end)
			}
			if n := r.Length(); end == nil && n != p.size {
				return fmt.Errorf("Length = %d at the end; want %d", n, p.size)
			}
			return nil
		}
	}
	return nil
}

func checkWhole(t *testing.T, o *Object, size int64) {
	t.Helper()
	if o.Size() != size || o.Held() < size {
		t.Errorf("Size = %d, Held = %d; want %d", o.Size(), o.Held(), size)
	}
	if b, ok := o.Bytes(); ok != (size <= ChunkSize) || ok && int64(len(b)) != size {
		t.Errorf("Bytes = %d bytes, %t; size %d", len(b), ok, size)
	} else if err := check(b, 0); err != nil {
		t.Error(err)
	}
	for off := int64(0); ; {
		piece, eof, err := o.Next(off, 50_000, nil)
		if err == nil {
			err = check(piece, off)
		}
		if err != nil {
			t.Fatal(err)
		}
		off += int64(len(piece))
		if eof {
			if off != size {
				t.Errorf("the stored body ends at %d; want %d", off, size)
			}
			return
		}
	}
}

// TestWindow follows the memory of a body that is not kept.
func TestWindow(t *testing.T) {
	o := newTestObject(newLedger(t, 0))
	g := Grow(o, 10*ChunkSize, 1, true, func() {})
	slow, fast := g.Read(0), g.Read(0)
	write(g, windowChunks*ChunkSize)
	fast.Sent(windowChunks * ChunkSize)
	quit := make(chan struct{})
	close(quit)
	if g.Space(quit) != nil {
		t.Error("the window moves past its slowest reader")
	}
	slow.Sent(ChunkSize)
	write(g, 3*ChunkSize)
	if g.Read(0) != nil {
		t.Error("a reader may start at bytes that are gone")
	}
	if r := g.Read(ChunkSize); r == nil {
		t.Error("a reader may not start at bytes that are there")
	} else {
		r.Unpin()
	}
	slow.Unpin()
	if g.Idle() {
		t.Error("Idle with a reader")
	}
	// One who begins far behind what is there holds nothing up.
	fast.Sent(9 * ChunkSize)
	write(g, 10*ChunkSize)
	if piece, eof, err := fast.Next(9*ChunkSize, ChunkSize, nil); len(piece) != ChunkSize || !eof && err != nil {
		t.Errorf("Next = %d bytes, %t, %v", len(piece), eof, err)
	} else if err := check(piece, 9*ChunkSize); err != nil {
		t.Error(err)
	}
	g.End(0, nil, func(*Object) { t.Error("a body that was not kept is complete") })
	g.Close()
	fast.Unpin()
}

// TestWindowReusesItsChunks keeps large bodies from filling the heap with
// garbage.
func TestWindowReusesItsChunks(t *testing.T) {
	o := newTestObject(newLedger(t, 0))
	g := Grow(o, -1, 1<<40, false, func() {})
	r := g.Read(0)
	off := int64(0)
	allocs := testing.AllocsPerRun(100, func() {
		off += ChunkSize
		for filled, _ := g.Filled(); filled < off; filled, _ = g.Filled() {
			g.Commit(len(g.Space(nil)))
		}
		r.Sent(off)
	})
	if allocs > 1 {
		t.Errorf("%v allocations a chunk, want at most the list's", allocs)
	}
	r.Unpin()
	g.End(0, nil, nil)
	g.Close()
}

// TestIdle tells the fill when the last reader leaves a body that
// grows, and not afterwards.
func TestIdle(t *testing.T) {
	told := 0
	o := newTestObject(newLedger(t, 10))
	g := Grow(o, 10, 100, true, func() { told++ })
	a, b := g.Read(0), g.Read(0)
	a.Unpin()
	if told != 0 || g.Idle() {
		t.Errorf("idle told %d times with a reader left", told)
	}
	b.Unpin()
	if told != 1 || !g.Idle() {
		t.Errorf("idle told %d times, Idle %t; want 1, true", told, g.Idle())
	}
	c := g.Read(0)
	write(g, 10)
	g.End(0, nil, nil)
	c.Unpin()
	if told != 1 || g.Idle() {
		t.Errorf("idle told %d times, Idle %t after the end", told, g.Idle())
	}
	g.Close()
	if r := g.Read(0); r != nil {
		t.Error("Read of a dead object")
	}
}

// TestLastChunkIsFitted keeps little memory for little bodies of unknown
// length, while their readers go on with what they have.
func TestLastChunkIsFitted(t *testing.T) {
	for _, size := range []int64{0, 1, 1000, ChunkSize / 2, ChunkSize, ChunkSize + 1, 3 * ChunkSize} {
		memory := newLedger(t, 100)
		o := newTestObject(memory)
		g := Grow(o, -1, 1<<30, true, func() {})
		r := g.Read(0)
		write(g, size)
		g.Space(nil)
		last, _, _ := r.Next(max(size-10, 0), 10, func() {})
		g.End(0, nil, nil)
		if !o.Complete() {
			t.Errorf("size %d: not kept", size)
		}
		o.Pin()
		g.Close()
		if err := check(last, max(size-10, 0)); err != nil {
			t.Errorf("size %d: piece held by a reader: %v", size, err)
		}
		late := g.Read(0)
		r.Unpin()
		if o.Held() != size {
			t.Errorf("size %d: holds %d bytes", size, o.Held())
		}
		if piece, _, err := late.Next(max(size-10, 0), 10, nil); err != nil || check(piece, max(size-10, 0)) != nil {
			t.Errorf("size %d: late reader: %q, %v", size, piece, err)
		}
		late.Unpin()
		checkWhole(t, o, size)
		o.Unpin()
		memory.settled()
	}
}

func TestUnpinTooOften(t *testing.T) {
	o := newTestObject(newLedger(t, 1))
	o.Unpin()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	o.Unpin()
}

func TestExchangeReleases(t *testing.T) {
	memory := newLedger(t, 10)
	first, second := newTestObject(memory), newTestObject(memory)
	g := Grow(second, 5, 100, true, func() {})
	var x Exchange
	first.Pin()
	x.Find(first)
	x.Follow(g.Read(0)) // gives first back
	write(g, 5)
	g.End(0, nil, nil)
	g.Close()
	if x.Found != second || x.Reader == nil {
		t.Errorf("Found %p, Reader %p", x.Found, x.Reader)
	}
	x.Release()
	x.Release() // nothing is left to release
	if x.Found != nil || x.Reader != nil {
		t.Error("Release keeps what it released")
	}
	first.Unpin()
	memory.settled()
}

func TestExchangeReset(t *testing.T) {
	x := Exchange{
		Site: &Site{}, Host: []byte("h"), Head: true, Path: []byte("p"), Key: []byte("k"),
		Result: ResultHit, Status: cdnfield.CacheStatus{Hit: true}, Fault: &Fault{}, Code: "c", ID: "i", Step: 3,
		Now: 5, Reply: Reply{Status: 200, Close: true, NoBody: true, Extra: []httpmsg.Field{{}}, Body: Body{Len: 1}},
	}
	x.Reset()
	if x.Site != nil || x.Fault != nil || x.Head || x.Code != "" || x.ID != "" || x.Step != 0 || x.Result != ResultNone ||
		x.Status != (cdnfield.CacheStatus{}) || len(x.Host)+len(x.Path)+len(x.Key)+len(x.Reply.Extra) != 0 ||
		x.Reply.Status != 0 || x.Reply.Close || x.Reply.NoBody || x.Reply.Body.Len != 0 {
		t.Errorf("Reset leaves %+v", x)
	}
	if cap(x.Host) == 0 || cap(x.Key) == 0 || cap(x.Reply.Extra) == 0 {
		t.Error("Reset drops the buffers")
	}
}

func TestResultWords(t *testing.T) {
	want := []string{"", "HIT", "MISS", "STALE", "REVALIDATED", "BYPASS", "ERROR"}
	for r := range Results {
		if r.String() != want[r] {
			t.Errorf("Result(%d) = %q, want %q", r, r, want[r])
		}
	}
}
