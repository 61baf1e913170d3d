package mem

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// sweep purges the zone "zone" as the edge does.
func sweep(s *Store, o purge.Order) (objects, bytes int64) {
	t := s.purges.Table("zone")
	r := t.Record(&o)
	t.Add(r)
	defer t.Done(r)
	return s.Sweep(t, r)
}

// fetch stores an object of 10 bytes, fetched now, with purge tags.
func fetch(s *Store, zone, key, tags string, vary ...string) *flow.Object {
	f := s.purges.Table(zone).Begin(key)
	defer f.Release()
	return finish(s, f, zone, key, tags, vary...)
}

func finish(s *Store, f *purge.Fetch, zone, key, tags string, vary ...string) *flow.Object {
	fields := httpmsg.Fields{{Name: []byte("Cache-Tag"), Value: []byte(tags)}}
	o := flow.NewObject(key, s, flow.NewMeta(200, fields, httpcache.Verdict{Storable: true, Lifetime: 1000}))
	o.Zone = zone
	f.Own(o)
	fill(s, o, 10, 1, vary...)
	return o
}

// found returns what is usable of keys, and what of that is stale, with "~".
func found(s *Store, keys []string) (out []string) {
	for _, key := range keys {
		o, _ := s.Get([]byte(key), httpmsg.Fields{{Name: []byte("V"), Value: []byte("1")}})
		if o == nil {
			continue
		}
		if !o.Meta().Verdict.Fresh(500) {
			key = "~" + key
		}
		out = append(out, key)
		o.Unpin()
	}
	return out
}

func TestSweep(t *testing.T) {
	keys := []string{"G1.1/a/b", "H1.1/a/b", "G1.2/a/b\nx", "G1.1/a/b?q", "G1.1/a/c", "G1.1/d"}
	tests := []struct {
		name  string
		order purge.Order
		want  []string // that is left; nil: all
		n     int64    // objects, one more variant of /a/c included
	}{
		{"url", purge.Order{Keys: [][]byte{[]byte("G1.9/a/b")}}, keys[3:], 3},
		{"urls", purge.Order{Keys: [][]byte{[]byte("G1.9/d"), []byte("G1.9/a/c"), []byte("G1.9/d")}}, keys[:4], 3},
		{"unknown url", purge.Order{Keys: [][]byte{[]byte("G1.9/z")}}, keys, 0},
		{"url of another zone", purge.Order{Keys: [][]byte{[]byte("G2.1/d")}}, keys, 0},
		{"prefix", purge.Order{Prefixes: []string{"/a/"}}, keys[5:], 6},
		{"tag", purge.Order{Tags: []string{"/a/c"}}, slices.Concat(keys[:4], keys[5:]), 2},
		{"all", purge.Order{All: true}, nil, 7},
		{"url and tag", purge.Order{Keys: [][]byte{[]byte("G1.9/d")}, Tags: []string{"/a/c"}}, keys[:4], 3},
	}
	for _, tt := range tests {
		for _, soft := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/soft=%v", tt.name, soft), func(t *testing.T) {
				s := newStore(t, 8<<20)
				for _, key := range keys {
					fetch(s, "zone", key, key[4:], "v", "1")
				}
				fetch(s, "zone", keys[4], "/a/c", "v", "2")
				fetch(s, "other", "G2.1/d", "/a/c")
				order := tt.order
				order.Revision, order.At, order.Soft = 7, 100, soft
				table := s.purges.Table("zone")
				if objects, bytes := s.Count(table, table.Record(&order)); objects != tt.n || bytes != 10*tt.n {
					t.Errorf("Count = %d, %d; want %d, %d", objects, bytes, tt.n, 10*tt.n)
				}
				if got := found(s, keys); !slices.Equal(got, keys) {
					t.Fatalf("counting left %q", got)
				}
				if objects, bytes := sweep(s, order); objects != tt.n || bytes != 10*tt.n {
					t.Errorf("Sweep = %d, %d; want %d, %d", objects, bytes, tt.n, 10*tt.n)
				}
				want := tt.want
				if soft {
					want = nil
					for _, key := range keys {
						if !slices.Contains(tt.want, key) {
							key = "~" + key
						}
						want = append(want, key)
					}
				}
				if d := cmp.Diff(want, found(s, keys)); d != "" {
					t.Errorf("left (-want +got):\n%s", d)
				}
				if got := found(s, []string{"G2.1/d"}); !slices.Equal(got, []string{"G2.1/d"}) {
					t.Errorf("of the other zone: %q", got)
				}
				if n := table.Size(); n != 0 {
					t.Errorf("the table keeps %d", n)
				}
			})
		}
	}
}

// TestPutOfWhatWasPurged: an object whose fetch began before a purge is not
// stored after it, and one that a soft purge names is stored as stale.
func TestPutOfWhatWasPurged(t *testing.T) {
	s := newStore(t, 8<<20)
	table := s.purges.Table("zone")
	for i, order := range []purge.Order{{All: true}, {Tags: []string{"t"}}, {Prefixes: []string{"/"}}, {All: true, Soft: true}} {
		f := table.Begin("G1.1/a")
		order.Revision = int64(i + 1)
		sweep(s, order)
		o := finish(s, f, "zone", "G1.1/a", "t")
		f.Release()
		want := []string(nil)
		if order.Soft {
			want = []string{"~G1.1/a"}
		}
		if got := found(s, []string{"G1.1/a"}); !slices.Equal(got, want) || o.Purged() {
			t.Errorf("%+v: found %q, want %q", order, got, want)
		}
	}
	if n := s.Stats().Objects; n != 1 {
		t.Errorf("objects = %d, want 1", n)
	}
}

