package mem

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

func newStore(t testing.TB, budget int64) *Store {
	t.Helper()
	s, err := New(budget, purge.NewZones())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put stores an object of size bytes, each the byte b.
func put(t testing.TB, s *Store, key string, size int, b byte, vary ...string) {
	t.Helper()
	o := flow.NewObject(key, s, flow.NewMeta(200, nil, httpcache.Verdict{Storable: true}))
	o.Zone = "zone"
	fill(s, o, size, b, vary...)
}

// fill makes o complete and stores it.
func fill(s *Store, o *flow.Object, size int, b byte, vary ...string) {
	if len(vary) == 2 {
		o.Vary = []byte(vary[0])
		o.Variant, _ = httpcache.AppendVariantKey(nil, o.Vary, httpmsg.Fields{{Name: []byte(vary[0]), Value: []byte(vary[1])}})
	}
	g := flow.Grow(o, int64(size), s.Limit(), true, func() {})
	for left := size; left > 0; {
		space := g.Space(nil)
		for i := range space {
			space[i] = b
		}
		g.Commit(len(space))
		left -= len(space)
	}
	g.End(0, nil, s.Put)
	g.Close()
}

// read returns the size of the object under key, -1 if there is none, and
// checks that every byte is fill.
func read(t testing.TB, s *Store, key string, fill byte, request ...httpmsg.Field) int64 {
	t.Helper()
	o, _ := s.Get([]byte(key), request)
	if o == nil {
		return -1
	}
	defer o.Unpin()
	var off int64
	for off < o.Size() {
		chunk, _, err := o.Next(off, 1<<20, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range chunk {
			if b != fill {
				t.Fatalf("%s holds byte %d, want %d", key, b, fill)
			}
		}
		off += int64(len(chunk))
	}
	return off
}

func TestPutGetRemove(t *testing.T) {
	s := newStore(t, 8<<20)
	for _, size := range []int{0, 1, 1000, 1024, 1025, flow.ChunkSize, flow.ChunkSize + 1, 1 << 20} {
		key := fmt.Sprint("G1/", size)
		put(t, s, key, size, 7)
		if got := read(t, s, key, 7); got != int64(size) {
			t.Errorf("object of %d bytes: read %d", size, got)
		}
		if objects, n := s.Remove(key); objects != 1 || n != int64(size) {
			t.Errorf("Remove(%q) = %d, %d; want 1, %d", key, objects, n, size)
		}
		if got := read(t, s, key, 7); got != -1 {
			t.Errorf("removed object of %d bytes is still there", size)
		}
	}
	if st := s.Stats(); st.Used != 0 || st.Objects != 0 {
		t.Errorf("after all was removed: %+v", st)
	}
}

func TestReplaceKeepsReaders(t *testing.T) {
	s := newStore(t, 8<<20)
	put(t, s, "G1/a", 100_000, 1)
	old, _ := s.Get([]byte("G1/a"), nil)
	put(t, s, "G1/a", 50_000, 2)
	if got := read(t, s, "G1/a", 2); got != 50_000 {
		t.Errorf("new object: %d bytes", got)
	}
	chunk, _, _ := old.Next(70_000, 100, nil)
	if len(chunk) != 100 || chunk[0] != 1 {
		t.Errorf("pinned old object has changed: %d bytes, %d", len(chunk), chunk[0])
	}
	old.Unpin()
	if st := s.Stats(); st.Objects != 1 {
		t.Errorf("objects = %d, want 1", st.Objects)
	}
}

func TestVariants(t *testing.T) {
	s := newStore(t, 8<<20)
	lang := func(v string) httpmsg.Field {
		return httpmsg.Field{Name: []byte("Accept-Language"), Value: []byte(v)}
	}
	put(t, s, "G1/a", 10, 1, "accept-language", "de")
	put(t, s, "G1/a", 20, 2, "accept-language", "fr")
	if got := read(t, s, "G1/a", 1, lang("de")); got != 10 {
		t.Errorf("de: %d bytes, want 10", got)
	}
	if got := read(t, s, "G1/a", 2, lang("fr")); got != 20 {
		t.Errorf("fr: %d bytes, want 20", got)
	}
	if o, other := s.Get([]byte("G1/a"), httpmsg.Fields{lang("it")}); o != nil || !other {
		t.Errorf("it: object %v, other variants %v; want none, true", o, other)
	}
	for i := range 2 * maxVariants {
		put(t, s, "G1/a", 10, 3, "accept-language", fmt.Sprint("x", i))
	}
	if n := s.Stats().Objects; n != maxVariants {
		t.Errorf("variants = %d, want %d", n, maxVariants)
	}
	put(t, s, "G1/a\nkey part", 10, 4)
	if objects, _ := s.Remove("G1/a"); objects != maxVariants || read(t, s, "G1/a\nkey part", 4) != 10 {
		t.Errorf("Remove took %d variants, want %d", objects, maxVariants)
	}
}

// Of several that answer a request, the one with the latest Date does, in
// whatever order they came.
func TestLatestDateWins(t *testing.T) {
	dated := func(s *Store, date, vary, variant string) {
		m := flow.NewMeta(200, httpmsg.Fields{{Name: []byte("Date"), Value: []byte(date)}}, httpcache.Verdict{Storable: true})
		o := flow.NewObject("G1/a", s, m)
		if vary != "" {
			o.Vary = []byte(vary)
			o.Variant, _ = httpcache.AppendVariantKey(nil, o.Vary, httpmsg.Fields{{Name: []byte(vary), Value: []byte(variant)}})
		}
		g := flow.Grow(o, 0, s.Limit(), true, func() {})
		g.End(0, nil, s.Put)
		g.Close()
	}
	const early, late = "Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT"
	request := httpmsg.Fields{{Name: []byte("Accept-Language"), Value: []byte("de")}}
	for _, tt := range []struct{ name, plain, varied string }{
		{"newest stored", early, late},
		{"newest by date", late, early},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, 8<<20)
			dated(s, tt.plain, "", "")
			dated(s, tt.varied, "accept-language", "de")
			o, _ := s.Get([]byte("G1/a"), request)
			if o == nil || string(o.Meta().Date) != late {
				t.Errorf("Get gives %+v; want that of %s", o, late)
			}
			o.Unpin()
			var room [1]*flow.Object
			all := s.Variants(nil, []byte("G1/a"))
			some := s.Variants(room[:0], []byte("G1/a"))
			if len(all) != 0 || len(some) != 1 {
				t.Errorf("Variants = %d and %d objects; want 0 and 1, as there is room", len(all), len(some))
			}
			for _, o := range some {
				o.Unpin()
			}
		})
	}
}

