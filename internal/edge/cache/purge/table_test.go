package purge

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A stored is an object as a cache would hold it.
type stored struct {
	*flow.Object
	hash uint64
	seen atomic.Uint64
}

func (s *stored) check(t *Table) bool { return t.Check(s.Object, s.hash, &s.seen) }

func (s *stored) fresh(now int64) bool { return s.Meta().Verdict.Fresh(now) }

func meta(pairs ...string) *flow.Meta {
	var fields httpmsg.Fields
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, httpmsg.Field{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return flow.NewMeta(200, fields, httpcache.Verdict{Storable: true, Lifetime: 1000})
}

// store fetches an object with these fields.
func store(t *Table, key string, fields ...string) *stored {
	f := t.Begin(key)
	defer f.Release()
	return own(f, key, fields...)
}

// refresh validates o.
func refresh(f *Fetch, o *stored, fields ...string) bool {
	m := meta(fields...)
	f.Stamp(m)
	return f.Refresh(o.Object, m)
}

func own(f *Fetch, key string, fields ...string) *stored {
	o := flow.NewObject(key, nil, meta(fields...))
	f.Own(o)
	return &stored{Object: o, hash: f.table.zones.Hash([]byte(key))}
}

// add puts a purge in force, which stays in the table until it is done.
func add(t *Table, o Order) *Record {
	r := t.Record(&o)
	t.Add(r)
	return r
}

func keys(list ...string) (out [][]byte) {
	for _, k := range list {
		out = append(out, []byte(k))
	}
	return out
}

func TestScopes(t *testing.T) {
	objects := map[string][]string{ // by name: key, then fields
		"logo":        {"G7.1.1/img/logo.png", "Cache-Tag", "red, blue"},
		"logo head":   {"H7.1.1/img/logo.png"},
		"logo query":  {"G7.1.1/img/logo.png?v=2"},
		"logo group":  {"G7.2.9/img/logo.png"},
		"logo parts":  {"G7.1.1/img/logo.png\nhttps\n/img/other"},
		"upper":       {"G7.1.1/img/LOGO.png", "Surrogate-Key", "Red blue"},
		"img":         {"G7.1.1/img", "x-amz-meta-cache-tag", "green"},
		"imgs":        {"G7.1.1/imgs/a"},
		"space":       {"G7.1.1/a%20b/c"},
		"slash in it": {"G7.1.1/a%2Fb"},
	}
	tests := []struct {
		name  string
		order Order
		gone  string // names, parted by commas
	}{
		{"url", Order{Keys: keys("G7.1.1/img/logo.png")}, "logo,logo head,logo group,logo parts"},
		{"url with a query", Order{Keys: keys("G7.1.1/img/logo.png?v=2")}, "logo query"},
		{"two urls", Order{Keys: keys("G7.1.1/img", "G7.1.1/a%20b/c")}, "img,space"},
		{"directory", Order{Prefixes: []string{"/img/"}}, "logo,logo head,logo query,logo group,logo parts,upper"},
		{"beginning of a name", Order{Prefixes: []string{"/img"}}, "logo,logo head,logo query,logo group,logo parts,upper,img,imgs"},
		{"prefix of part of an object's name", Order{Prefixes: []string{"/img/logo"}}, "logo,logo head,logo query,logo group,logo parts"},
		{"prefix as long as the path", Order{Prefixes: []string{"/img/logo.png"}}, "logo,logo head,logo query,logo group,logo parts"},
		{"prefix beyond the path", Order{Prefixes: []string{"/img/logo.png/"}}, ""},
		{"escaped prefix", Order{Prefixes: []string{"/a%20"}}, "space"},
		{"several prefixes", Order{Prefixes: []string{"/imgs", "/a%2F", "/zzz"}}, "imgs,slash in it"},
		{"root", Order{Prefixes: []string{"/"}}, "logo,logo head,logo query,logo group,logo parts,upper,img,imgs,space,slash in it"},
		{"tag", Order{Tags: []string{"blue"}}, "logo,upper"},
		{"tag of other case", Order{Tags: []string{"Red"}}, "upper"},
		{"two tags", Order{Tags: []string{"red", "green"}}, "logo,img"},
		{"unknown tag", Order{Tags: []string{"black"}}, ""},
		{"all", Order{All: true}, "logo,logo head,logo query,logo group,logo parts,upper,img,imgs,space,slash in it"},
	}
	for _, tt := range tests {
		for _, soft := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/soft=%v", tt.name, soft), func(t *testing.T) {
				table := NewZones().Table("z")
				older := make(map[string]*stored)
				for name, o := range objects {
					older[name] = store(table, o[0], o[1:]...)
				}
				order := tt.order
				order.Revision, order.Soft, order.At = 5, soft, 100
				r := add(table, order)
				for name, o := range older {
					want := strings.Contains(","+tt.gone+",", ","+name+",")
					if got := r.Names(o.Object, o.hash); got != want {
						t.Errorf("Names(%s) = %v; want %v", name, got, want)
					}
					for range 2 {
						if usable := o.check(table); usable != (soft || !want) {
							t.Errorf("%s is usable: %v", name, usable)
						}
					}
					if soft && o.fresh(200) == want {
						t.Errorf("%s is fresh: %v", name, !want)
					}
					newer := store(table, objects[name][0], objects[name][1:]...)
					if !newer.check(table) || !newer.fresh(200) || r.Names(newer.Object, newer.hash) {
						t.Errorf("%s, fetched after the purge, is concerned", name)
					}
				}
				table.Done(r)
				if n := table.Size(); n != 0 {
					t.Errorf("size after all = %d; want 0", n)
				}
			})
		}
	}
}

