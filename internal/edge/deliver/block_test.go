package deliver

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

func TestHidden(t *testing.T) {
	tests := []struct {
		name string
		want bool
	}{
		{"X-Amz-Request-Id", true},
		{"x-amz-meta-owner", true},
		{"X-AMZ-Server-Side-Encryption", true},
		{"x-oss-hash-crc64ecma", true},
		{"X-Goog-Stored-Content-Length", true},
		{"X-Minio-Deployment-Id", true},
		{"Surrogate-Control", true},
		{"Surrogate-Key", true},
		{"Cache-Tag", true},
		{"cistern-cdn-cache-control", true},
		{"Server", true},
		// Written by the edge itself.
		{"Age", true},
		{"X-Cache", true},
		{"Accept-Ranges", true},
		{"Content-Length", true},

		{"CDN-Cache-Control", false},
		{"Cache-Status", false}, // of caches behind; ours comes last (RFC 9211, 2)
		{"Content-Encoding", false},
		{"Set-Cookie", false},
		{"X-Amzn-Trace-Id", false},
		{"X-Frame-Options", false},
		{"Access-Control-Allow-Origin", false},
	}
	for _, tt := range tests {
		if got := hidden([]byte(tt.name)); got != tt.want {
			t.Errorf("hidden(%q) = %v; want %v", tt.name, got, tt.want)
		}
	}
}

// A field that a 304 repeats must not be one that is hidden: the first part
// of a block is not filtered again.
func TestIn304IsShown(t *testing.T) {
	for _, name := range []string{"Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary", "CDN-Cache-Control"} {
		if !in304([]byte(name)) || hidden([]byte(name)) {
			t.Errorf("%s: in304 = %v, hidden = %v; want true, false", name, in304([]byte(name)), hidden([]byte(name)))
		}
	}
}

func TestRender(t *testing.T) {
	m := flow.NewMeta(200, parseFields("X-One: 1", "ETag: \"v1\"", "X-Amz-Id-2: 2", "Set-Cookie: a", "Set-Cookie: b", "Date: "+bornDate), httpcache.Verdict{})
	site := &flow.Site{Headers: 7, BrowserTTL: -1}
	b := render(site, m, true)
	const first = "ETag: \"v1\"\r\nDate: " + bornDate + "\r\nServer: Cistern\r\n"
	const rest = "X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nAccept-Ranges: bytes\r\n"
	if d := cmp.Diff(first+rest, string(b.H1)); d != "" {
		t.Errorf("H1 (-want +got):\n%s", d)
	}
	if b.N304 != len(first) || b.Policy != site.Headers {
		t.Errorf("N304 = %d, Policy = %d; want %d, %d", b.N304, b.Policy, len(first), site.Headers)
	}
	if got := string(render(site, m, false).H1); got != first+"X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n" {
		t.Errorf("without a known length H1 = %q; want no Accept-Ranges", got)
	}
	m.Status = 404
	if got := string(render(site, m, true).H1); got != first+"X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n" {
		t.Errorf("of a 404 H1 = %q; want no Accept-Ranges", got)
	}
}

// The fields of an object are rendered once, unless its length was not known
// when it was first asked for.
func TestBlockIsKept(t *testing.T) {
	x := exchange(t, response{body: "hello"}, flow.ResultHit)
	Object(x)
	first := x.Reply.Block
	x.Reply = flow.Reply{}
	Object(x)
	if first == nil || x.Reply.Block != first {
		t.Errorf("block %p, then %p; want the same", first, x.Reply.Block)
	}
	x.Found.SetMeta(flow.NewMeta(200, parseFields("X-New: 1"), httpcache.Verdict{}))
	x.Reply = flow.Reply{}
	Object(x)
	if x.Reply.Block == first {
		t.Error("block of a validated object is that from before")
	}

	x = exchange(t, response{body: "hello", grows: -1}, flow.ResultMiss)
	Object(x)
	if x.Reply.Block == nil || x.Found.Meta().Block(x.Site.Headers) != nil {
		t.Errorf("block %p is kept though the length is not known: %v", x.Reply.Block, x.Found.Meta().Block(x.Site.Headers) != nil)
	}
}

// A zone's lifetime in browsers counts from now, so what they are told grows
// with the age; what must not be kept stays so.
func TestBrowserTTL(t *testing.T) {
	const expires = "Expires: Fri, 02 Jan 2026 04:04:05 GMT"
	tests := []struct {
		name    string
		ttl     int64
		control string // of the origin
		result  flow.Result
		status  int
		request []string
		want    []string // Cache-Control and Expires
	}{
		{name: "from now", ttl: 60, control: "public, max-age=5, s-maxage=9", result: flow.ResultHit, status: 200, want: []string{"max-age=100, public"}},
		{name: "just fetched", ttl: 60, control: "max-age=5", result: flow.ResultMiss, status: 200, want: []string{"max-age=60"}},
		{name: "zero", ttl: 0, control: "public, max-age=5", result: flow.ResultHit, status: 200, want: []string{"no-cache"}},
		{name: "304", ttl: 60, control: "max-age=5, immutable", result: flow.ResultHit, status: 200, request: []string{"If-None-Match: *"},
			want: []string{"max-age=100, immutable"}},
		{name: "range", ttl: 60, control: "max-age=5", result: flow.ResultHit, status: 200, request: []string{"Range: bytes=0-0"}, want: []string{"max-age=100"}},
		{name: "redirect", ttl: 60, control: "max-age=5", result: flow.ResultHit, status: 301, want: []string{"max-age=100"}},
		{name: "error", ttl: 60, control: "max-age=5", result: flow.ResultHit, status: 404, want: []string{"max-age=5", expires[9:]}},
		{name: "not for all", ttl: 60, control: "private, max-age=5", result: flow.ResultHit, status: 200, want: []string{"private, max-age=5", expires[9:]}},
		{name: "precondition failed", ttl: 60, control: "max-age=5", result: flow.ResultHit, status: 200, request: []string{`If-Match: "x"`}, want: []string{"no-store"}},
		{name: "not set", ttl: -1, control: "max-age=5", result: flow.ResultHit, status: 200, want: []string{"max-age=5", expires[9:]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(t, response{status: tt.status, body: "hello", fields: []string{"Date: " + bornDate, expires, "Cache-Control: " + tt.control}}, tt.result, tt.request...)
			x.Site = &flow.Site{BrowserTTL: tt.ttl, Headers: 9}
			for range 2 { // rendered, and from memory
				x.Reply = flow.Reply{Extra: x.Reply.Extra[:0]}
				Object(x)
				lines := written(t, x)
				got := append(values(lines, "Cache-Control"), values(lines, "Expires")...)
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("Cache-Control, Expires (-want +got):\n%s", d)
				}
			}
		})
	}
}
