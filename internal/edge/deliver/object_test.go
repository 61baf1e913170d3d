package deliver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

func TestObjectHit(t *testing.T) {
	x := exchange(t, response{
		fields: []string{"Cache-Control: max-age=100", "Content-Type: text/plain", `ETag: "v1"`, "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
			"Server: AmazonS3", "x-amz-request-id: 4442587FB7D0A2F9", "X-Own: 1", "Date: " + bornDate},
		body: "hello",
	}, flow.ResultHit)
	Object(x)
	want := []string{"200",
		"Accept-Ranges: bytes",
		"Age: 40",
		"Cache-Control: max-age=100",
		"Cache-Status: cistern; hit; ttl=60",
		"Content-Length: 5",
		"Content-Type: text/plain",
		"Date: " + bornDate,
		`ETag: "v1"`,
		"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
		"Server: Cistern",
		"X-Cache: HIT",
		"X-Own: 1",
		"", "hello"}
	if d := cmp.Diff(want, written(t, x)); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
}

func TestObjectResult(t *testing.T) {
	tests := []struct {
		name   string
		result flow.Result
		fields []string
		change func(*flow.Exchange)
		age    string // "": none
		status string
	}{
		{name: "fresh", result: flow.ResultHit, age: "40", status: "cistern; hit; ttl=60"},
		{name: "fetched", result: flow.ResultMiss, status: "cistern; fwd=uri-miss; fwd-status=200; stored"},
		{name: "fetched by another", result: flow.ResultMiss, change: func(x *flow.Exchange) { x.Status.Collapsed = true },
			status: "cistern; fwd=uri-miss; fwd-status=200; stored; collapsed"},
		{name: "another variant", result: flow.ResultMiss, change: func(x *flow.Exchange) { x.Status.Fwd = cdnfield.FwdVaryMiss },
			status: "cistern; fwd=vary-miss; fwd-status=200; stored"},
		{name: "stale one replaced", result: flow.ResultMiss, change: func(x *flow.Exchange) { x.Status.Fwd = cdnfield.FwdStale },
			status: "cistern; fwd=stale; fwd-status=200; stored"},
		{name: "fetched from a cache", result: flow.ResultMiss, fields: []string{"Age: 7"}, age: "40",
			status: "cistern; fwd=uri-miss; fwd-status=200; stored"},
		{name: "not shareable", result: flow.ResultBypass, status: "cistern; fwd=bypass; fwd-status=200"},
		{name: "confirmed", result: flow.ResultRevalidated, age: "40", status: "cistern; fwd=stale; fwd-status=304"},
		{name: "origin away", result: flow.ResultStale, change: expired, age: "40", status: "cistern; fwd=stale; ttl=-30"},
		{name: "origin fails", result: flow.ResultStale, change: func(x *flow.Exchange) { expired(x); x.Status.FwdStatus = 503 },
			age: "40", status: "cistern; fwd=stale; fwd-status=503; ttl=-30"},
	}
	for _, tt := range tests {
		for _, code := range []string{"200", "304", "206"} {
			t.Run(tt.name+" "+code, func(t *testing.T) {
				request := map[string][]string{"304": {`If-None-Match: "v1"`}, "206": {"Range: bytes=0-0"}}[code]
				// What was fetched is answered later than the request came;
				// here, in the same second.
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(time.Unix(now, 0)))
					x := exchange(t, response{fields: append([]string{`ETag: "v1"`}, tt.fields...), body: "hello"}, tt.result, request...)
					if tt.change != nil {
						tt.change(x)
					}
					Object(x)
					got := written(t, x)
					if got[0] != code {
						t.Errorf("status = %s; want %s", got[0], code)
					}
					if d := cmp.Diff([]string{tt.result.String()}, values(got, "X-Cache")); d != "" {
						t.Errorf("X-Cache (-want +got):\n%s", d)
					}
					if d := cmp.Diff([]string{tt.status}, values(got, "Cache-Status")); d != "" {
						t.Errorf("Cache-Status (-want +got):\n%s", d)
					}
					if age := strings.Join(values(got, "Age"), "|"); age != tt.age {
						t.Errorf("Age = %q; want %q", age, tt.age)
					}
				})
			})
		}
	}
}