func TestOtherZonesAreNotConcerned(t *testing.T) {
	z := NewZones()
	a, b := z.Table("a"), z.Table("b")
	o := store(b, "G2.1.1/x")
	add(a, Order{Revision: 3, All: true})
	if !o.check(b) {
		t.Error("a purge of one zone concerns another")
	}
	if z.Hash([]byte("G1.1.1/x")) == z.Hash([]byte("G2.1.1/x")) {
		t.Error("two zones share a hash")
	}
	if z.Table("a") != a {
		t.Error("a zone has two tables")
	}
}

// TestSoft: an object is stale from the time of the purge on, and a fetch
// that begins later makes it fresh again.
func TestSoft(t *testing.T) {
	table := NewZones().Table("z")
	o := store(table, "G7.1.1/a")
	early := table.Begin(o.Key)
	add(table, Order{Revision: 5, At: 300, Soft: true, All: true})
	if !o.check(table) || o.Meta().Verdict.Lifetime != 300 || o.fresh(301) {
		t.Errorf("after the purge: lifetime %d; want 300", o.Meta().Verdict.Lifetime)
	}
	if !refresh(early, o) || o.fresh(301) {
		t.Error("a validation from before the soft purge made the object fresh")
	}
	late := table.Begin(o.Key)
	if !late.Usable(o.Object) || !refresh(late, o) || !o.fresh(301) {
		t.Error("a validation after the soft purge did not make the object fresh")
	}
	add(table, Order{Revision: 6, At: 400, Prefixes: []string{"/other"}})
	if !o.check(table) || !o.fresh(401) {
		t.Error("a purge of another object made it stale again")
	}
	add(table, Order{Revision: 7, Keys: keys(o.Key)})
	if o.check(table) {
		t.Error("usable after a hard purge, once it was confirmed")
	}
}

