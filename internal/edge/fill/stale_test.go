package fill

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// stored fetches key once, so that there is something to refresh.
func stored(t *testing.T, f *Filler, key string) {
	t.Helper()
	x := viewer(f, key)
	f.Fill(x)
	if _, err := readAll(x); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// A refresh that fails is held back for a second, then twice as long each
// time up to half a minute, and one that succeeds ends that.
func TestRefreshBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f, _, origin := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n > 1 && down {
				return nil, &flow.Fault{Status: 502, Class: "error", CutOff: true}
			}
			return answer(200, bytes.NewReader([]byte("a")), 1, "ETag", `"1"`, "Cache-Control", "max-age=1, stale-while-revalidate=1000"), nil
		})
		stored(t, f, "/a")
		refresh := func() {
			x := viewer(f, "/a")
			f.Refresh(x)
			x.Release()
			synctest.Wait()
		}
		began := time.Now()
		var at []time.Duration
		for range 100_000 {
			before := origin.count()
			refresh()
			if origin.count() > before {
				at = append(at, time.Since(began))
			}
			if len(at) == 9 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 61, 91, 121}
		for i := range want {
			if i >= len(at) || at[i].Round(time.Second) != want[i]*time.Second {
				t.Fatalf("refreshes at %v; want %v s", at, want)
			}
		}
		down = false
		time.Sleep(lastRetry)
		refresh()
		if len(f.failed) != 0 {
			t.Errorf("held back after a success: %v", f.failed)
		}
		before := origin.count()
		refresh()
		if n := origin.count() - before; n != 1 {
			t.Errorf("refreshes after a success = %d; want 1", n)
		}
	})
}

func TestOneRefreshAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f, _, origin := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n > 1 {
				<-release
			}
			return answer(200, bytes.NewReader([]byte{byte('0' + n)}), 1, "Cache-Control", "max-age=1, stale-while-revalidate=100"), nil
		})
		stored(t, f, "/a")
		time.Sleep(2 * time.Second)
		for range 10 {
			x := viewer(f, "/a")
			f.Refresh(x)
			x.Release()
		}
		synctest.Wait()
		if origin.count() != 2 {
			t.Errorf("fetches = %d; want 2", origin.count())
		}
		close(release)
		synctest.Wait()
		x := viewer(f, "/a")
		if !x.Usable(x.Found) {
			t.Error("not fresh after the refresh")
		}
		if b, err := readAll(x); string(b) != "2" || err != nil {
			t.Errorf("body %q, %v; want that of the refresh", b, err)
		}
	})
}

// What a refresh brings and may not be stored is not read to its end, and
// takes the place of what is stored.
func TestRefreshThatMayNotBeStored(t *testing.T) {
	tests := []struct {
		name   string
		status int
		stays  bool
	}{
		{"object", 200, false},
		{"redirect", 302, false},
		{"gone", 404, false},
		{"error", 500, true},
		{"refused", 403, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, store, _ := start(t, func(ctx context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
					if n == 1 {
						return answer(200, bytes.NewReader([]byte("a")), 1, "Cache-Control", "max-age=1, stale-while-revalidate=100"), nil
					}
					return answer(tt.status, endless{ctx}, -1, "Cache-Control", "no-store"), nil
				})
				stored(t, f, "/a")
				time.Sleep(2 * time.Second)
				x := viewer(f, "/a")
				f.Refresh(x)
				synctest.Wait()
				if store.running() != 0 {
					t.Error("the refresh goes on though nobody can use it")
				}
				if got := x.UsableMeanwhile(x.Found); got != tt.stays {
					t.Errorf("still served while it is refreshed: %v; want %v", got, tt.stays)
				}
				x.Release()
			})
		})
	}
}

// endless is a body that ends with its context.
type endless struct{ ctx context.Context }

func (e endless) Read(p []byte) (int, error) { return len(p), e.ctx.Err() }

func TestSeverity(t *testing.T) {
	tests := []struct {
		name    string
		staleOn []string
		fault   flow.Fault
		want    httpcache.Fault
	}{
		{name: "cut off", staleOn: []string{"error", "timeout"}, fault: flow.Fault{Class: "error", CutOff: true}, want: httpcache.Fault{Server: true, Zone: true}},
		{name: "too slow", staleOn: []string{"error", "timeout"}, fault: flow.Fault{Class: "timeout", CutOff: true}, want: httpcache.Fault{Server: true, Zone: true}},
		{name: "too slow, not listed", staleOn: []string{"error"}, fault: flow.Fault{Class: "timeout", CutOff: true}, want: httpcache.Fault{Server: true}},
		{name: "refused credentials", staleOn: []string{"error", "http_403"}, fault: flow.Fault{Class: "error", Received: 403}},
		{name: "refused object", staleOn: []string{"http_403"}, fault: flow.Fault{Class: "http_403", Received: 403}, want: httpcache.Fault{Zone: true}},
		{name: "failing", staleOn: []string{"error", "timeout"}, fault: flow.Fault{Class: "http_503", Received: 503}, want: httpcache.Fault{Server: true}},
		{name: "failing, listed", staleOn: []string{"http_503"}, fault: flow.Fault{Class: "http_503", Received: 503}, want: httpcache.Fault{Server: true, Zone: true}},
		{name: "no HTTP", staleOn: []string{"invalid_header"}, fault: flow.Fault{Class: "invalid_header"}, want: httpcache.Fault{Zone: true}},
		{name: "nothing listed", fault: flow.Fault{Class: "error", CutOff: true}, want: httpcache.Fault{Server: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			site := &flow.Site{Zone: &zone.Zone{Cache: zone.CacheSettings{StaleOn: tt.staleOn}}}
			if got := severity(site, &tt.fault); got != tt.want {
				t.Errorf("severity(%+v) = %+v; want %+v", tt.fault, got, tt.want)
			}
		})
	}
}

// TestWaiterWithoutStale: an error of the origin in whose stead others get the
// stale object is passed on to a viewer who has none.
func TestWaiterWithoutStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f, _, origin := start(t, func(_ context.Context, n int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			if n == 1 {
				return answer(200, bytes.NewReader([]byte("old")), 3, "ETag", `"1"`, "Cache-Control", "max-age=60, stale-if-error=60"), nil
			}
			<-gate
			return answer(503, bytes.NewReader([]byte("busy")), 4), nil
		})
		stale(t, f)
		with, without := viewer(f, "/old"), viewer(f, "/old")
		without.Release()
		var both sync.WaitGroup
		both.Go(func() { f.Fill(with) })
		synctest.Wait()
		both.Go(func() { f.Fill(without) })
		synctest.Wait()
		close(gate)
		both.Wait()
		for _, tt := range []struct {
			name   string
			x      *flow.Exchange
			result flow.Result
			body   string
		}{{"with", with, flow.ResultStale, "old"}, {"without", without, flow.ResultMiss, "busy"}} {
			if tt.x.Fault != nil || tt.x.Result != tt.result {
				t.Fatalf("%s: fault %v, result %v; want %v", tt.name, tt.x.Fault, tt.x.Result, tt.result)
			}
			if b, err := readAll(tt.x); err != nil || string(b) != tt.body {
				t.Errorf("%s: read %q, %v; want %q", tt.name, b, err, tt.body)
			}
		}
		if without.Status.FwdStatus != 503 || origin.count() != 3 {
			t.Errorf("status %d after %d fetches; want 503 after 3", without.Status.FwdStatus, origin.count())
		}
	})
}