// TestBudget lets much more than the budget flow through, in all sizes.
func TestBudget(t *testing.T) {
	const budget = 4 << 20
	s := newStore(t, budget)
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		size := rnd.IntN(1 << rnd.IntN(19))
		put(t, s, fmt.Sprint("G1/", i), size, byte(i))
		read(t, s, fmt.Sprint("G1/", i), byte(i))
		if used := s.Stats().Used; used > budget {
			t.Fatalf("after object %d: %d bytes used of %d", i, used, budget)
		}
	}
	if s.Stats().Evicted == 0 {
		t.Error("nothing was evicted")
	}
}

// TestScanResistance: objects that are hit survive a scan of ten times the
// budget.
func TestScanResistance(t *testing.T) {
	const hot, size = 100, 4 << 10
	s := newStore(t, 4<<20)
	for range 3 {
		for i := range hot {
			key := fmt.Sprint("G1/hot", i)
			if read(t, s, key, 1) < 0 {
				put(t, s, key, size, 1)
			}
		}
	}
	for i := range 10_000 {
		put(t, s, fmt.Sprint("G1/scan", i), size, 2)
		if i%10 == 0 {
			read(t, s, fmt.Sprint("G1/hot", i/10%hot), 1)
		}
	}
	left := 0
	for i := range hot {
		if read(t, s, fmt.Sprint("G1/hot", i), 1) >= 0 {
			left++
		}
	}
	if left < hot {
		t.Errorf("%d of %d hot objects survived the scan", left, hot)
	}
}

// TestConcurrent is for the race detector: readers, writers and purges of the
// same keys, with every byte checked.
func TestConcurrent(t *testing.T) {
	s := newStore(t, 1<<20)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(5, uint64(w)))
			for range 2000 {
				k := rnd.IntN(40)
				key := fmt.Sprint("G1/", k)
				switch rnd.IntN(10) {
				case 0:
					s.Remove(key)
				case 1, 2, 3:
					put(t, s, key, rnd.IntN(100_000), byte(k))
				default:
					read(t, s, key, byte(k))
				}
			}
		})
	}
	wg.Wait()
	sweep(s, purge.Order{Revision: 1, All: true})
	if st := s.Stats(); st.Used != 0 || len(st.Zones)+len(s.roster.targets) != 0 {
		t.Errorf("left: %+v", st)
	}
}

func TestZeroBudgetStoresNothing(t *testing.T) {
	s := newStore(t, 0)
	put(t, s, "G1/empty", 0, 0)
	if n := s.Stats().Objects; n != 0 {
		t.Errorf("objects = %d, want 0", n)
	}
	if s.Chunk(1) != nil {
		t.Error("Chunk gave memory beyond the budget")
	}
}

func BenchmarkGet(b *testing.B) {
	s := newStore(b, 1<<20)
	put(b, s, "G1.1.1/images/logo.png", 1024, 1)
	key := []byte("G1.1.1/images/logo.png")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o, _ := s.Get(key, nil)
			o.Unpin()
		}
	})
}