// TestFetch: what is purged while it is fetched.
func TestFetch(t *testing.T) {
	const key = "G7.1.1/a/b"
	purges := []struct {
		name  string
		order Order
		hit   bool // names the object
		early bool // and is known to before its fields are
	}{
		{"url", Order{Keys: keys(key)}, true, true},
		{"other url", Order{Keys: keys("G7.1.1/a/c")}, false, false},
		{"prefix", Order{Prefixes: []string{"/a/"}}, true, true},
		{"other prefix", Order{Prefixes: []string{"/b/"}}, false, false},
		{"tag", Order{Tags: []string{"new"}}, true, true},
		{"other tag", Order{Tags: []string{"strange"}}, false, true},
		{"all", Order{All: true}, true, true},
	}
	for _, p := range purges {
		for _, soft := range []bool{false, true} {
			for _, settled := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/soft=%v/settled=%v", p.name, soft, settled), func(t *testing.T) {
					table := NewZones().Table("z")
					order := p.order
					order.Revision, order.Soft, order.At = 9, soft, 50
					before, after := table.Begin(key), table.Begin(key)
					o := own(after, key, "Cache-Tag", "new")
					r := add(table, order)
					table.Done(r)
					if settled {
						table.settle()
						table.forget()
					}
					if before.Current() == p.early {
						t.Errorf("before its answer: current = %v", !p.early)
					}
					if after.Current() == p.hit {
						t.Errorf("after its answer: current = %v", !p.hit)
					}
					if got, want := o.check(table), soft || !p.hit; got != want {
						t.Errorf("what it brings is usable: %v; want %v", got, want)
					}
					if soft && o.fresh(60) == p.hit {
						t.Errorf("what it brings is fresh: %v", !p.hit)
					}
					late := own(before, key, "Cache-Tag", "new")
					stale := late.check(table) && !late.fresh(60)
					if !settled && late.check(table) != (soft || !p.hit) || p.hit && late.check(table) && !stale {
						t.Errorf("what it brings later is usable: %v", late.check(table))
					}
					if size := table.Size(); (size == 0) != (settled || p.order.All) {
						t.Errorf("size while they run = %d", size)
					}
					before.Release()
					after.Release()
					after.Release()
					if n := table.Size(); n != 0 {
						t.Errorf("size after all = %d; want 0", n)
					}
					if next := table.Begin(key); !next.Current() {
						t.Error("a fetch from after the purge is not current")
					}
				})
			}
		}
	}
}

// TestRefresh: a 304 that comes after a hard purge revives nothing, be it by
// a tag that it takes away.
func TestRefresh(t *testing.T) {
	const key = "G7.1.1/a"
	for _, order := range []Order{{Keys: keys(key)}, {Tags: []string{"old"}}, {Prefixes: []string{"/"}}, {All: true}} {
		table := NewZones().Table("z")
		o := store(table, key, "Cache-Tag", "old")
		f := table.Begin(key)
		order.Revision = 4
		table.Done(add(table, order))
		if f.Usable(o.Object) || refresh(f, o, "Cache-Tag", "new") || o.check(table) {
			t.Errorf("%+v: usable after the purge", order)
		}
	}
	table := NewZones().Table("z")
	o := store(table, key, "Cache-Tag", "old")
	f := table.Begin(key)
	add(table, Order{Revision: 4, At: 50, Soft: true, Tags: []string{"old"}})
	if !refresh(f, o, "Cache-Tag", "new") || !o.check(table) || o.fresh(60) {
		t.Error("a 304 that takes a tag away made fresh what was purged by it")
	}
	o.Purge()
	if f.Usable(o.Object) {
		t.Error("usable although it was dropped by a purge")
	}
}

// TestForgetting: a purge is kept as long as something older may come.
func TestForgetting(t *testing.T) {
	table := NewZones().Table("z")
	tier := table.Hold()
	old := table.Begin("G7.1.1/a")
	r1 := add(table, Order{Revision: 1, Keys: keys("G7.1.1/a")})
	young := table.Begin("G7.1.1/a")
	r2 := add(table, Order{Revision: 2, Keys: keys("G7.1.1/a"), Prefixes: []string{"/x/", "/x/y", "/x/"}, Tags: []string{"t", "t"}})
	if tier.Since() != 0 || young.Since() != 1 {
		t.Errorf("stamps %d, %d; want 0, 1", tier.Since(), young.Since())
	}
	steps := []struct {
		name string
		do   func()
		size int
	}{
		{"begin", func() {}, 5},
		{"second done", func() { table.Done(r2) }, 5},
		{"first done", func() { table.Done(r1) }, 5},
		{"old fetch ends", func() { old.Release() }, 5},
		{"the other tier drops its part", func() { tier.Release() }, 4},
		{"young fetch ends", func() { young.Release() }, 0},
	}
	for _, s := range steps {
		s.do()
		if got := table.Size(); got != s.size {
			t.Errorf("%s: size = %d; want %d", s.name, got, s.size)
		}
	}
	if len(table.hard.targets)+len(table.hard.tags)+len(table.hard.prefixes) != 0 {
		t.Errorf("left: %+v", table.hard)
	}
}

