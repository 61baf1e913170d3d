package fill

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// heap is a Store in plain memory, without a budget.
type heap struct {
	limit int64

	mu      sync.Mutex // guards what follows
	objects map[string]*flow.Object
	fetches []*generation
}

// A generation is that of a fetch which a test may purge.
type generation struct {
	released, purged atomic.Bool
	older            atomic.Bool // a purge names what was stored before the fetch too
}

func (h *heap) begin(string, string) Generation {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := &generation{}
	h.fetches = append(h.fetches, g)
	return g
}

// running returns how many fetches have not ended.
func (h *heap) running() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.fetches {
		if !g.released.Load() {
			n++
		}
	}
	return n
}

// purge purges all that is stored and being fetched.
func (h *heap) purge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.fetches {
		g.purged.Store(true)
		g.older.Store(true)
	}
	for key, o := range h.objects {
		delete(h.objects, key)
		o.Unpin()
	}
}

func (g *generation) Own(o *flow.Object)         { o.Born = 1 }
func (g *generation) Stamp(m *flow.Meta)         { m.Stamp = 1 }
func (g *generation) Current() bool              { return !g.purged.Load() }
func (g *generation) Usable(o *flow.Object) bool { return !g.older.Load() }
func (g *generation) Release()                   { g.released.Store(true) }

func (g *generation) Refresh(o *flow.Object, m *flow.Meta) bool {
	if g.older.Load() {
		return false
	}
	o.SetMeta(m)
	return true
}

func (h *heap) Chunk(n int) []byte { return make([]byte, n) }
func (h *heap) Recycle(c []byte)   { clear(c) } // a reader that still looks will notice
func (h *heap) Limit() int64       { return h.limit }

func (h *heap) Get(key []byte, _ httpmsg.Fields) (*flow.Object, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.objects[string(key)]
	if o != nil {
		o.Pin()
	}
	return o, false
}

func (h *heap) Variants(dst []*flow.Object, key []byte) []*flow.Object {
	if o, _ := h.Get(key, nil); o != nil {
		return append(dst, o)
	}
	return dst
}

func (h *heap) Put(o *flow.Object) {
	h.Remove(o.Key)
	h.mu.Lock()
	defer h.mu.Unlock()
	o.Pin()
	h.objects[o.Key] = o
}

func (h *heap) Remove(key string) (objects, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.objects[key]; o != nil {
		delete(h.objects, key)
		o.Unpin()
		return 1, o.Size()
	}
	return 0, 0
}

// scripted is an Origin that answers as the test says and counts.
type scripted struct {
	mu      sync.Mutex // guards fetches
	fetches []*flow.Fetch
	answer  func(ctx context.Context, n int, f *flow.Fetch) (*flow.Answer, *flow.Fault)
}

func (s *scripted) Fetch(ctx context.Context, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
	s.mu.Lock()
	s.fetches = append(s.fetches, f)
	n := len(s.fetches)
	s.mu.Unlock()
	return s.answer(ctx, n, f)
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fetches)
}

