package edge

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// until repeats a request until the cache does what is wanted.
func (f *fixture) until(t *testing.T, method, target, result string, fields ...string) {
	t.Helper()
	for {
		if res, _ := f.request(t, method, target, fields...); res.Header.Get("X-Cache") == result {
			return
		}
	}
}

// A reply is one answer of a scripted origin; the zero value ends the
// connection. An Age makes it as old as the test needs it.
type reply struct {
	status int
	fields []string
	body   string
}

// script answers request n with the reply of that number, and all further
// ones with the last.
func script(t *testing.T, replies ...reply) (url string, seen func() []*http.Request) {
	t.Helper()
	var mu sync.Mutex
	var requests []*http.Request
	url, _ = website(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, r)
		n := min(len(requests), len(replies)) - 1
		mu.Unlock()
		if replies[n].status == 0 {
			panic(http.ErrAbortHandler)
		}
		for _, line := range replies[n].fields {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(replies[n].status)
		if replies[n].status != 304 {
			fmt.Fprint(w, replies[n].body)
		}
	})
	return url, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return append([]*http.Request(nil), requests...)
	}
}

// Every viewer gets the stale object at once, the first included, while one
// request asks the origin.
func TestStaleWhileRevalidate(t *testing.T) {
	release := make(chan struct{})
	n := 0
	origin, requests := website(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.Header().Set("Cache-Control", "max-age=10, stale-while-revalidate=1000")
			w.Header().Set("Age", "20")
			fmt.Fprint(w, "old")
			return
		}
		<-release
		w.Header().Set("Cache-Control", "max-age=100")
		fmt.Fprint(w, "new")
	})
	f := start(t, origin, plain(nil))
	f.expect(t, "GET", "/a", "MISS")
	for range 3 {
		res, body := f.get(t, "/a")
		if res.Header.Get("X-Cache") != "STALE" || body != "old" || res.Header.Get("Age") == "" ||
			!strings.HasPrefix(res.Header.Get("Cache-Status"), "cistern; hit; ttl=-1") {
			t.Errorf("%s %q, Age %q, %s; want STALE", res.Header.Get("X-Cache"), body, res.Header.Get("Age"), res.Header.Get("Cache-Status"))
		}
		f.expect(t, "HEAD", "/a", "STALE")
	}
	close(release)
	f.until(t, "GET", "/a", "HIT")
	if res, body := f.get(t, "/a"); body != "new" || requests.Load() != 2 {
		t.Errorf("%d %q after %d origin requests; want new after 2", res.StatusCode, body, requests.Load())
	}
}