// expired makes what answers x stale for half a minute.
func expired(x *flow.Exchange) {
	m := *x.Found.Meta()
	x.Found.SetMeta(flow.NewMeta(m.Status, m.Fields, httpcache.Verdict{Storable: true, Born: born, Lifetime: 10}))
}

// What was fetched is as old as it is when it leaves, not when it was asked
// for: the origin may have taken its time.
func TestObjectAgeAfterFetch(t *testing.T) {
	tests := []struct {
		result flow.Result
		want   int64
	}{
		{flow.ResultHit, 40}, // no fetch, so no time has passed
		{flow.ResultMiss, 65},
		{flow.ResultBypass, 65},
		{flow.ResultStale, 65},
		{flow.ResultRevalidated, 65},
	}
	for _, tt := range tests {
		t.Run(tt.result.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(now, 0)))
				x := exchange(t, response{fields: []string{"Age: 7"}, body: "hello"}, tt.result)
				time.Sleep(25 * time.Second)
				Object(x)
				if x.Reply.Age != tt.want {
					t.Errorf("Age = %d; want %d", x.Reply.Age, tt.want)
				}
			})
		})
	}
}

func TestObjectConditions(t *testing.T) {
	const modified = "Thu, 01 Jan 2026 00:00:00 GMT"
	tests := []struct {
		name    string
		status  int
		request []string
		want    int
	}{
		{name: "same tag", request: []string{`If-None-Match: "v1"`}, want: 304},
		{name: "weak form of the tag", request: []string{`If-None-Match: W/"v1"`}, want: 304},
		{name: "tag in the second line", request: []string{`If-None-Match: "v0"`, `If-None-Match: "v1"`}, want: 304},
		{name: "any", request: []string{`If-None-Match: *`}, want: 304},
		{name: "another tag", request: []string{`If-None-Match: "v2"`}, want: 200},
		{name: "another tag beats the date", request: []string{`If-None-Match: "v2"`, "If-Modified-Since: " + modified}, want: 200},
		{name: "not modified", request: []string{"If-Modified-Since: " + modified}, want: 304},
		{name: "modified", request: []string{"If-Modified-Since: Wed, 31 Dec 2025 23:59:59 GMT"}, want: 200},
		{name: "no date", request: []string{"If-Modified-Since: today"}, want: 200},
		{name: "match", request: []string{`If-Match: "v1"`}, want: 200},
		{name: "match weakly", request: []string{`If-Match: W/"v1"`}, want: 412},
		{name: "no match", request: []string{`If-Match: "v2"`}, want: 412},
		{name: "unmodified", request: []string{"If-Unmodified-Since: " + modified}, want: 200},
		{name: "modified since", request: []string{"If-Unmodified-Since: Wed, 31 Dec 2025 23:59:59 GMT"}, want: 412},
		{name: "both, the first fails", request: []string{`If-Match: "v2"`, `If-None-Match: "v1"`}, want: 412},
		{name: "condition before range", request: []string{`If-None-Match: "v1"`, "Range: bytes=0-0"}, want: 304},
		{name: "failed condition before range", request: []string{`If-Match: "v2"`, "Range: bytes=9-"}, want: 412},

		// RFC 9110, 13.2.1: conditions are for answers that would be 2xx.
		{name: "redirect", status: 302, request: []string{`If-None-Match: "v1"`}, want: 302},
		{name: "not found", status: 404, request: []string{`If-None-Match: "v1"`}, want: 404},
		{name: "not found, no match", status: 404, request: []string{`If-Match: "v2"`}, want: 404},
		{name: "failing server", status: 500, request: []string{`If-None-Match: *`}, want: 500},
		{name: "another 2xx", status: 203, request: []string{`If-None-Match: "v1"`}, want: 304},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				x := exchange(t, response{status: tt.status, fields: []string{`ETag: "v1"`, "Last-Modified: " + modified}, body: "hello"},
					flow.ResultHit, tt.request...)
				x.Head = method == "HEAD"
				Object(x)
				if x.Reply.Status != tt.want {
					t.Errorf("%v: status %d; want %d", tt.request, x.Reply.Status, tt.want)
				}
				if bare := x.Head || x.Reply.Status == 304; x.Reply.NoBody != bare {
					t.Errorf("NoBody = %v; want %v", x.Reply.NoBody, bare)
				}
				if tt.want == tt.status && !x.Head && pulled(t, x) != "hello" {
					t.Errorf("body = %q; want the origin's", pulled(t, x))
				}
			})
		}
	}
}

