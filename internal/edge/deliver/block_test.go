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
	b := render(m, true)
	const first = "ETag: \"v1\"\r\nDate: " + bornDate + "\r\nServer: Cistern\r\n"
	const rest = "X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nAccept-Ranges: bytes\r\n"
	if d := cmp.Diff(first+rest, string(b.H1)); d != "" {
		t.Errorf("H1 (-want +got):\n%s", d)
	}
	if b.N304 != len(first) || b.Policy != policy {
		t.Errorf("N304 = %d, Policy = %d; want %d, %d", b.N304, b.Policy, len(first), policy)
	}
	if got := string(render(m, false).H1); got != first+"X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n" {
		t.Errorf("without a known length H1 = %q; want no Accept-Ranges", got)
	}
	m.Status = 404
	if got := string(render(m, true).H1); got != first+"X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n" {
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
	if x.Reply.Block == nil || x.Found.Meta().Block(policy) != nil {
		t.Errorf("block %p is kept though the length is not known: %v", x.Reply.Block, x.Found.Meta().Block(policy) != nil)
	}
}