// TestReplay: a purge that comes again, or late, spares what was fetched after
// it was ordered.
func TestReplay(t *testing.T) {
	table := NewZones().Table("z")
	table.Done(add(table, Order{Revision: 8, All: true}))
	o := store(table, "G7.1.1/a")
	for _, revision := range []int64{8, 5} {
		r := add(table, Order{Revision: revision, All: true})
		if !o.check(table) || r.Names(o.Object, o.hash) {
			t.Errorf("purge %d concerns an object fetched after purge 8", revision)
		}
		table.Done(r)
	}
	older := store(table, "G7.1.1/b")
	older.Born = 3
	if older.check(table) {
		t.Error("an object from before purge 8 is usable")
	}
}

// TestModel holds tables against the obvious: a list of all purges.
func TestModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	segment := func() string { return []string{"a", "b", "ab", "%20", ""}[rnd.IntN(5)] }
	path := func() string {
		p := "/" + segment()
		for range rnd.IntN(3) {
			p += "/" + segment()
		}
		return p
	}
	tag := func() string { return fmt.Sprint("t", rnd.IntN(6)) }
	for round := range 200 {
		table := NewZones().Table("z")
		type object struct {
			*stored
			born      int64
			path, tag string
		}
		var objects []object
		var orders []Order
		keep := table.Hold()
		for revision := int64(1); revision <= 20; revision++ {
			for range 5 {
				p, tg := path(), tag()
				objects = append(objects, object{store(table, "G7.1.1"+p, "Surrogate-Key", tg), revision - 1, p, tg})
			}
			o := Order{Revision: revision, Soft: rnd.IntN(3) == 0, At: 10}
			switch rnd.IntN(8) {
			case 0, 1, 2:
				o.Prefixes = []string{path(), path()[:1] + segment()}
			case 3, 4:
				o.Tags = []string{tag()}
			case 5, 6:
				o.Keys = keys("G7.1.1"+path(), "G7.1.1"+path())
			default:
				o.All = rnd.IntN(4) == 0
			}
			orders = append(orders, o)
			table.Done(add(table, o))
			if rnd.IntN(3) > 0 {
				objects[rnd.IntN(len(objects))].check(table)
			}
		}
		for _, ob := range objects {
			usable, fresh := true, true
			for _, o := range orders {
				named := o.All || slices.Contains(o.Tags, ob.tag)
				for _, k := range o.Keys {
					named = named || string(k) == ob.Key
				}
				for _, p := range o.Prefixes {
					named = named || strings.HasPrefix(ob.path, p)
				}
				if named && o.Revision > ob.born {
					usable, fresh = usable && o.Soft, false
				}
			}
			if got := ob.check(table); got != usable || usable && ob.fresh(100) != fresh {
				t.Fatalf("round %d: object %q, tag %s, born %d: usable %v, fresh %v; want %v, %v",
					round, ob.path, ob.tag, ob.born, got, ob.fresh(100), usable, fresh)
			}
		}
		keep.Release()
		if table.Size() != 0 || table.hard.prefixes != nil || table.soft.prefixes != nil {
			t.Fatalf("round %d: left %+v, %+v", round, table.hard, table.soft)
		}
	}
}

// fullTable returns a table of n purged URLs that a hold keeps.
func fullTable(tb testing.TB, n int) *Table {
	table := NewZones().Table("z")
	hold := table.Hold()
	tb.Cleanup(hold.Release)
	const each = 10_000
	for at := 0; at < n; at += each {
		order := Order{Revision: int64(1 + at/each)}
		for i := range each {
			order.Keys = append(order.Keys, fmt.Appendf(nil, "G7.1.1/purged/%d", at+i))
		}
		table.Done(add(table, order))
	}
	return table
}