// A stale object is served in a window that the response or the zone grants,
// and never otherwise.
func TestStale(t *testing.T) {
	old := func(control string, fields ...string) reply {
		return reply{status: 200, fields: append([]string{"Age: 100", "ETag: \"1\"", "Cache-Control: " + control}, fields...), body: "old"}
	}
	var cut reply
	status := func(n int) reply { return reply{status: n, body: "error"} }
	tests := []struct {
		name   string
		change func(*zone.CacheSettings)
		first  reply
		then   reply
		result string
		status int
	}{
		{name: "swr of the zone", change: func(c *zone.CacheSettings) { c.StaleWhileRevalidate = 1000 }, first: old("max-age=10"), then: status(500), result: "STALE", status: 200},
		{name: "swr is over", first: old("max-age=10, stale-while-revalidate=5"), then: reply{status: 200, body: "new"}, result: "MISS", status: 200},
		{name: "swr but must-revalidate", first: old("max-age=10, must-revalidate, stale-while-revalidate=1000"), then: reply{status: 200, body: "new"}, result: "MISS", status: 200},
		{name: "cut off", first: old("max-age=10"), then: cut, result: "STALE", status: 200},
		{name: "cut off, not listed", change: func(c *zone.CacheSettings) { c.StaleOn = []string{"http_500"} }, first: old("max-age=10"), then: cut, result: "ERROR", status: 502},
		{name: "cut off, no window", change: func(c *zone.CacheSettings) { c.StaleIfError = 0 }, first: old("max-age=10"), then: cut, result: "ERROR", status: 502},
		{name: "cut off, own window", change: func(c *zone.CacheSettings) { c.StaleIfError = 0 }, first: old("max-age=10, stale-if-error=1000"), then: cut, result: "STALE", status: 200},
		{name: "cut off, window is over", change: func(c *zone.CacheSettings) { c.StaleIfError = 50 }, first: old("max-age=10"), then: cut, result: "ERROR", status: 502},
		{name: "must-revalidate", first: old("max-age=10, must-revalidate"), then: cut, result: "ERROR", status: 502},
		{name: "proxy-revalidate", first: old("max-age=10, proxy-revalidate"), then: cut, result: "ERROR", status: 502},
		{name: "s-maxage", first: old("s-maxage=10"), then: cut, result: "ERROR", status: 502},
		{name: "no-cache", first: old("max-age=1000, no-cache"), then: cut, result: "ERROR", status: 502},
		{name: "targeted lifetime", first: old("s-maxage=10, must-revalidate", "CDN-Cache-Control: max-age=10, stale-if-error=1000"), then: cut, result: "STALE", status: 200},
		{name: "500 is passed on", first: old("max-age=10"), then: status(500), result: "MISS", status: 500},
		{name: "500 in its own window", first: old("max-age=10, stale-if-error=1000"), then: status(500), result: "STALE", status: 200},
		{name: "501 in its own window", first: old("max-age=10, stale-if-error=1000"), then: status(501), result: "MISS", status: 501},
		{name: "500 listed", change: func(c *zone.CacheSettings) { c.StaleOn = []string{"http_500"} }, first: old("max-age=10"), then: status(500), result: "STALE", status: 200},
		{name: "404 listed", change: func(c *zone.CacheSettings) { c.StaleOn = []string{"http_404"} }, first: old("max-age=10"), then: status(404), result: "STALE", status: 200},
		{name: "404", first: old("max-age=10, stale-if-error=1000"), then: status(404), result: "MISS", status: 404},
		{name: "no validator", first: reply{status: 200, fields: []string{"Age: 100", "Cache-Control: max-age=10, stale-if-error=1000"}}, then: status(503), result: "STALE", status: 200},
		{name: "refreshed", first: old("max-age=10"), then: reply{status: 304, fields: []string{"ETag: \"1\""}}, result: "REVALIDATED", status: 200},
		{name: "no header", change: func(c *zone.CacheSettings) { c.StaleOn = []string{"invalid_header"} }, first: old("max-age=10"),
			then: reply{status: 206, body: "part"}, result: "STALE", status: 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, _ := script(t, tt.first, tt.then)
			f := start(t, origin, plain(func(z *zone.Zone) {
				if tt.change != nil {
					tt.change(&z.Cache)
				}
			}))
			f.expect(t, "GET", "/a", "MISS")
			if res := f.expect(t, "GET", "/a", tt.result); res.StatusCode != tt.status {
				t.Errorf("status %d; want %d", res.StatusCode, tt.status)
			}
		})
	}
}

// A purge ends every window.
func TestStaleNotAcrossAPurge(t *testing.T) {
	origin, _ := script(t, reply{status: 200, fields: []string{"Age: 100", "Cache-Control: max-age=10, stale-while-revalidate=1000"}}, reply{})
	f := start(t, origin, plain(nil))
	f.expect(t, "GET", "/a", "MISS")
	f.Purge(&link.Purge{Zone: zoneUUID, Revision: 9, URLs: []string{"/a"}})
	f.expect(t, "GET", "/a", "ERROR")
}

// An answer to a HEAD refreshes the stored answer to a GET, or makes it stale
// if it is about something else.
func TestHeadRefreshesGet(t *testing.T) {
	old := reply{status: 200, fields: []string{"Age: 100", "ETag: \"1\"", "Cache-Control: max-age=10"}, body: "hello"}
	tests := []struct {
		name string
		head reply
		then string // the GET after it
	}{
		{name: "304", head: reply{status: 304, fields: []string{"ETag: \"1\"", "Cache-Control: max-age=1000"}}, then: "HIT"},
		{name: "same", head: reply{status: 200, fields: []string{"ETag: \"1\"", "Content-Length: 5", "Cache-Control: max-age=1000"}}, then: "HIT"},
		{name: "other ETag", head: reply{status: 200, fields: []string{"ETag: \"2\"", "Content-Length: 5", "Cache-Control: max-age=1000"}}, then: "MISS"},
		{name: "other length", head: reply{status: 200, fields: []string{"ETag: \"1\"", "Content-Length: 6", "Cache-Control: max-age=1000"}}, then: "MISS"},
		{name: "gone", head: reply{status: 404}, then: "MISS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, seen := script(t, old, tt.head, old)
			f := start(t, origin, plain(nil))
			f.expect(t, "GET", "/a", "MISS")
			f.request(t, "HEAD", "/a")
			f.expect(t, "GET", "/a", tt.then)
			if r := seen()[1]; r.Method != "HEAD" || r.Header.Get("If-None-Match") != `"1"` {
				t.Errorf("origin saw %s with If-None-Match %q; want a conditional HEAD", r.Method, r.Header.Get("If-None-Match"))
			}
		})
	}
}