func fields(pairs ...string) (fs httpmsg.Fields) {
	for i := 0; i < len(pairs); i += 2 {
		fs = append(fs, httpmsg.Field{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return fs
}

func answer(status int, body io.Reader, length int64, pairs ...string) *flow.Answer {
	now := time.Now().Unix()
	return &flow.Answer{
		Status: status, Fields: fields(pairs...), Length: length, Body: io.NopCloser(body),
		RequestTime: now, ResponseTime: now,
	}
}

// plain is a zone with a plain origin; its answers are stored as they say.
var plain = &flow.Site{
	Zone:      &zone.Zone{UUID: "z", Cache: zone.Default().Cache},
	Group:     &zone.Group{},
	Policy:    httpcache.Policy{DefaultTTL: -1, StaleIfError: 3600},
	KeyPrefix: []byte("1"),
	Cookies:   zone.CookiesForward,
	Cached:    true,
}

// start returns a Filler for one test, and its parts.
func start(t *testing.T, o func(ctx context.Context, n int, f *flow.Fetch) (*flow.Answer, *flow.Fault)) (*Filler, *heap, *scripted) {
	store := &heap{limit: 1 << 20, objects: make(map[string]*flow.Object)}
	origin := &scripted{answer: o}
	f := New(Options{Store: store, Origin: origin, Begin: store.begin})
	t.Cleanup(f.Close)
	return f, store, origin
}

// viewer returns an exchange for key, with the stored object found as lookup
// would.
func viewer(f *Filler, key string, pairs ...string) *flow.Exchange {
	x := &flow.Exchange{Site: plain, Now: time.Now().UnixNano(), Key: []byte(key), Path: []byte(key)}
	x.Request.Fields = fields(pairs...)
	_ = x.Normalize() // fails for queries only
	x.Found, _ = f.Store.Get(x.Key, nil)
	return x
}

// readAll reads the whole body of a filled exchange, and releases it.
func readAll(x *flow.Exchange) ([]byte, error) {
	defer x.Release()
	var src flow.Source = x.Found
	if x.Reader != nil {
		src = x.Reader
	}
	var got []byte
	for {
		woken := make(chan struct{})
		chunk, eof, err := src.Next(int64(len(got)), 1<<20, func() { close(woken) })
		got = append(got, chunk...)
		switch {
		case err != nil, eof:
			return got, err
		case len(chunk) == 0:
			<-woken
		}
		src.Sent(int64(len(got)))
	}
}

func TestThousandViewersOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		f, store, origin := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
			return answer(200, pr, 200_000, "Cache-Control", "max-age=60"), nil
		})
		first, second := bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 100_000)
		var wg sync.WaitGroup
		seen := make(chan struct{}, 1000)
		for range 1000 {
			wg.Go(func() {
				x := viewer(f, "/cold")
				f.Fill(x)
				woken := make(chan struct{})
				if chunk, _, _ := x.Reader.Next(0, 1, func() { close(woken) }); len(chunk) == 0 {
					<-woken
				}
				seen <- struct{}{}
				got, err := readAll(x)
				if err != nil || !bytes.Equal(got, append(first[:len(first):len(first)], second...)) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
			})
		}
		if _, err := pw.Write(first); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			<-seen // all are served before the second half exists
		}
		if _, err := pw.Write(second); err != nil {
			t.Fatal(err)
		}
		_ = pw.Close()
		wg.Wait()
		synctest.Wait()
		if origin.count() != 1 {
			t.Errorf("fetches = %d, want 1", origin.count())
		}
		if o, _ := store.Get([]byte("/cold"), nil); o == nil || o.Size() != 200_000 {
			t.Errorf("stored object: %v", o)
		}
	})
}

func TestUnshareableIsForItsLeaderOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		f, store, origin := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			<-begin
			body := []byte{byte('0' + n)}
			return answer(200, bytes.NewReader(body), 1, "Cache-Control", "private"), nil
		})
		got := make(map[string]int)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				x := viewer(f, "/me")
				f.Fill(x)
				b, err := readAll(x)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				got[string(b)]++
				mu.Unlock()
			})
		}
		synctest.Wait()
		if origin.count() != 1 {
			t.Errorf("fetches while nothing is known = %d, want 1", origin.count())
		}
		close(begin)
		wg.Wait()
		if len(got) != 3 {
			t.Errorf("answers %v: want three different ones", got)
		}
		x := viewer(f, "/me")
		f.Fill(x)
		if x.Result != flow.ResultBypass || x.Status.Fwd != "bypass" {
			t.Errorf("next request: %v, fwd=%s; want BYPASS", x.Result, x.Status.Fwd)
		}
		x.Release()
		if len(store.objects) != 0 {
			t.Errorf("stored %v", store.objects)
		}
	})
}

// stale stores an object that is past its lifetime.
func stale(t *testing.T, f *Filler) {
	x := viewer(f, "/old")
	f.Fill(x)
	if b, err := readAll(x); err != nil || string(b) != "old" {
		t.Fatalf("first fetch: %q, %v", b, err)
	}
	synctest.Wait()
	time.Sleep(61 * time.Second)
}

func TestRevalidationIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		f, _, origin := start(t, func(_ context.Context, n int, fe *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n == 1 {
				return answer(200, bytes.NewReader([]byte("old")), 3, "ETag", `"1"`, "Cache-Control", "max-age=60"), nil
			}
			<-begin
			if fe.IfNoneMatch != `"1"` {
				t.Errorf("If-None-Match = %q", fe.IfNoneMatch)
			}
			return answer(304, bytes.NewReader(nil), 0, "ETag", `"1"`, "Cache-Control", "max-age=60", "X-New", "1"), nil
		})
		stale(t, f)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				x := viewer(f, "/old")
				f.Fill(x)
				if x.Result != flow.ResultRevalidated || x.Found.Meta().Fields.Get("X-New") == nil {
					t.Errorf("result %v", x.Result)
				}
				if b, err := readAll(x); err != nil || string(b) != "old" {
					t.Errorf("read %q, %v", b, err)
				}
			})
		}
		synctest.Wait()
		close(begin)
		wg.Wait()
		if origin.count() != 2 {
			t.Errorf("fetches = %d, want 2", origin.count())
		}
		x := viewer(f, "/old")
		if !x.Found.Meta().Verdict.Fresh(x.Seconds()) {
			t.Error("not fresh after the validation")
		}
		x.Release()
	})
}