// TestMillionURLs: what a table keeps is bounded, objects that were not
// purged stay usable, and a fetch that does not end is decided on.
func TestMillionURLs(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := NewZones().Table("z")
	long := table.Begin("G7.1.1/long")
	hit := table.Begin("G7.1.1/purged/5")
	kept, named := store(table, "G7.1.1/kept"), store(table, "G7.1.1/purged/7")
	for r := range int64(110) {
		order := Order{Revision: r + 1}
		for i := range int64(10_000) {
			order.Keys = append(order.Keys, fmt.Appendf(nil, "G7.1.1/purged/%d", r*10_000+i))
		}
		record := table.Record(&order)
		table.Add(record)
		if r == 0 && named.check(table) {
			t.Error("a purged object is usable")
		}
		if !kept.check(table) || !kept.fresh(1) {
			t.Fatal("an object that was not purged is unusable")
		}
		table.Done(record)
		if n := table.Size(); n > maxSize+10_000 {
			t.Fatalf("size = %d", n)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 100<<20 {
		t.Errorf("the table takes %d bytes", used)
	}
	if !long.Current() || hit.Current() {
		t.Errorf("current: %v, %v; want true, false", long.Current(), hit.Current())
	}
	if o := own(hit, "G7.1.1/purged/5"); o.check(table) {
		t.Error("what was purged while it was fetched is usable")
	}
	if o := own(long, "G7.1.1/long"); !o.check(table) {
		t.Error("a long fetch that was not purged brings nothing usable")
	}
	long.Release()
	hit.Release()
	if n := table.Size(); n != 0 {
		t.Errorf("size after all = %d; want 0", n)
	}
}

// TestConcurrent is for the race detector, and asserts that what a purge
// names never passes a check once Add has returned.
func TestConcurrent(t *testing.T) {
	table := NewZones().Table("z")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 300 {
				key := fmt.Sprintf("G7.1.1/%d/%d", w, i)
				f := table.Begin(key)
				o := own(f, key, "Cache-Tag", fmt.Sprint("w", w))
				o.check(table)
				order := Order{Revision: int64(1000*w + i + 1)}
				switch i % 3 {
				case 0:
					order.Keys = keys(key)
				case 1:
					order.Prefixes = []string{fmt.Sprintf("/%d/", w)}
				case 2:
					order.Tags, order.Soft = []string{fmt.Sprint("w", w)}, true
				}
				// Others may have moved the newest revision beyond this one.
				o.Born, o.Meta().Stamp = 0, 0
				r := add(table, order)
				// A soft one may follow hard ones of its prefix.
				if o.check(table) && (!order.Soft || o.fresh(1)) {
					t.Errorf("%s: usable after its purge", key)
				}
				table.Done(r)
				f.Release()
			}
		})
	}
	wg.Wait()
	if n := table.Size(); n != 0 {
		t.Errorf("size after all = %d; want 0", n)
	}
}

// BenchmarkCheck is what a hit pays: nothing is consulted, whatever was
// purged.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{0, 1_000_000} {
		b.Run(fmt.Sprintf("purged=%d", n), func(b *testing.B) {
			table := fullTable(b, n)
			o := store(table, "G7.1.1/kept")
			b.ReportAllocs()
			for b.Loop() {
				if !o.check(table) {
					b.Fatal("unusable")
				}
			}
		})
	}
}

// BenchmarkRecheck is what the first hit after a purge pays.
func BenchmarkRecheck(b *testing.B) {
	for _, n := range []int{0, 1_000_000} {
		b.Run(fmt.Sprintf("purged=%d", n), func(b *testing.B) {
			table := fullTable(b, n)
			o := store(table, "G7.1.1/kept")
			b.ReportAllocs()
			for b.Loop() {
				o.seen.Store(0)
				if !o.check(table) {
					b.Fatal("unusable")
				}
			}
		})
	}
}

// BenchmarkAdd is one call of 10,000 URLs.
func BenchmarkAdd(b *testing.B) {
	table := NewZones().Table("z")
	list := make([][]byte, 10_000)
	for i := range list {
		list[i] = fmt.Appendf(nil, "G7.1.1/some/path/%d", i)
	}
	b.ReportAllocs()
	for revision := int64(1); b.Loop(); revision++ {
		table.Done(add(table, Order{Revision: revision, Keys: list}))
	}
}