// What viewers demand acts where the zone says so, and nowhere else.
func TestRequestDirectives(t *testing.T) {
	fresh := reply{status: 200, fields: []string{"ETag: \"1\"", "Cache-Control: max-age=100", "Age: 50"}}
	stale := reply{status: 200, fields: []string{"ETag: \"1\"", "Cache-Control: max-age=100", "Age: 150"}}
	immutable := reply{status: 200, fields: []string{"ETag: \"1\"", "Cache-Control: max-age=100, immutable", "Age: 50"}}
	tests := []struct {
		name    string
		first   reply
		request string
		ignored string
		honored string
		fwd     string // of the honored one
	}{
		{name: "no-cache", first: fresh, request: "Cache-Control: no-cache", ignored: "HIT", honored: "REVALIDATED", fwd: "fwd=request"},
		{name: "pragma", first: fresh, request: "Pragma: no-cache", ignored: "HIT", honored: "REVALIDATED", fwd: "fwd=request"},
		{name: "max-age", first: fresh, request: "Cache-Control: max-age=49", ignored: "HIT", honored: "REVALIDATED", fwd: "fwd=request"},
		{name: "max-age above", first: fresh, request: "Cache-Control: max-age=99", ignored: "HIT", honored: "HIT", fwd: "hit"},
		{name: "min-fresh", first: fresh, request: "Cache-Control: min-fresh=60", ignored: "HIT", honored: "REVALIDATED", fwd: "fwd=request"},
		{name: "max-stale", first: stale, request: "Cache-Control: max-stale=99", ignored: "REVALIDATED", honored: "STALE", fwd: "hit"},
		{name: "reload of what is immutable", first: immutable, request: "Cache-Control: no-cache", ignored: "HIT", honored: "HIT", fwd: "hit"},
		{name: "only-if-cached", first: fresh, request: "Cache-Control: only-if-cached", ignored: "HIT", honored: "HIT", fwd: "hit"},
		{name: "only-if-cached, stale", first: stale, request: "Cache-Control: only-if-cached", ignored: "ERROR", honored: "ERROR"},
		{name: "only-if-cached, max-stale", first: stale, request: "Cache-Control: only-if-cached, max-stale", ignored: "ERROR", honored: "STALE", fwd: "hit"},
	}
	for _, tt := range tests {
		for _, mode := range []string{zone.DirectivesIgnore, zone.DirectivesHonor} {
			t.Run(tt.name+" "+mode, func(t *testing.T) {
				origin, _ := script(t, tt.first, reply{status: 304, fields: []string{"ETag: \"1\"", "Age: 1"}})
				f := start(t, origin, plain(func(z *zone.Zone) { z.Cache.RequestDirectives = mode }))
				f.expect(t, "GET", "/a", "MISS")
				want := tt.ignored
				if mode == zone.DirectivesHonor {
					want = tt.honored
				}
				res := f.expect(t, "GET", "/a", want, tt.request)
				if status := res.Header.Get("Cache-Status"); mode == zone.DirectivesHonor && !strings.Contains(status, tt.fwd) {
					t.Errorf("Cache-Status %q; want %s", status, tt.fwd)
				}
			})
		}
	}
	t.Run("no-store", func(t *testing.T) {
		origin, _ := script(t, fresh)
		f := start(t, origin, plain(func(z *zone.Zone) { z.Cache.RequestDirectives = zone.DirectivesHonor }))
		f.expect(t, "GET", "/a", "BYPASS", "Cache-Control: no-store")
		f.expect(t, "GET", "/a", "MISS")
		f.expect(t, "GET", "/a", "HIT", "Cache-Control: no-store")
	})
}