func TestNotSelectedBy304IsFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, origin := start(t, func(_ context.Context, n int, fe *flow.Fetch) (*flow.Answer, *flow.Fault) {
			switch n {
			case 1:
				return answer(200, bytes.NewReader([]byte("old")), 3, "ETag", `"1"`, "Cache-Control", "max-age=60"), nil
			case 2:
				return answer(304, bytes.NewReader(nil), 0, "ETag", `"2"`), nil
			}
			if fe.IfNoneMatch != "" {
				t.Errorf("If-None-Match = %q on the second try", fe.IfNoneMatch)
			}
			return answer(200, bytes.NewReader([]byte("new")), 3, "ETag", `"2"`, "Cache-Control", "max-age=60"), nil
		})
		stale(t, f)
		x := viewer(f, "/old")
		f.Fill(x)
		if b, err := readAll(x); err != nil || string(b) != "new" || x.Result != flow.ResultMiss {
			t.Errorf("read %q, %v, %v", b, err, x.Result)
		}
		if origin.count() != 3 {
			t.Errorf("fetches = %d, want 3", origin.count())
		}
	})
}

func TestFaults(t *testing.T) {
	down := &flow.Fault{Status: 502, Class: "error", CutOff: true}
	refused := &flow.Fault{Status: 502, Class: "error"}
	tests := []struct {
		name      string
		directive string
		fault     *flow.Fault
		status    int // of an answer instead of a fault
		want      flow.Result
	}{
		{name: "cut off", directive: "max-age=60", fault: down, want: flow.ResultStale},
		{name: "cut off, must-revalidate", directive: "max-age=60, must-revalidate", fault: down, want: flow.ResultError},
		{name: "refused, nothing granted", directive: "max-age=60", fault: refused, want: flow.ResultError},
		{name: "503 inside stale-if-error", directive: "max-age=60, stale-if-error=60", status: 503, want: flow.ResultStale},
		{name: "503 without", directive: "max-age=60", status: 503, want: flow.ResultMiss},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, _, _ := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
					switch {
					case n == 1:
						return answer(200, bytes.NewReader([]byte("old")), 3, "ETag", `"1"`, "Cache-Control", tt.directive), nil
					case tt.status != 0:
						return answer(tt.status, bytes.NewReader([]byte("busy")), 4), nil
					}
					return nil, tt.fault
				})
				stale(t, f)
				x := viewer(f, "/old")
				f.Fill(x)
				if x.Result != tt.want {
					t.Fatalf("result %v, want %v", x.Result, tt.want)
				}
				if (x.Fault != nil) != (tt.want == flow.ResultError) {
					t.Errorf("fault %v with result %v", x.Fault, x.Result)
				}
				if x.Found != nil {
					want := map[flow.Result]string{flow.ResultStale: "old", flow.ResultMiss: "busy"}[tt.want]
					if b, err := readAll(x); err != nil || string(b) != want {
						t.Errorf("read %q, %v; want %q", b, err, want)
					}
				}
			})
		})
	}
}

func TestPurgeDuringFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		f, store, origin := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n == 1 {
				return answer(200, pr, 3, "Cache-Control", "max-age=60"), nil
			}
			return answer(200, bytes.NewReader([]byte("new")), 3, "Cache-Control", "max-age=60"), nil
		})
		before := viewer(f, "/a")
		f.Fill(before)
		store.purge()

		after := viewer(f, "/a")
		f.Fill(after)
		if b, err := readAll(after); err != nil || string(b) != "new" {
			t.Errorf("after the purge: %q, %v", b, err)
		}
		_, _ = pw.Write([]byte("old"))
		if b, err := readAll(before); err != nil || string(b) != "old" {
			t.Errorf("viewer from before the purge: %q, %v", b, err)
		}
		synctest.Wait()
		o, _ := store.Get([]byte("/a"), nil)
		chunk, _, _ := o.Next(0, 10, nil)
		if string(chunk) != "new" || origin.count() != 2 {
			t.Errorf("stored %q after %d fetches", chunk, origin.count())
		}
		if n := store.running(); n != 0 {
			t.Errorf("%d fetches are over and not released", n)
		}
	})
}

