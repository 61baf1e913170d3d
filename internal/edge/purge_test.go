package edge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/admit"
	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/fill"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/edge/route"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A fetcher is an origin that a test plays: it answers fetch number n, from 1.
type fetcher struct {
	n      atomic.Int64
	script func(n int, f *flow.Fetch) (*flow.Answer, *flow.Fault)
}

func (s *fetcher) Fetch(_ context.Context, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
	return s.script(int(s.n.Add(1)), f)
}

// answer makes one of status, body and "Name: value" lines.
func answer(status int, body string, lines ...string) *flow.Answer {
	return &flow.Answer{
		Status: status, Fields: fieldsOf(lines), Length: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		RequestTime: time.Now().Unix(), ResponseTime: time.Now().Unix(),
	}
}

func fieldsOf(lines []string) (out httpmsg.Fields) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		out = append(out, httpmsg.Field{Name: []byte(name), Value: []byte(value)})
	}
	return out
}

// play returns an edge without sockets, whose origin answers as script says.
func play(t testing.TB, script func(n int, f *flow.Fetch) (*flow.Answer, *flow.Fault), change func(*zone.Snapshot)) (*Edge, *fetcher) {
	t.Helper()
	f := &fetcher{script: script}
	quiet := slog.New(slog.DiscardHandler)
	e, err := New(Options{CacheMemory: 8 << 20, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	e.filler.Close()
	e.filler = fill.New(fill.Options{Store: e.memory, Origin: f, Begin: e.begin})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	e.Apply(snapshot(1, "http://bucket.example", change))
	return e, f
}

// ask sends one request through the phases, and reads the answer when gate is
// closed (nil: at once). The answer is the status, or the body of a 200, after
// the word of X-Cache: "HIT old".
func ask(e *Edge, method, target string, gate <-chan struct{}, lines ...string) string {
	var x flow.Exchange
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: cdn.example.com\r\n", method, target)
	for _, line := range lines {
		head += line + "\r\n"
	}
	if _, err := x.Request.Parse([]byte(head+"\r\n"), &httpmsg.Limits{}); err != nil {
		return err.Error()
	}
	x.Now = time.Now().UnixNano()
	if !e.Start(&x) {
		e.Finish(&x)
	}
	if gate != nil {
		<-gate
	}
	body, err := bodyOf(&x.Reply)
	e.Done(&x, int64(len(body)), err)
	if x.Reply.Status != 200 {
		body = fmt.Appendf(nil, "%d", x.Reply.Status)
	}
	if err != nil {
		body = append(body, err.Error()...)
	}
	return strings.TrimSpace(x.Result.String() + " " + string(body))
}

func bodyOf(r *flow.Reply) (body []byte, err error) {
	if r.NoBody || r.Body.Src == nil {
		return r.Body.Mem, nil
	}
	for {
		woken := make(chan struct{})
		chunk, eof, err := r.Body.Src.Next(int64(len(body)), 1<<20, func() { close(woken) })
		body = append(body, chunk...)
		if eof || err != nil {
			return body, err
		}
		if len(chunk) == 0 {
			<-woken
		}
		r.Body.Src.Sent(int64(len(body)))
	}
}

func TestPurge(t *testing.T) {
	paths := []string{"/a%20b", "/c", "/img/x", "/img/y/z", "/imgs", "/missing"}
	tests := []struct {
		name  string
		purge link.Purge
		gone  string // of paths, parted by blanks
	}{
		{"url as a viewer writes it", link.Purge{URLs: []string{"/a%20b"}}, "/a%20b"},
		{"url escaped in another way", link.Purge{URLs: []string{"/%61%20b", "/%63"}}, "/a%20b /c"},
		{"url with a query the bucket does not see", link.Purge{URLs: []string{"/c?v=1"}}, "/c"},
		{"url of a negative entry", link.Purge{URLs: []string{"/missing"}}, "/missing"},
		{"url nobody can ask for", link.Purge{URLs: []string{"/%zz", "c", ""}}, ""},
		{"directory", link.Purge{Prefixes: []string{"/img/"}}, "/img/x /img/y/z"},
		{"prefix with a star", link.Purge{Prefixes: []string{"/img*", "/a%20*"}}, "/img/x /img/y/z /imgs /a%20b"},
		{"prefix with a query", link.Purge{Prefixes: []string{"/im%67/?v=1"}}, "/img/x /img/y/z"},
		{"prefix nobody can ask for", link.Purge{Prefixes: []string{"/%", "img", "*"}}, ""},
		{"tag", link.Purge{Tags: []string{"of/c"}}, "/c"},
		{"tags", link.Purge{Tags: []string{"of/c", "group"}}, "/c /img/x"},
		{"all", link.Purge{All: true}, strings.Join(paths, " ")},
		{"another zone", link.Purge{Zone: "other", All: true}, ""},
	}
	for _, tt := range tests {
		for _, kind := range []string{"hard", "soft", "dry"} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					e, _ := play(t, func(_ int, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
						switch string(f.Path) {
						case "/missing":
							a := answer(404, "")
							a.Negative = true
							return a, nil
						case "/img/x":
							return answer(200, "hello", `Cache-Groups: "group"`), nil
						}
						return answer(200, "hello", "x-amz-meta-cache-tag: a, of"+string(f.Path)), nil
					}, nil)
					for _, path := range paths {
						ask(e, "GET", path, nil)
					}
					want := len(strings.Fields(tt.gone))
					size := 5 * int64(want)
					if strings.Contains(tt.gone, "/missing") {
						size -= 5
					}
					p := tt.purge
					p.Revision, p.Soft, p.DryRun = 2, kind == "soft", kind == "dry"
					if p.Zone == "" {
						p.Zone = zoneUUID
					}
					if got := e.Purge(&p); got != (link.PurgeResult{Objects: int64(want), Bytes: size}) {
						t.Errorf("Purge = %+v, want %d objects, %d bytes", got, want, size)
					}
					gone := " " + tt.gone + " "
					if p.DryRun {
						gone = ""
					}
					for _, path := range paths {
						word, _, _ := strings.Cut(ask(e, "GET", path, nil), " ")
						if hit := word == "HIT"; hit == strings.Contains(gone, " "+path+" ") {
							t.Errorf("%s is a %s", path, word)
						}
					}
					synctest.Wait()
					if n := e.purges.Table(p.Zone).Size(); n != 0 {
						t.Errorf("the purge is kept, size %d", n)
					}
				})
			})
		}
	}
}