// TestSweepManyBatches: entries that go or come during a sweep make it miss
// none.
func TestSweepManyBatches(t *testing.T) {
	s := newStore(t, 8<<20)
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range 5 * sweepBatch {
		fetch(s, "zone", fmt.Sprint("G1.1/", i%2, "/", i), "")
	}
	table := s.purges.Table("zone")
	record := table.Record(&purge.Order{Revision: 1, Prefixes: []string{"/1/"}})
	table.Add(record)
	n := 0
	visit := func(e *entry) {
		if record.Names(e.object, e.target) {
			n++
			s.drop(e)
		}
	}
	gone := 0
	for at := 5 * sweepBatch; at > 0; {
		at = s.sweepMembers(table, at, visit)
		for range 100 {
			key := fmt.Sprint("G1.1/0/", 2*rnd.IntN(5*sweepBatch/2))
			objects, _ := s.Remove(key)
			gone += int(objects)
		}
		fetch(s, "zone", fmt.Sprint("G1.1/1/new", at), "")
	}
	if want := 5 * sweepBatch / 2; n != want {
		t.Errorf("the sweep found %d of %d", n, want)
	}
	if got, want := s.Stats().Objects, int64(5*sweepBatch/2-gone+5); got != want {
		t.Errorf("objects = %d, want %d", got, want)
	}
}

// TestZoneFigures: bytes are counted by zone, through all that happens.
func TestZoneFigures(t *testing.T) {
	s := newStore(t, 1<<20)
	rnd := rand.New(rand.NewPCG(9, 10))
	for i := range 3000 {
		id := rnd.IntN(3)
		zone, key := fmt.Sprint("z", id), fmt.Sprintf("G%d.1/%d", id, rnd.IntN(400))
		if i%10 == 0 {
			s.Remove(key)
			continue
		}
		fetch(s, zone, key, "", "v", fmt.Sprint(rnd.IntN(3)))
	}
	objects, cost := map[string]int64{}, map[string]int64{}
	for i := range s.shards {
		for _, e := range s.shards[i].entries {
			for ; e != nil; e = e.next {
				objects[e.object.Zone]++
				cost[e.object.Zone] += e.heap + e.object.Held()
			}
		}
	}
	st := s.Stats()
	total := int64(0)
	for _, z := range st.Zones {
		if z.Objects != objects[z.UUID] || z.Bytes != cost[z.UUID] {
			t.Errorf("zone %+v; the index has %d objects, %d bytes", z, objects[z.UUID], cost[z.UUID])
		}
		total += z.Bytes
	}
	if len(st.Zones) != 3 || total != st.Used || st.Evicted == 0 {
		t.Errorf("zones hold %d bytes; want 3 zones with %d, and evictions: %+v", total, st.Used, st)
	}
}

// TestPurgesHitsAndFills is for the race detector. It asserts that no request
// that begins after a purge gets what was fetched before it.
func TestPurgesHitsAndFills(t *testing.T) {
	s := newStore(t, 2<<20)
	table := s.purges.Table("zone")
	const keys = 30
	var purged [keys]atomic.Int64 // newest purge that is complete
	var revision atomic.Int64
	var order sync.Mutex // as the link does, one purge after the other
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(11, uint64(w)))
			for range 1500 {
				k := rnd.IntN(keys)
				key := fmt.Sprint("G1.1/", k)
				switch rnd.IntN(8) {
				case 0:
					order.Lock()
					p := purge.Order{Revision: revision.Add(1)}
					switch rnd.IntN(3) {
					case 0:
						p.Keys = [][]byte{[]byte(key)}
					case 1:
						p.Tags = []string{fmt.Sprint("t", k)}
					case 2:
						p.All = true
					}
					sweep(s, p)
					for i := range purged {
						if p.All || i == k {
							purged[i].Store(p.Revision)
						}
					}
					order.Unlock()
				case 1, 2:
					f := table.Begin(key)
					finish(s, f, "zone", key, fmt.Sprint("t", k))
					f.Release()
				default:
					least := purged[k].Load()
					if o, _ := s.Get([]byte(key), nil); o != nil {
						if o.Born < least {
							t.Errorf("%s was fetched at %d and served after purge %d", key, o.Born, least)
						}
						o.Unpin()
					}
				}
			}
		})
	}
	wg.Wait()
	sweep(s, purge.Order{Revision: revision.Add(1), All: true})
	if st := s.Stats(); st.Used != 0 || table.Size() != 0 {
		t.Errorf("left: %+v, %d in the table", st, table.Size())
	}
}

// BenchmarkSweep is a purge by tag of a zone with 100,000 objects.
func BenchmarkSweep(b *testing.B) {
	s := newStore(b, 256<<20)
	for i := range 100_000 {
		fetch(s, "zone", fmt.Sprint("G1.1/", i), "a,b,c")
	}
	table := s.purges.Table("zone")
	record := table.Record(&purge.Order{Revision: 1, Tags: []string{"x"}})
	for b.Loop() {
		if n, _ := s.Count(table, record); n != 0 {
			b.Fatal(n)
		}
	}
}