func TestObjectNotModified(t *testing.T) {
	x := exchange(t, response{fields: []string{
		"Accept-Ranges: bytes", "Cache-Control: max-age=100", "CDN-Cache-Control: max-age=100", "Cistern-CDN-Cache-Control: max-age=100",
		"Content-Encoding: gzip", "Content-Language: en", "Content-Location: /there", "Content-Type: text/plain", "Date: " + bornDate,
		`etag: "v1"`, "Expires: Sat, 03 Jan 2026 03:04:05 GMT", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT", "Set-Cookie: a=b",
		"Vary: Accept-Encoding", "Vary: Origin", "X-Own: 1"}, body: "hello"}, flow.ResultHit, `If-None-Match: "v1"`)
	Object(x)
	// RFC 9110, 15.4.5, in full; and of the body nothing, its length included.
	want := []string{"304",
		"Age: 40",
		"CDN-Cache-Control: max-age=100",
		"Cache-Control: max-age=100",
		"Cache-Status: cistern; hit; ttl=60",
		"Content-Location: /there",
		"Date: " + bornDate,
		"Expires: Sat, 03 Jan 2026 03:04:05 GMT",
		"Server: Cistern",
		"Vary: Accept-Encoding",
		"Vary: Origin",
		"X-Cache: HIT",
		`etag: "v1"`,
		"", ""}
	if d := cmp.Diff(want, written(t, x)); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
}

func TestObjectPreconditionFailed(t *testing.T) {
	x := exchange(t, response{fields: []string{`ETag: "v1"`, "Content-Type: image/png"}, body: "hello"}, flow.ResultHit, `If-Match: "v2"`)
	Object(x)
	want := []string{"412",
		"Cache-Control: no-store",
		"Cache-Status: cistern; hit; ttl=60",
		"Content-Length: 21",
		"Content-Type: text/plain; charset=utf-8",
		"Date: Fri, 02 Jan 2026 03:04:45 GMT",
		"Server: Cistern",
		"X-Cache: HIT",
		"X-Request-Id: " + x.ID,
		"", "Precondition failed.\n"}
	if d := cmp.Diff(want, written(t, x)); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
}