// TestTagHeaders: tags are read from the fields that the zone names.
func TestTagHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := play(t, func(int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
			return answer(200, "hello", "Cache-Tag: usual", "X-Tag: own"), nil
		}, func(s *zone.Snapshot) { s.Zones[zoneUUID].Cache.TagHeaders = []string{"x-tag"} })
		ask(e, "GET", "/a", nil)
		for i, tt := range []struct {
			tag  string
			want int64
		}{{"usual", 0}, {"own", 1}} {
			if got := e.Purge(&link.Purge{Zone: zoneUUID, Revision: int64(2 + i), Tags: []string{tt.tag}}).Objects; got != tt.want {
				t.Errorf("purge of tag %s: %d objects; want %d", tt.tag, got, tt.want)
			}
		}
	})
}

// TestPurgeTakesAllEntries: variants, queries as far as they are named, and
// the headers of HEAD answers.
func TestPurgeTakesAllEntries(t *testing.T) {
	requests := [][3]string{{"HEAD", "/a", "de"}, {"GET", "/a", "de"}, {"GET", "/a", "fr"}, {"GET", "/a?q", "de"}, {"HEAD", "/head", "de"}}
	tests := []struct {
		name  string
		purge link.Purge
		want  string // X-Cache of the requests
	}{
		{"nothing", link.Purge{URLs: []string{"/b"}}, "HIT HIT HIT HIT HIT"},
		{"url", link.Purge{URLs: []string{"/a"}}, "MISS MISS MISS HIT HIT"},
		{"url with a query", link.Purge{URLs: []string{"/a?q"}}, "HIT HIT HIT MISS HIT"},
		{"url of a HEAD only", link.Purge{URLs: []string{"/head"}}, "HIT HIT HIT HIT MISS"},
		{"prefix", link.Purge{Prefixes: []string{"/a"}}, "MISS MISS MISS MISS HIT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, _ := play(t, func(int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
				return answer(200, "hello", "Vary: Accept-Language", "Cache-Control: max-age=60"), nil
			}, plain(nil))
			asks := func() string {
				var got []string
				for _, r := range requests {
					word, _, _ := strings.Cut(ask(e, r[0], r[1], nil, "Accept-Language: "+r[2]), " ")
					got = append(got, word)
				}
				return strings.Join(got, " ")
			}
			asks()
			tt.purge.Zone, tt.purge.Revision = zoneUUID, 2
			e.Purge(&tt.purge)
			if d := cmp.Diff(tt.want, asks()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestPurgeOfAnotherGeneration: what a zone stored from another group is
// purged with the rest, and does not come back when the group does.
func TestPurgeOfAnotherGeneration(t *testing.T) {
	tests := []link.Purge{{URLs: []string{"/a"}}, {Prefixes: []string{"/"}}, {All: true}}
	for _, p := range tests {
		e, f := play(t, func(int, *flow.Fetch) (*flow.Answer, *flow.Fault) { return answer(200, "hello"), nil }, nil)
		ask(e, "GET", "/a", nil)
		e.Apply(snapshot(2, "http://bucket.example", func(s *zone.Snapshot) { s.Groups["g"].ID = 2 }))
		p.Zone, p.Revision = zoneUUID, 3
		if got := e.Purge(&p); got.Objects != 1 {
			t.Errorf("%+v found %d objects, want 1", p, got.Objects)
		}
		e.Apply(snapshot(4, "http://bucket.example", nil))
		if got := ask(e, "GET", "/a", nil); got != "MISS hello" || f.n.Load() != 2 {
			t.Errorf("%+v: %s", p, got)
		}
	}
}

// TestZoneThatComesBack: what it stored is void, as purges may have passed it
// by while it was not served.
func TestZoneThatComesBack(t *testing.T) {
	e, _ := play(t, func(int, *flow.Fetch) (*flow.Answer, *flow.Fault) { return answer(200, "hello"), nil }, nil)
	for _, want := range []string{"MISS hello", "HIT hello"} {
		if got := ask(e, "GET", "/a", nil); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	e.Apply(snapshot(2, "http://bucket.example", func(s *zone.Snapshot) { s.Zones = nil }))
	e.Purge(&link.Purge{Zone: zoneUUID, Revision: 3, URLs: []string{"/a"}})
	e.Apply(snapshot(4, "http://bucket.example", nil))
	for _, want := range []string{"MISS hello", "HIT hello"} {
		if got := ask(e, "GET", "/a", nil); got != want {
			t.Errorf("after it came back: %s, want %s", got, want)
		}
	}
}

// TestPurgeMappingIsRequestMapping: a purge of any target names what a request
// for it stores, and so does a purge of any beginning of its path.
func TestPurgeMappingIsRequestMapping(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	quiet := slog.New(slog.DiscardHandler)
	pieces := []string{"a", "B", "/", "//", ".", "..", "...", "+", "%20", "%2F", "%2f", "%25", "%41", "%C3%A4", "%ff", "~", "*", "'", "%2E", "?", "&", "=", "x=1", ";", "%zz", "%0A", "%00", "@", ":"}
	checked := 0
	for range 40_000 {
		target := "/"
		for range rnd.IntN(8) {
			target += pieces[rnd.IntN(len(pieces))]
		}
		site := route.Compile(snapshot(1, "http://bucket.example", func(s *zone.Snapshot) {
			z := s.Zones[zoneUUID]
			z.Delivery.PlusAsSpace = rnd.IntN(2) == 0
			if rnd.IntN(2) == 0 {
				z.Delivery.DotSegments = zone.DotRaw
			}
			if rnd.IntN(3) == 0 {
				z.Origin.AllowedPrefixes = []string{"/a"}
			}
			if rnd.IntN(2) == 0 {
				plain(nil)(s)
			}
		}), nil, "", quiet).Zone(zoneUUID)
		var x flow.Exchange
		if _, err := x.Request.Parse([]byte("GET "+target+" HTTP/1.1\r\nHost: cdn.example.com\r\n\r\n"), &httpmsg.Limits{}); err != nil {
			continue
		}
		x.Site = site
		if admit.Check(&x) != nil {
			continue
		}
		checked++
		zones := purge.NewZones()
		table := zones.Table(zoneUUID)
		o := flow.NewObject(string(x.AppendKey(nil)), nil, flow.NewMeta(200, nil, httpcache.Verdict{}))
		hash := zones.Hash([]byte(o.Key))
		names := func(p link.Purge) bool {
			p.Revision = 1
			return table.Record(purgeOrder(site, &p, 0)).Names(o, hash)
		}
		if !names(link.Purge{URLs: []string{target}}) {
			t.Fatalf("a purge of %q does not name %q", target, o.Key)
		}
		other := target + "x"
		if names(link.Purge{URLs: []string{other}}) && !(site.Signed && strings.Contains(target, "?")) {
			t.Fatalf("a purge of %q names %q", other, o.Key)
		}
		path, _, _ := strings.Cut(target, "?")
		for end := 1; end <= len(path); end++ {
			cut := path[:end]
			if i := strings.LastIndexByte(cut, '%'); i >= 0 && len(cut)-i < 3 {
				continue // inside an escape
			}
			for _, p := range []string{cut + "*", cut} {
				if strings.HasSuffix(cut, "*") && p == cut {
					continue // its star is no byte of the path
				}
				if !names(link.Purge{Prefixes: []string{p}}) {
					t.Fatalf("a purge of prefix %q does not name %q", p, o.Key)
				}
			}
		}
		if names(link.Purge{Prefixes: []string{path + "/x"}}) {
			t.Fatalf("a purge of prefix %q names %q", path+"/x", o.Key)
		}
	}
	if checked < 10_000 {
		t.Errorf("only %d targets were checked", checked)
	}
}

// purges are the ways to purge "/a", tagged "t", each hard and soft.
func purges(revision int64) (out []*link.Purge) {
	for _, soft := range []bool{false, true} {
		out = append(out,
			&link.Purge{URLs: []string{"/a"}, Soft: soft}, &link.Purge{Prefixes: []string{"/"}, Soft: soft},
			&link.Purge{Tags: []string{"t"}, Soft: soft}, &link.Purge{All: true, Soft: soft})
	}
	for _, p := range out {
		p.Zone, p.Revision = zoneUUID, revision
	}
	return out
}

// TestPurgeDuringFill: a fetch that began before the purge answers those who
// came before it, and no other.
func TestPurgeDuringFill(t *testing.T) {
	for _, header := range []bool{false, true} { // the purge comes after it
		for i := range purges(0) {
			synctest.Test(t, func(t *testing.T) {
				p := purges(2)[i]
				name := fmt.Sprintf("%+v, header=%v", *p, header)
				pr, pw := io.Pipe()
				begin := make(chan struct{})
				e, f := play(t, func(n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
					if n > 1 {
						return answer(200, "new", "Cache-Tag: t"), nil
					}
					<-begin
					a := answer(200, "old", "Cache-Tag: t")
					a.Body = pr
					return a, nil
				}, nil)
				if header {
					close(begin)
				}
				var wg sync.WaitGroup
				wg.Go(func() {
					if got := ask(e, "GET", "/a", nil); got != "MISS old" {
						t.Errorf("%s: viewer from before the purge: %s", name, got)
					}
				})
				synctest.Wait()
				if got := e.Purge(p); got.Objects != 0 {
					t.Errorf("%s: found %d objects", name, got.Objects)
				}
				if got := ask(e, "GET", "/a", nil); got != "MISS new" {
					t.Errorf("%s: viewer from after the purge: %s", name, got)
				}
				if !header {
					close(begin)
				}
				_, _ = pw.Write([]byte("old"))
				wg.Wait()
				synctest.Wait()
				if got := ask(e, "GET", "/a", nil); got != "HIT new" || f.n.Load() != 2 {
					t.Errorf("%s: later: %s, %d fetches", name, got, f.n.Load())
				}
				if n := e.purges.Table(zoneUUID).Size(); n != 0 {
					t.Errorf("%s: the purge is kept, size %d", name, n)
				}
			})
		}
	}
}

// TestPurgeDuringValidation: an object that was purged while the origin was
// asked about it is not revived by a hard purge's 304, and stale after a soft
// one's.
func TestPurgeDuringValidation(t *testing.T) {
	for i := range purges(0) {
		synctest.Test(t, func(t *testing.T) {
			p := purges(2)[i]
			begin := make(chan struct{})
			version := "old"
			e, _ := play(t, func(n int, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
				if n == 2 {
					<-begin
				}
				if f.IfNoneMatch != "" {
					return answer(304, "", `ETag: "1"`, "Cache-Control: max-age=60"), nil
				}
				return answer(200, version, `ETag: "1"`, "Cache-Control: max-age=60", "Cache-Tag: t"), nil
			}, nil)
			ask(e, "GET", "/a", nil)
			synctest.Wait()
			time.Sleep(61 * time.Second)
			want := []string{"MISS new", "HIT new"}
			if p.Soft {
				want = []string{"REVALIDATED old", "REVALIDATED old", "HIT old"}
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				if got := ask(e, "GET", "/a", nil); got != want[0] {
					t.Errorf("%+v: while it was validated: %s, want %s", *p, got, want[0])
				}
			})
			synctest.Wait()
			version = "new"
			if got := e.Purge(p); got.Objects != 1 || got.Bytes != 3 {
				t.Errorf("%+v: found %+v", *p, got)
			}
			close(begin)
			wg.Wait()
			synctest.Wait()
			for _, want := range want[1:] {
				if got := ask(e, "GET", "/a", nil); got != want {
					t.Errorf("%+v: later: %s, want %s", *p, got, want)
				}
				synctest.Wait()
			}
		})
	}
}

// TestStaleAcrossPurge: what a hard purge named is not served although the
// origin is down, what a soft one named is.
func TestStaleAcrossPurge(t *testing.T) {
	for i := range purges(0) {
		for _, early := range []bool{true, false} { // the purge comes before the fetch
			synctest.Test(t, func(t *testing.T) {
				p := purges(2)[i]
				begin := make(chan struct{})
				e, _ := play(t, func(n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
					if n == 1 {
						return answer(200, "old", `ETag: "1"`, "Cache-Control: max-age=60, stale-if-error=3600", "Cache-Tag: t"), nil
					}
					<-begin
					return nil, &flow.Fault{Status: 503, Class: "error", CutOff: true}
				}, nil)
				ask(e, "GET", "/a", nil)
				synctest.Wait()
				if early {
					e.Purge(p)
				} else {
					time.Sleep(61 * time.Second)
				}
				want := "ERROR 503"
				if p.Soft {
					want = "STALE old"
				}
				var wg sync.WaitGroup
				wg.Go(func() {
					if got := ask(e, "GET", "/a", nil); got != want {
						t.Errorf("%+v, early=%v: %s, want %s", *p, early, got, want)
					}
				})
				synctest.Wait()
				if !early {
					e.Purge(p)
				}
				close(begin)
				wg.Wait()
			})
		}
	}
}

// TestSoftPurgeIsRevived: by one validation, for all who come later.
func TestSoftPurgeIsRevived(t *testing.T) {
	for _, p := range purges(2)[4:] {
		synctest.Test(t, func(t *testing.T) {
			e, f := play(t, func(_ int, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
				if f.IfNoneMatch == `"1"` {
					return answer(304, "", `ETag: "1"`), nil
				}
				return answer(200, "old", `ETag: "1"`, "Cache-Tag: t"), nil
			}, nil)
			ask(e, "GET", "/a", nil)
			synctest.Wait()
			e.Purge(p)
			for _, want := range []string{"REVALIDATED old", "HIT old"} {
				if got := ask(e, "GET", "/a", nil); got != want {
					t.Errorf("%+v: %s, want %s", *p, got, want)
				}
				synctest.Wait()
			}
			// Told again, as when the link was lost, it changes nothing.
			e.Purge(p)
			if got := ask(e, "GET", "/a", nil); got != "HIT old" || f.n.Load() != 2 {
				t.Errorf("%+v, told again: %s", *p, got)
			}
		})
	}
}

// TestPurgeDuringBackgroundRefresh: a refresh that began before the purge does
// not make the object fresh, and keeps no other from beginning.
func TestPurgeDuringBackgroundRefresh(t *testing.T) {
	for _, p := range purges(2)[4:] {
		synctest.Test(t, func(t *testing.T) {
			begin := make(chan struct{})
			e, f := play(t, func(n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
				body := [...]string{"old", "mid", "new"}[n-1]
				if n == 2 {
					<-begin
				}
				return answer(200, body, "Cache-Control: max-age=60, stale-while-revalidate=600", "Cache-Tag: t"), nil
			}, nil)
			ask(e, "GET", "/a", nil)
			synctest.Wait()
			time.Sleep(61 * time.Second)
			for i, want := range []string{"STALE old", "STALE old", "HIT new"} {
				if i == 1 {
					e.Purge(p)
				}
				if got := ask(e, "GET", "/a", nil); got != want {
					t.Errorf("%+v, request %d: %s, want %s", *p, i, got, want)
				}
				synctest.Wait()
			}
			close(begin)
			synctest.Wait()
			if got := ask(e, "GET", "/a", nil); got != "HIT new" || f.n.Load() != 3 {
				t.Errorf("%+v, when the first refresh is over: %s, %d fetches", *p, got, f.n.Load())
			}
		})
	}
}

// TestPurgesHitsAndFills is for the race detector. It asserts that no request
// that begins after a purge gets what the origin had before it.
func TestPurgesHitsAndFills(t *testing.T) {
	const paths = 20
	var content, purged [paths]atomic.Int64
	e, _ := play(t, func(_ int, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
		var k int
		_, _ = fmt.Sscanf(string(f.Path), "/%d", &k)
		n := content[k].Load()
		return answer(200, fmt.Sprint(n), fmt.Sprintf(`ETag: "%d"`, n), fmt.Sprintf("Surrogate-Key: k%d all", k)), nil
	}, nil)
	var order sync.Mutex // as the link does, one purge after the other
	revision := int64(1)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(31, uint64(w)))
			for range 600 {
				k := rnd.IntN(paths)
				if rnd.IntN(5) > 0 {
					least := purged[k].Load()
					var got int64
					reply := ask(e, "GET", fmt.Sprintf("/%d", k), nil)
					if _, err := fmt.Sscanf(reply[strings.LastIndexByte(reply, ' ')+1:], "%d", &got); err != nil || got < least {
						t.Errorf("/%d: %s after the purge of all before %d", k, reply, least)
					}
					continue
				}
				order.Lock()
				revision++
				p := &link.Purge{Zone: zoneUUID, Revision: revision}
				switch rnd.IntN(4) {
				case 0:
					p.URLs = []string{fmt.Sprintf("/%d", k)}
				case 1:
					p.Prefixes = []string{fmt.Sprintf("/%d*", k)}
				case 2:
					p.Tags = []string{fmt.Sprintf("k%d", k)}
				case 3:
					p.All = true
				}
				n := content[k].Add(1)
				e.Purge(p)
				purged[k].Store(n)
				order.Unlock()
			}
		})
	}
	wg.Wait()
}

// purgeMillion purges 1,000,000 URLs, and keeps the edge from forgetting them.
func purgeMillion(tb testing.TB, e *Edge) {
	hold := e.purges.Table(zoneUUID).Hold()
	tb.Cleanup(hold.Release)
	for job := range 100 {
		p := &link.Purge{Zone: zoneUUID, Revision: int64(2 + job)}
		for i := range 10_000 {
			p.URLs = append(p.URLs, fmt.Sprintf("/purged/%d/%d", job, i))
		}
		e.Purge(p)
	}
	if n := e.purges.Table(zoneUUID).Size(); n != 1_000_000 {
		tb.Fatalf("%d purges are kept", n)
	}
}

// BenchmarkHitAmongPurges is BenchmarkHit after the purge of 1,000,000 other
// URLs.
func BenchmarkHitAmongPurges(b *testing.B) {
	origin, _ := bucket(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		w.Header().Set("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
		_, _ = w.Write(make([]byte, 1<<10))
	})
	f := start(b, origin, nil)
	f.get(b, "/img/logo.png")
	purgeMillion(b, f.Edge)
	hitLoop(b, f)
}