// TestStoredIsTold: a viewer is told that an answer is stored only if it is
// being kept.
func TestStoredIsTold(t *testing.T) {
	tests := []struct {
		name      string
		length    int64
		directive string
		purge     bool // before the header is there
		want      bool
	}{
		{name: "kept", length: 3, directive: "max-age=60", want: true},
		{name: "of unknown length", length: -1, directive: "max-age=60", want: true},
		{name: "too large", length: 2 << 20, directive: "max-age=60"},
		{name: "not storable", length: 3, directive: "no-store"},
		{name: "purged", length: 3, directive: "max-age=60", purge: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var store *heap
			f, store, _ := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
				if tt.purge {
					store.purge()
				}
				return answer(200, bytes.NewReader([]byte("abc")), tt.length, "Cache-Control", tt.directive), nil
			})
			x := viewer(f, "/a")
			f.Fill(x)
			if x.Status.Stored != tt.want {
				t.Errorf("Stored = %v; want %v", x.Status.Stored, tt.want)
			}
			x.Release()
		})
	}
}

// TestPurgeDuringValidation: what was purged while the origin was asked about
// it is neither confirmed nor served in the stead of an error.
func TestPurgeDuringValidation(t *testing.T) {
	down := &flow.Fault{Status: 502, Class: "error", CutOff: true}
	tests := []struct {
		name   string
		status int // of the answer to the validation; 0: a fault
		want   flow.Result
		body   string
	}{
		{name: "304", status: 304, want: flow.ResultMiss, body: "new"},
		{name: "200", status: 200, want: flow.ResultMiss, body: "new"},
		{name: "503", status: 503, want: flow.ResultMiss, body: "new"},
		{name: "cut off", want: flow.ResultError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := make(chan struct{})
				f, store, _ := start(t, func(_ context.Context, n int, fe *flow.Fetch) (*flow.Answer, *flow.Fault) {
					switch {
					case n == 1:
						return answer(200, bytes.NewReader([]byte("old")), 3, "ETag", `"1"`, "Cache-Control", "max-age=60, stale-if-error=600"), nil
					case n == 3 && fe.IfNoneMatch != "":
						t.Errorf("If-None-Match = %q after the purge", fe.IfNoneMatch)
					case n == 2:
						<-begin
						if tt.status == 0 {
							return nil, down
						}
						if tt.status == 304 {
							return answer(304, bytes.NewReader(nil), 0, "ETag", `"1"`), nil
						}
					}
					status := 200
					if n == 2 {
						status = tt.status
					}
					return answer(status, bytes.NewReader([]byte("new")), 3, "ETag", `"2"`, "Cache-Control", "max-age=60"), nil
				})
				stale(t, f)
				x := viewer(f, "/old")
				done := make(chan struct{})
				go func() {
					defer close(done)
					f.Fill(x)
				}()
				synctest.Wait()
				store.purge()
				close(begin)
				<-done
				if x.Result != tt.want {
					t.Errorf("result %v, want %v", x.Result, tt.want)
				}
				if tt.body != "" {
					if b, err := readAll(x); err != nil || string(b) != tt.body {
						t.Errorf("read %q, %v; want %q", b, err, tt.body)
					}
				}
				synctest.Wait()
			})
		})
	}
}

func TestViewerLeaves(t *testing.T) {
	tests := []struct {
		name   string
		length int64
		stored bool
	}{
		{name: "rest is fetched", length: 100, stored: true},
		{name: "too much is left", length: finishBytes + 200, stored: false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pr, pw := io.Pipe()
				f, store, _ := start(t, func(ctx context.Context, _ int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
					context.AfterFunc(ctx, func() { _ = pr.CloseWithError(ctx.Err()) })
					return answer(200, pr, tt.length, "Cache-Control", "max-age=60"), nil
				})
				store.limit = 2 * finishBytes
				x := viewer(f, "/a")
				f.Fill(x)
				x.Release()
				synctest.Wait()
				_, err := pw.Write(make([]byte, 100))
				_ = pw.Close()
				synctest.Wait()
				if o, _ := store.Get([]byte("/a"), nil); (o != nil) != tt.stored || (err == nil) != tt.stored {
					t.Errorf("stored %v, write: %v", o != nil, err)
				}
			})
		})
	}
}