func TestObjectRange(t *testing.T) {
	const tag = `ETag: "v1"`
	tests := []struct {
		name    string
		fields  []string
		request []string
		want    int
		content string // Content-Range
		body    string
	}{
		{name: "first bytes", request: []string{"Range: bytes=0-1"}, want: 206, content: "bytes 0-1/10", body: "01"},
		{name: "in the middle", request: []string{"Range: bytes=3-5"}, want: 206, content: "bytes 3-5/10", body: "345"},
		{name: "to the end", request: []string{"Range: bytes=7-"}, want: 206, content: "bytes 7-9/10", body: "789"},
		{name: "last bytes", request: []string{"Range: bytes=-2"}, want: 206, content: "bytes 8-9/10", body: "89"},
		{name: "all of it", request: []string{"Range: bytes=0-"}, want: 206, content: "bytes 0-9/10", body: "0123456789"},
		{name: "clipped", request: []string{"Range: bytes=8-99999999999999999999"}, want: 206, content: "bytes 8-9/10", body: "89"},
		{name: "one of two fits", request: []string{"Range: bytes=3-5,20-30"}, want: 206, content: "bytes 3-5/10", body: "345"},
		{name: "behind the end", request: []string{"Range: bytes=10-"}, want: 416, content: "bytes */10"},
		{name: "beyond all numbers", request: []string{"Range: bytes=99999999999999999999-"}, want: 416, content: "bytes */10"},
		{name: "the last none", request: []string{"Range: bytes=-0"}, want: 416, content: "bytes */10"},

		// Whatever is no single range of bytes is as if absent.
		{name: "several that nearly meet", request: []string{"Range: bytes=4-5,0-1"}, want: 206, content: "bytes 0-5/10", body: "012345"},
		{name: "more than there is", request: []string{"Range: bytes=0-,4-5"}, want: 200, body: "0123456789"},
		{name: "backward", request: []string{"Range: bytes=5-3"}, want: 200, body: "0123456789"},
		{name: "other unit", request: []string{"Range: lines=0-1"}, want: 200, body: "0123456789"},
		{name: "empty", request: []string{"Range: "}, want: 200, body: "0123456789"},
		{name: "two lines", request: []string{"Range: bytes=0-1", "Range: bytes=0-1"}, want: 200, body: "0123456789"},

		{name: "if the tag is the same", fields: []string{tag}, request: []string{"Range: bytes=0-1", `If-Range: "v1"`}, want: 206, content: "bytes 0-1/10", body: "01"},
		{name: "if the tag is another", fields: []string{tag}, request: []string{"Range: bytes=0-1", `If-Range: "v2"`}, want: 200, body: "0123456789"},
		{name: "if another, behind the end", fields: []string{tag}, request: []string{"Range: bytes=10-", `If-Range: "v2"`}, want: 200, body: "0123456789"},
		{name: "if the weak tag is the same", fields: []string{`ETag: W/"v1"`}, request: []string{"Range: bytes=0-1", `If-Range: W/"v1"`}, want: 200, body: "0123456789"},
		{name: "if of the same date", fields: []string{"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"},
			request: []string{"Range: bytes=0-1", "If-Range: Thu, 01 Jan 2026 00:00:00 GMT"}, want: 206, content: "bytes 0-1/10", body: "01"},
		{name: "if of an older date", fields: []string{"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"},
			request: []string{"Range: bytes=0-1", "If-Range: Thu, 01 Jan 2026 00:00:01 GMT"}, want: 200, body: "0123456789"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := func(kind string, res response) {
				t.Helper()
				res.fields = append(res.fields, tt.fields...)
				x := exchange(t, res, flow.ResultHit, tt.request...)
				Object(x)
				got := written(t, x)
				if x.Reply.Status != tt.want || strings.Join(values(got, "Content-Range"), "|") != tt.content {
					t.Errorf("%s: %v: status %d, Content-Range %q; want %d, %q",
						kind, tt.request, x.Reply.Status, values(got, "Content-Range"), tt.want, tt.content)
				}
				if ranged := values(got, "Accept-Ranges"); tt.want != 416 && !cmp.Equal(ranged, []string{"bytes"}) {
					t.Errorf("%s: Accept-Ranges = %q; want bytes", kind, ranged)
				}
				if body := got[len(got)-1]; tt.want != 416 && body != tt.body {
					t.Errorf("%s: %v: body %q; want %q", kind, tt.request, body, tt.body)
				}
				if tt.want == 416 && x.Reply.Age >= 0 {
					t.Errorf("%s: 416 is made now, but has Age %d", kind, x.Reply.Age)
				}
			}
			f("stored", response{body: "0123456789"})
			// 10 bytes of an announced length, all but the last there.
			if !strings.Contains(tt.content+tt.body, "9") || tt.want == 416 {
				f("growing", response{body: "012345678", grows: 10})
			}
		})
	}
}

// A range is for the answer that would be 200, of a length that is known, to
// GET.
func TestObjectRangeIgnored(t *testing.T) {
	tests := []struct {
		name   string
		res    response
		head   bool
		status int
		length int64
	}{
		{name: "head", res: response{body: "0123456789"}, head: true, status: 200, length: 10},
		{name: "not found", res: response{status: 404, body: "0123456789"}, status: 404, length: 10},
		{name: "length unknown", res: response{body: "0123456789", grows: -1}, status: 200, length: -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(t, tt.res, flow.ResultMiss, "Range: bytes=20-")
			x.Head = tt.head
			Object(x)
			got := written(t, x)
			if x.Reply.Status != tt.status || x.Reply.Body.Len != tt.length || values(got, "Content-Range") != nil {
				t.Errorf("reply %q; want status %d, length %d and no Content-Range", got, tt.status, tt.length)
			}
			if acceptable := tt.status == 200 && tt.length >= 0; (values(got, "Accept-Ranges") != nil) != acceptable {
				t.Errorf("Accept-Ranges = %q; want it: %v", values(got, "Accept-Ranges"), acceptable)
			}
		})
	}
}

