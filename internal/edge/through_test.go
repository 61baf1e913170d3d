package edge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// anything allows every method, and keys as change says.
func anything(change func(*zone.Zone)) func(*zone.Snapshot) {
	return plain(func(z *zone.Zone) {
		z.Delivery.AllowedMethods = []string{zone.AnyMethod}
		if change != nil {
			change(z)
		}
	})
}

// raw sends bytes on a new connection and returns what comes until its end.
func (f *fixture) raw(t *testing.T, bytes string) string {
	t.Helper()
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	go func() { _, _ = io.WriteString(nc, bytes) }()
	got, err := io.ReadAll(nc)
	if err != nil {
		t.Fatalf("read %q: %v", got, err)
	}
	return string(got)
}

// Methods that are not the cache's go through, unsigned, with their content,
// conditions and fields; their answers are nobody else's.
func TestThrough(t *testing.T) {
	origin, requests := website(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("origin reads: %v", err)
		}
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("ETag", `"1"`)
		w.WriteHeader(207)
		fmt.Fprintf(w, "%s %s %d %q %q %q %q", r.Method, r.RequestURI, r.ContentLength, body,
			r.Header.Get("If-Match"), r.Header.Get("Content-Type"), r.Header.Get("Authorization")+r.Header.Get("Idempotency-Key"))
	})
	f := start(t, origin, anything(nil))
	const fields = "Host: cdn.example.com\r\nConnection: close\r\nIf-Match: \"x\"\r\nContent-Type: a/b\r\nAuthorization: Basic z\r\nIdempotency-Key: k\r\nRange: bytes=0-0\r\n"
	tests := []struct{ name, request, want string }{
		{"content", "POST /a?q HTTP/1.1\r\n" + fields + "Content-Length: 5\r\n\r\nhello", `POST /a?q 5 "hello" "\"x\"" "a/b" "Basic zk"`},
		{"chunks", "PUT /a HTTP/1.1\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", `PUT /a -1 "hello" "\"x\"" "a/b" "Basic zk"`},
		{"no content", "POST /a HTTP/1.1\r\n" + fields + "\r\n", `POST /a 0 "" "\"x\"" "a/b" "Basic zk"`},
		{"empty content", "PATCH /a HTTP/1.1\r\n" + fields + "Content-Length: 0\r\n\r\n", `PATCH /a 0 "" "\"x\"" "a/b" "Basic zk"`},
		{"unknown method", "BREW /a HTTP/1.1\r\n" + fields + "\r\n", `BREW /a 0 "" "\"x\"" "a/b" "Basic zk"`},
		{"options", "OPTIONS /a HTTP/1.1\r\n" + fields + "\r\n", `OPTIONS /a 0 "" "\"x\"" "a/b" "Basic zk"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				before := requests.Load()
				reply := f.raw(t, tt.request)
				head, body, _ := strings.Cut(reply, "\r\n\r\n")
				if !strings.HasPrefix(head, "HTTP/1.1 207 ") || body != tt.want {
					t.Errorf("%.30q, %s; want 207, %s", head, body, tt.want)
				}
				if !strings.Contains(head, "\r\nCache-Status: cistern; fwd=method; fwd-status=207\r\nX-Cache: BYPASS\r\n") {
					t.Errorf("head %q; want BYPASS", head)
				}
				if n := requests.Load() - before; n != 1 {
					t.Errorf("origin requests = %d; want 1", n)
				}
			}
		})
	}
	if s := f.memory.Stats(); s.Objects != 0 {
		t.Errorf("stored objects = %d", s.Objects)
	}
}

// Content that is not whole is never made to look whole, and the viewer is
// told what was wrong with it.
func TestThroughFaults(t *testing.T) {
	const head = "POST /a HTTP/1.1\r\nHost: cdn.example.com\r\n"
	tests := []struct {
		name, request string
		status        int
		asked         bool // the origin saw the request, cut
	}{
		{name: "chunk fault", request: head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5 \r\nworld\r\n0\r\n\r\n", status: 400, asked: true},
		{name: "chunk fault at once", request: head + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", status: 400},
		{name: "forbidden trailer", request: head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nHost: x\r\n\r\n", status: 400, asked: true},
		{name: "announced too long", request: head + "Content-Length: 10485761\r\n\r\n", status: 413},
		{name: "too long", request: head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat("x", 1<<16)+"\r\n", 161), status: 413, asked: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ends := make(chan error, 1)
			origin, requests := website(t, func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				ends <- err
			})
			f := start(t, origin, anything(nil))
			reply := f.raw(t, tt.request)
			if !strings.HasPrefix(reply, fmt.Sprintf("HTTP/1.1 %d ", tt.status)) || !strings.Contains(reply, "\r\nConnection: close\r\n") ||
				!strings.Contains(reply, "Proxy-Status: cistern; error=http_request_error") {
				t.Errorf("reply %q; want %d and the end", reply, tt.status)
			}
			if tt.asked {
				if err := <-ends; !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the origin's read ended with %v; want that it was cut", err)
				}
			}
			if n := requests.Load(); !tt.asked && n > 1 || tt.asked && n != 1 {
				t.Errorf("origin requests = %d", n)
			}
		})
	}
}

// OPTIONS is answered where it was to end.
func TestOptions(t *testing.T) {
	origin, requests := website(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Hops", r.Header.Get("Max-Forwards")) })
	tests := []struct {
		name    string
		change  func(*zone.Snapshot)
		target  string
		fields  []string
		status  int
		allow   string
		hops    string // that the origin saw
		forward bool
	}{
		{name: "not allowed", change: plain(nil), target: "/a", status: 405, allow: "GET, HEAD"},
		{name: "forwarded", change: plain(func(z *zone.Zone) { z.Delivery.AllowedMethods = []string{"GET", "HEAD", "OPTIONS"} }), target: "/a", status: 200, forward: true},
		{name: "one hop less", change: anything(nil), target: "/a", fields: []string{"Max-Forwards: 7"}, status: 200, hops: "6", forward: true},
		{name: "ends here", change: anything(nil), target: "/a", fields: []string{"Max-Forwards: 0"}, status: 204, allow: "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"},
		{name: "the server", change: anything(nil), target: "*", status: 204, allow: "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"},
		{name: "bucket", change: func(s *zone.Snapshot) { s.Zones[zoneUUID].Delivery.AllowedMethods = []string{"GET", "HEAD", "OPTIONS"} },
			target: "/a", status: 204, allow: "GET, HEAD, OPTIONS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, origin, tt.change)
			before := requests.Load()
			res, _ := f.request(t, "OPTIONS", tt.target, tt.fields...)
			if res.StatusCode != tt.status || res.Header.Get("Allow") != tt.allow || res.Header.Get("X-Hops") != tt.hops {
				t.Errorf("%d, Allow %q, hops %q; want %d, %q, %q", res.StatusCode, res.Header.Get("Allow"), res.Header.Get("X-Hops"), tt.status, tt.allow, tt.hops)
			}
			if forwarded := requests.Load() > before; forwarded != tt.forward {
				t.Errorf("forwarded: %v; want %v", forwarded, tt.forward)
			}
		})
	}
}

// A method that is not safe makes unusable what it may have changed, if it did
// not fail: the target with all that is stored for it, and what the answer
// names.
func TestInvalidation(t *testing.T) {
	all := []string{"/a", "/b", "/c?x=1", "/d"}
	tests := []struct {
		name   string
		method string
		status int
		fields []string
		change func(*zone.Zone)
		gone   []string
	}{
		{name: "post", method: "POST", status: 200, gone: []string{"/a"}},
		{name: "unknown method", method: "BREW", status: 204, gone: []string{"/a"}},
		{name: "redirect", method: "PUT", status: 303, gone: []string{"/a"}},
		{name: "failed", method: "POST", status: 404},
		{name: "server failed", method: "DELETE", status: 500},
		{name: "safe", method: "OPTIONS", status: 200},
		{name: "locations", method: "POST", status: 201, fields: []string{"Location: /c?x=1", "Content-Location: http://CDN.example.com:80/x/../b"}, gone: []string{"/a", "/b", "/c?x=1"}},
		{name: "location beside", method: "POST", status: 201, fields: []string{"Location: d"}, gone: []string{"/a", "/d"}},
		{name: "location elsewhere", method: "POST", status: 201, fields: []string{"Location: http://other.example.com/b", "Content-Location: https://cdn.example.com/d"}, gone: []string{"/a"}},
		{name: "other parts in the key", method: "POST", status: 200, change: func(z *zone.Zone) { z.Cache.Key = zone.KeyParts{Headers: []string{"X-Device"}} }, gone: []string{"/a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, _ := website(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" || r.Method == "HEAD" {
					w.Header().Set("Cache-Control", "max-age=60")
					w.Header().Set("Vary", "Accept-Language")
					fmt.Fprint(w, r.RequestURI)
					return
				}
				for _, line := range tt.fields {
					name, value, _ := strings.Cut(line, ": ")
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
			})
			f := start(t, origin, anything(tt.change))
			variants := [][]string{nil, {"Accept-Language: de"}, {"X-Device: tv", "Accept-Language: de"}}
			for _, target := range all {
				for _, fields := range variants {
					f.get(t, target, fields...)
				}
			}
			if res, _ := f.request(t, tt.method, "/a"); res.StatusCode != tt.status {
				t.Fatalf("status %d", res.StatusCode)
			}
			var gone []string
			for _, target := range all {
				missed := 0
				for _, fields := range variants {
					if res, _ := f.get(t, target, append([]string{"Cache-Control: only-if-cached"}, fields...)...); res.StatusCode == 504 {
						missed++
					}
				}
				if missed > 0 {
					gone = append(gone, target)
				}
				if missed != 0 && missed != len(variants) {
					t.Errorf("%s: %d of %d variants are gone", target, missed, len(variants))
				}
			}
			if d := cmp.Diff(tt.gone, gone); d != "" {
				t.Errorf("gone (-want +got):\n%s", d)
			}
		})
	}
}

// What was fetched before a change is not stored after it.
func TestInvalidationDuringFetch(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	origin, _ := website(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			return
		}
		w.Header().Set("Cache-Control", "max-age=60")
		once.Do(func() {
			close(asked)
			<-release
		})
		fmt.Fprint(w, "hello")
	})
	f := start(t, origin, anything(nil))
	var viewer sync.WaitGroup
	viewer.Go(func() { f.expect(t, "GET", "/a", "MISS") })
	<-asked
	f.request(t, "POST", "/a")
	close(release)
	viewer.Wait()
	f.expect(t, "GET", "/a", "MISS")
	f.expect(t, "GET", "/a", "HIT")
}

// Interim responses of a plain origin are there before the final one, for all
// who wait, and their fields stay theirs.
func TestInterim(t *testing.T) {
	release := make(chan struct{})
	origin, _ := website(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Set("Link", "</b.css>")
		w.WriteHeader(199)
		w.Header().Del("Link")
		<-release
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "hello")
	})
	f := start(t, origin, plain(nil))
	var heard, viewers sync.WaitGroup
	for range 3 {
		heard.Add(1)
		viewers.Go(func() {
			nc, err := net.Dial("tcp", f.addr)
			if err != nil {
				t.Error(err)
				heard.Done()
				return
			}
			defer nc.Close()
			fmt.Fprint(nc, "GET /a HTTP/1.1\r\nHost: cdn.example.com\r\nConnection: close\r\n\r\n")
			in := textproto.NewReader(bufio.NewReader(nc))
			for _, want := range []string{"HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload", "", "HTTP/1.1 199 ", "Link: </b.css>", ""} {
				if line, err := in.ReadLine(); err != nil || line != want {
					t.Errorf("read %q, %v; want %q", line, err, want)
				}
			}
			heard.Done()
			res, err := http.ReadResponse(in.R, nil)
			if err != nil || res.StatusCode != 200 || res.Header.Get("Link") != "" {
				t.Errorf("final response %+v, %v", res, err)
				return
			}
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != "hello" {
				t.Errorf("body %q, %v", body, err)
			}
		})
	}
	heard.Wait() // all have heard before there is an answer
	close(release)
	viewers.Wait()
	f.expect(t, "GET", "/a", "HIT")
	if reply := f.raw(t, "GET /old HTTP/1.0\r\nHost: cdn.example.com\r\n\r\n"); !strings.HasPrefix(reply, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("HTTP/1.0 got %.60q", reply)
	}
}

// Every final status that says how long it holds is stored, known or not.
func TestEveryStatusIsStored(t *testing.T) {
	origin, _ := website(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.Header().Set("Cache-Control", "max-age=60")
		w.WriteHeader(status)
	})
	f := start(t, origin, plain(nil))
	for status := 200; status < 600; status++ {
		switch status {
		case 206, 304: // no answers to what is asked
			continue
		case 428, 429, 431, 511: // never stored (RFC 6585)
			continue
		}
		target := fmt.Sprint("/", status)
		f.expect(t, "GET", target, "MISS")
		if res := f.expect(t, "GET", target, "HIT"); res.StatusCode != status {
			t.Errorf("status %d; want %d", res.StatusCode, status)
		}
	}
}