// One request asks about all variants that are stored, and the one that the
// origin confirms answers from then on.
func TestVariantIsConfirmed(t *testing.T) {
	origin, seen := script(t,
		reply{status: 200, fields: []string{"Vary: Accept-Language", "ETag: \"de\"", "Cache-Control: max-age=100"}, body: "hallo"},
		reply{status: 200, fields: []string{"Vary: Accept-Language", "ETag: \"en\"", "Cache-Control: max-age=100"}, body: "hello"},
		reply{status: 304, fields: []string{"Vary: Accept-Language", "ETag: \"de\"", "Cache-Control: max-age=100"}},
	)
	f := start(t, origin, plain(nil))
	f.expect(t, "GET", "/a", "MISS", "Accept-Language: de")
	f.expect(t, "GET", "/a", "MISS", "Accept-Language: en")
	for _, want := range []string{"REVALIDATED", "HIT"} {
		res, body := f.get(t, "/a", "Accept-Language: de-CH")
		if res.Header.Get("X-Cache") != want || body != "hallo" {
			t.Errorf("another variant's body: %s %q; want %s hallo", res.Header.Get("X-Cache"), body, want)
		}
	}
	for _, language := range []string{"de", "en"} {
		f.expect(t, "GET", "/a", "HIT", "Accept-Language: "+language)
	}
	requests := seen()
	if len(requests) != 3 || requests[1].Header.Get("If-None-Match") != `"de"` || requests[2].Header.Get("If-None-Match") != `"en", "de"` {
		t.Errorf("%d origin requests; the second asked about %q, the third about %q", len(requests),
			requests[1].Header.Get("If-None-Match"), requests[len(requests)-1].Header.Get("If-None-Match"))
	}
}

// A field that no origin gets selects nothing, and one that the edge sets
// selects more than a cache can keep apart.
func TestVaryOnWhatIsNotSent(t *testing.T) {
	tests := []struct {
		name   string
		vary   string
		first  string // field of the first request
		second string
		result string
	}{
		{name: "range", vary: "Range", first: "X: y", second: "If-None-Match: \"x\"", result: "HIT"},
		{name: "condition", vary: "If-Modified-Since, Range", first: "X: y", second: "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", result: "HIT"},
		{name: "viewer's address", vary: "X-Forwarded-For", first: "X: y", second: "X: y", result: "BYPASS"},
		{name: "forged address", vary: "X-Forwarded-For", first: "X-Forwarded-For: 1", second: "X-Forwarded-For: 1", result: "BYPASS"},
		{name: "everything", vary: "*", first: "X: y", second: "X: y", result: "BYPASS"},
		{name: "codings", vary: "Accept-Encoding", first: "Accept-Encoding: br;q=1, gzip", second: "Accept-Encoding: gzip,br,deflate", result: "HIT"},
		{name: "other codings", vary: "Accept-Encoding", first: "Accept-Encoding: gzip", second: "Accept-Encoding: gzip;q=0", result: "MISS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, seen := script(t, reply{status: 200, fields: []string{"Vary: " + tt.vary, "Cache-Control: max-age=100"}})
			f := start(t, origin, plain(nil))
			f.expect(t, "GET", "/a", "MISS", tt.first)
			f.expect(t, "GET", "/a", tt.result, tt.second)
			if got := seen()[0].Header.Get("Accept-Encoding"); tt.name == "codings" && got != "gzip, br" {
				t.Errorf("origin was asked for %q; want what is told apart", got)
			}
		})
	}
}

// A field that the origin keeps out of caches reaches the viewer who asked,
// and no other.
func TestFieldsForOneViewer(t *testing.T) {
	origin, _ := script(t, reply{status: 200, fields: []string{`Cache-Control: max-age=100, private="Set-Cookie, X-Amz-Me"`, "Set-Cookie: id=1", "X-Amz-Me: 1", "X-All: 1"}})
	f := start(t, origin, plain(nil))
	for _, tt := range []struct{ result, cookie string }{{"MISS", "id=1"}, {"HIT", ""}} {
		res := f.expect(t, "GET", "/a", tt.result)
		if res.Header.Get("Set-Cookie") != tt.cookie || res.Header.Get("X-Amz-Me") != "" || res.Header.Get("X-All") != "1" {
			t.Errorf("%s: fields %v; want Set-Cookie %q", tt.result, res.Header, tt.cookie)
		}
	}
}