// A range far into a body that is not kept must not wait for a viewer who
// reads what comes before it: nobody does.
func TestObjectRangeOfUnkept(t *testing.T) {
	const size = 10 * flow.ChunkSize
	o := flow.NewObject("G1./x", heap{}, flow.NewMeta(200, nil, httpcache.Verdict{}))
	growth := flow.Grow(o, size, 0, false, func() {})
	x := &flow.Exchange{Now: now * 1e9, Result: flow.ResultBypass, Site: &flow.Site{BrowserTTL: -1}}
	x.Request.Fields = parseFields("Range: bytes=-1")
	x.Follow(growth.Read(0))
	Object(x)
	quit := make(chan struct{})
	close(quit)
	for n := int64(0); n < size; {
		space := growth.Space(quit)
		if space == nil {
			t.Fatalf("fill waits after %d bytes; the range begins at %d", n, size-1)
		}
		for i := range space {
			space[i] = byte('0' + n/flow.ChunkSize)
		}
		growth.Commit(len(space))
		n += int64(len(space))
	}
	if got := pulled(t, x); got != "9" {
		t.Errorf("body = %q; want %q", got, "9")
	}
	growth.End(0, nil, nil)
	x.Release()
	growth.Close()
}

// Bodies of more than one chunk come from the object itself.
func TestObjectLarge(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", flow.ChunkSize/16) + "tail"
	x := exchange(t, response{body: body}, flow.ResultHit)
	Object(x)
	if got := pulled(t, x); got != body {
		t.Errorf("body of %d bytes is not that of %d", len(got), len(body))
	}
	x = exchange(t, response{body: body}, flow.ResultHit, "Range: bytes=65532-65539")
	Object(x)
	if got := pulled(t, x); got != "cdeftail" {
		t.Errorf("range over the border of chunks = %q; want %q", got, "cdeftail")
	}
}

func TestObjectHead(t *testing.T) {
	tests := []struct {
		name string
		res  response
		want int64
	}{
		{name: "from a GET", res: response{body: "hello"}, want: 5},
		{name: "from a HEAD", res: response{head: true, grows: 1 << 40}, want: 1 << 40},
		{name: "from a HEAD of nothing", res: response{head: true, grows: 0}, want: 0},
		// A page made while it is sent: its length is not 0.
		{name: "from a HEAD without length", res: response{head: true, grows: -1}, want: -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(t, tt.res, flow.ResultHit)
			x.Head = true
			Object(x)
			if r := &x.Reply; r.Status != 200 || !r.NoBody || r.Body.Len != tt.want {
				t.Errorf("status %d, NoBody %v, length %d; want 200, true, %d", r.Status, r.NoBody, r.Body.Len, tt.want)
			}
		})
	}
}

// A HEAD has the fields that GET would have.
func TestObjectHeadSameFields(t *testing.T) {
	for _, request := range [][]string{nil, {`If-None-Match: "v1"`}, {`If-Match: "v2"`}} {
		var replies [2][]string
		for i := range replies {
			x := exchange(t, response{fields: []string{`ETag: "v1"`, "X-Own: 1"}, body: "hello"}, flow.ResultHit, request...)
			x.Head = i == 1
			Object(x)
			got := written(t, x)
			for k, line := range got {
				if strings.HasPrefix(line, "X-Request-Id: ") {
					got[k] = "X-Request-Id: any"
				}
			}
			replies[i] = got[:len(got)-1]
		}
		if d := cmp.Diff(replies[0], replies[1]); d != "" {
			t.Errorf("%q: (-GET +HEAD):\n%s", request, d)
		}
	}
}

func TestObjectAllocates(t *testing.T) {
	tests := []struct {
		name    string
		request []string
	}{
		{name: "plain", request: []string{"Accept: */*", "User-Agent: test"}},
		{name: "condition", request: []string{`If-None-Match: "v1"`}},
		{name: "condition not met", request: []string{`If-None-Match: "v2"`, "If-Modified-Since: Wed, 31 Dec 2025 23:59:59 GMT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(t, response{fields: []string{`ETag: "v1"`, "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"}, body: "hello"}, flow.ResultHit, tt.request...)
			if n := testing.AllocsPerRun(100, func() {
				x.Reply = flow.Reply{}
				Object(x)
			}); n != 0 {
				t.Errorf("Object allocates %v times on a hit; want 0", n)
			}
		})
	}
}

func BenchmarkObjectHit(b *testing.B) {
	x := exchange(b, response{fields: []string{`ETag: "v1"`, "Content-Type: text/plain"}, body: strings.Repeat("x", 1024)}, flow.ResultHit, "Accept: */*")
	b.ReportAllocs()
	for b.Loop() {
		x.Reply = flow.Reply{}
		Object(x)
	}
}