// TestTooLargeToKeep streams a body beyond the limit through its window: the
// fetch waits for the slow viewer, memory does not grow, others fetch alone.
func TestTooLargeToKeep(t *testing.T) {
	for _, length := range []int64{10 << 20, -1} {
		synctest.Test(t, func(t *testing.T) {
			pr, pw := io.Pipe()
			f, store, _ := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
				return answer(200, pr, length, "Cache-Control", "max-age=60"), nil
			})
			var written int64
			go func() {
				block := make([]byte, 32<<10)
				for written < 10<<20 {
					for i := range block {
						block[i] = byte(written >> 15)
					}
					n, err := pw.Write(block)
					written += int64(n)
					if err != nil {
						return
					}
				}
				_ = pw.Close()
			}()
			x := viewer(f, "/big")
			f.Fill(x)
			synctest.Wait()
			if most := store.limit + (windowAhead << 20); written > most {
				t.Errorf("length %d: fetched %d bytes ahead of the viewer", length, written)
			}
			got, err := readAll(x)
			if err != nil || len(got) != 10<<20 {
				t.Fatalf("length %d: read %d bytes, %v", length, len(got), err)
			}
			for i := range got {
				if got[i] != byte(i>>15) {
					t.Fatalf("length %d: wrong byte at %d", length, i)
				}
			}
			synctest.Wait()
			if len(store.objects) != 0 {
				t.Errorf("length %d: stored in spite of the limit", length)
			}
		})
	}
}

const windowAhead = 1 // MiB

// TestStoredBeforeItsEnd: whoever has read the last byte finds the object in
// the store, so that the next request is a hit; the same for a body without
// bytes and one of unknown length.
func TestStoredBeforeItsEnd(t *testing.T) {
	for _, tt := range []struct {
		body   string
		length int64
	}{{"hello", 5}, {"hello", -1}, {"", 0}, {"", -1}} {
		synctest.Test(t, func(t *testing.T) {
			f, store, _ := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
				return answer(200, bytes.NewReader([]byte(tt.body)), tt.length, "Cache-Control", "max-age=60"), nil
			})
			x := viewer(f, "/a")
			f.Fill(x)
			var got int64
			for woken := make(chan struct{}, 1); got < tt.length || tt.length < 0; {
				chunk, eof, err := x.Reader.Next(got, 1<<20, func() { woken <- struct{}{} })
				if err != nil {
					t.Fatal(err)
				}
				if got += int64(len(chunk)); eof {
					break
				}
				if len(chunk) == 0 {
					<-woken
				}
			}
			o, _ := store.Get([]byte("/a"), nil)
			if o == nil {
				t.Fatalf("body %q of length %d: read to its end, and not stored", tt.body, tt.length)
			}
			o.Unpin()
			x.Release()
		})
	}
}

func TestCutBodyIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("connection reset")
		f, store, _ := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n == 1 {
				return answer(200, io.MultiReader(bytes.NewReader([]byte("ab")), failing{broken}), 4, "Cache-Control", "max-age=60"), nil
			}
			return answer(200, bytes.NewReader([]byte("abc")), 4, "Cache-Control", "max-age=60"), nil
		})
		for _, want := range []error{broken, io.ErrUnexpectedEOF} {
			x := viewer(f, "/a")
			f.Fill(x)
			if _, err := readAll(x); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
			synctest.Wait()
			if len(store.objects) != 0 {
				t.Error("a cut body was stored")
			}
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOtherVariantIsFetchedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		f, _, origin := start(t, func(_ context.Context, _ int, fe *flow.Fetch) (*flow.Answer, *flow.Fault) {
			<-begin
			lang := fe.Viewer.Get("Accept-Language")
			return answer(200, bytes.NewReader(lang), int64(len(lang)), "Vary", "Accept-Language", "Cache-Control", "max-age=60"), nil
		})
		var wg sync.WaitGroup
		for _, lang := range []string{"de", "fr"} {
			wg.Go(func() {
				x := viewer(f, "/a", "Accept-Language", lang)
				f.Fill(x)
				if b, err := readAll(x); err != nil || string(b) != lang {
					t.Errorf("read %q, %v; want %q", b, err, lang)
				}
			})
		}
		synctest.Wait()
		close(begin)
		wg.Wait()
		if origin.count() != 2 {
			t.Errorf("fetches = %d, want 2", origin.count())
		}
	})
}

func TestUnaskedAnswers(t *testing.T) {
	for _, status := range []int{206, 304} {
		synctest.Test(t, func(t *testing.T) {
			f, _, _ := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
				return answer(status, bytes.NewReader(nil), 0), nil
			})
			x := viewer(f, "/a")
			f.Fill(x)
			if x.Fault == nil || x.Fault.Status != 502 {
				t.Errorf("status %d: fault %v, want 502", status, x.Fault)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := start(t, func(ctx context.Context, _ int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			<-ctx.Done()
			return nil, &flow.Fault{Status: 504, Err: context.Cause(ctx)}
		})
		begun := time.Now()
		x := viewer(f, "/a")
		f.Fill(x)
		if got := time.Since(begun); got != 60*time.Second || !errors.Is(x.Fault, errBudget) {
			t.Errorf("gave up after %v with %v", got, x.Fault)
		}
	})
}
