package origin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
	"github.com/google/go-cmp/cmp"
)

// The strict form goes over the wire byte for byte.
func TestTargetOnTheWire(t *testing.T) {
	heads := make(chan string, 1)
	url := raw(t, func(conn net.Conn, r *bufio.Reader) {
		for {
			h, err := readHead(r)
			if err != nil {
				return
			}
			heads <- h
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	host := strings.TrimPrefix(url, "http://")
	virtual := func() *zone.Origin {
		o := signedOrigin(url)
		o.HostHeader, o.Addressing = "media.s3.example", zone.AddressVirtual
		return o
	}
	based := func() *zone.Origin {
		o := plainOrigin(url)
		o.BasePath = "/a b/c"
		return o
	}
	tests := []struct {
		name   string
		origin *zone.Origin
		target string
		line   string
		host   string
	}{
		{name: "plain letters", origin: signedOrigin(url), target: "/a/b.txt", line: "GET /media/a/b.txt HTTP/1.1", host: host},
		{name: "dot segments", origin: signedOrigin(url), target: "/a/./b/../c", line: "GET /media/a/./b/../c HTTP/1.1", host: host},
		{name: "slashes", origin: signedOrigin(url), target: "//a///b//", line: "GET /media//a///b// HTTP/1.1", host: host},
		{name: "slashes in front, virtual", origin: virtual(), target: "//a", line: "GET //a HTTP/1.1", host: "media.s3.example"},
		{name: "escaped slash", origin: signedOrigin(url), target: "/a%2Fb", line: "GET /media/a/b HTTP/1.1", host: host},
		{name: "escaped percent", origin: signedOrigin(url), target: "/a%252Fb", line: "GET /media/a%252Fb HTTP/1.1", host: host},
		{name: "plus", origin: signedOrigin(url), target: "/a+b%2Bc%20d", line: "GET /media/a%2Bb%2Bc%20d HTTP/1.1", host: host},
		{name: "punctuation", origin: signedOrigin(url), target: "/!$&'()*,;=:@~", line: "GET /media/%21%24%26%27%28%29%2A%2C%3B%3D%3A%40~ HTTP/1.1", host: host},
		{name: "question mark and hash", origin: signedOrigin(url), target: "/a%3fb%23", line: "GET /media/a%3Fb%23 HTTP/1.1", host: host},
		{name: "no UTF-8", origin: signedOrigin(url), target: "/%ff%fe", line: "GET /media/%FF%FE HTTP/1.1", host: host},
		{name: "control bytes", origin: signedOrigin(url), target: "/a%0d%0aX: y", line: "GET /media/a%0D%0AX%3A%20y HTTP/1.1", host: host},
		{name: "plain origin", origin: based(), target: "/ü/..//x", line: "GET /a%20b/c/%C3%BC/..//x HTTP/1.1", host: host},
		{name: "plain root", origin: plainOrigin(url), target: "//", line: "GET // HTTP/1.1", host: host},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := client(t, Options{})
			if _, body, fault := fetch(t, c, get(t, site(t, tt.origin, credential()), tt.target)); fault != nil || body != "ok" {
				t.Fatalf("body %q, fault %v", body, fault)
			}
			h := <-heads
			line, rest, _ := strings.Cut(h, "\r\n")
			if line != tt.line || !strings.Contains("\r\n"+rest, "\r\nHost: "+tt.host+"\r\n") {
				t.Errorf("sent\n%swant %q to host %s", h, tt.line, tt.host)
			}
		})
	}
}

// capture is a server that keeps the last request's header.
func capture(t *testing.T, target *string, got *http.Header) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		*target, *got = r.Method+" "+r.RequestURI, r.Header.Clone()
	}))
	t.Cleanup(s.Close)
	return s
}

// A query that a bucket would take as a command is not signed, whoever let it
// through.
func TestSignedQuery(t *testing.T) {
	var got http.Header
	var target string
	s := capture(t, &target, &got)
	st := site(t, signedOrigin(s.URL), credential())
	tests := []struct{ query, want string }{
		{"", "GET /media/a"},
		{"versionId=3%2F1", "GET /media/a?versionId=3%2F1"},
		{"versionId=3&x-oss-process=image%2Fresize", "GET /media/a?versionId=3&x-oss-process=image%2Fresize"},
		{"response-content-type=text%2Fhtml", ""},
		{"versionId=3&acl=", ""},
		{"list-type=2", ""},
		{"versionid=3", ""},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			c, _ := client(t, Options{})
			f := get(t, st, "/a")
			f.Query, f.HasQ = []byte(tt.query), tt.query != ""
			target = ""
			_, _, fault := fetch(t, c, f)
			if (fault != nil) != (tt.want == "") || target != tt.want {
				t.Errorf("target %q, fault %v; want %q", target, fault, tt.want)
			}
		})
	}
}

// A signed origin sees an allow-list of fields, whatever the viewer sent.
func TestSignedHeader(t *testing.T) {
	var got http.Header
	var target string
	s := capture(t, &target, &got)
	st := site(t, signedOrigin(s.URL), credential())
	hostile := viewer("Authorization: Bearer x", "Cookie: a=b", "Referer: r", "Expect: 100-continue", "Range: bytes=0-1",
		"If-Match: x", "If-None-Match: viewers", "X-Forwarded-For: 1.1.1.1", "Forwarded: for=x", "x-amz-acl: public", "x-oss-a: b",
		"Accept-Encoding: gzip", "User-Agent: curl", "Via: 1.1 other", "CDN-Loop: other", "X-Custom: y")
	tests := []struct {
		name string
		edit func(*flow.Fetch)
		want []string // besides the constant ones
	}{
		{name: "GET", edit: func(*flow.Fetch) {}},
		{name: "HEAD", edit: func(f *flow.Fetch) { f.Head = true }},
		{name: "with ETag", edit: func(f *flow.Fetch) { f.IfNoneMatch = `"e"` }, want: []string{`If-None-Match: "e"`}},
		{
			name: "with both", edit: func(f *flow.Fetch) { f.IfNoneMatch, f.IfModifiedSince = `"e"`, "Sun, 06 Nov 1994 08:49:37 GMT" },
			want: []string{`If-None-Match: "e"`, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := client(t, Options{})
			f := get(t, st, "/a")
			f.Viewer = hostile
			tt.edit(f)
			if _, _, fault := fetch(t, c, f); fault != nil {
				t.Fatal(fault)
			}
			method := "GET"
			if f.Head {
				method = "HEAD"
			}
			if want := method + " /media/a"; target != want {
				t.Errorf("target %q; want %q", target, want)
			}
			auth := got.Get("Authorization")
			if !strings.Contains(auth, "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, ") {
				t.Errorf("Authorization: %s", auth)
			}
			want := append([]string{
				"Authorization: " + auth, "Cdn-Loop: other, cistern", "User-Agent: Cistern", "Via: 1.1 cistern",
				"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", "X-Amz-Date: " + got.Get("X-Amz-Date"), "X-Amz-Security-Token: " + plantedToken,
			}, tt.want...)
			if diff := cmp.Diff(sorted(want), lines(got)); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

// Where a provider asks for it, a field is sent beside those that are signed:
// what is stored with an encoding arrives as it is stored.
func TestProviderField(t *testing.T) {
	cr := credential()
	var accepts []string
	s := bucket(t, keyring(cr), func(w http.ResponseWriter, r *http.Request) {
		accepts = r.Header["Accept-Encoding"]
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "packed")
	})
	for _, tt := range []struct {
		provider string
		want     []string
	}{{"gcs", []string{"gzip"}}, {"custom", nil}} {
		o := signedOrigin(s.URL)
		o.Provider = tt.provider
		c, _ := client(t, Options{})
		f := get(t, site(t, o, cr), "/a")
		f.Viewer = viewer("Accept-Encoding: br")
		a, body, fault := fetch(t, c, f)
		if fault != nil || body != "packed" || string(a.Fields.Get("Content-Encoding")) != "gzip" {
			t.Errorf("%s: %+v, %q, %v; want it as it is stored", tt.provider, a, body, fault)
		}
		if diff := cmp.Diff(tt.want, accepts); diff != "" {
			t.Errorf("%s: Accept-Encoding (-want +got):\n%s", tt.provider, diff)
		}
	}
}

func lines(h http.Header) []string {
	var out []string
	for name, values := range h {
		for _, v := range values {
			out = append(out, name+": "+v)
		}
	}
	return sorted(out)
}

func sorted(s []string) []string { slices.Sort(s); return s }

// A plain origin gets the viewer's end-to-end fields and the query, as they
// came.
func TestPlainHeader(t *testing.T) {
	var got http.Header
	var target string
	s := capture(t, &target, &got)
	tests := []struct {
		name   string
		viewer httpmsg.Fields
		query  string
		has    bool
		target string
		want   []string
	}{
		{
			name: "nothing sent", target: "GET /a",
			want: []string{"Cdn-Loop: cistern", "User-Agent: Cistern", "Via: 1.1 cistern"},
		},
		{
			name: "empty query", has: true, target: "GET /a?",
			want: []string{"Cdn-Loop: cistern", "User-Agent: Cistern", "Via: 1.1 cistern"},
		},
		{
			name: "end to end", query: "b=%2f&a=+;%zz", has: true, target: "GET /a?b=%2f&a=+;%zz",
			viewer: viewer("user-agent: curl/8", "accept-encoding: gzip", "cookie: a=b", "authorization: Basic x", "X-Twice: 1", "x-twice: 2", "Via: 1.0 a"),
			want: []string{
				"Accept-Encoding: gzip", "Authorization: Basic x", "Cdn-Loop: cistern", "Cookie: a=b", "User-Agent: curl/8",
				"Via: 1.0 a, 1.1 cistern", "X-Twice: 1", "X-Twice: 2",
			},
		},
		{
			name: "dropped", target: "GET /a",
			viewer: viewer("Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: 5", "Proxy-Connection: close", "TE: trailers", "Trailer: x",
				"Upgrade: h2c", "Transfer-Encoding: chunked", "Content-Length: 5", "Host: evil", "Expect: 100-continue", "Range: bytes=0-0", "If-Range: x",
				"If-Match: x", "If-None-Match: x", "If-Modified-Since: x", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-Port: 1", "Forwarded: for=x", "Proxy-Authorization: x"),
			want: []string{"Cdn-Loop: cistern", "User-Agent: Cistern", "Via: 1.1 cistern"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := client(t, Options{})
			f := get(t, site(t, plainOrigin(s.URL), nil), "/a")
			f.Viewer, f.Query, f.HasQ = tt.viewer, []byte(tt.query), tt.has
			if _, _, fault := fetch(t, c, f); fault != nil {
				t.Fatal(fault)
			}
			if target != tt.target {
				t.Errorf("target %q; want %q", target, tt.target)
			}
			want := append(tt.want, "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: cdn.example", "X-Forwarded-Proto: http")
			if diff := cmp.Diff(sorted(want), lines(got)); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoop(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	for _, o := range []*zone.Origin{signedOrigin(s.URL), plainOrigin(s.URL)} {
		c, log := client(t, Options{})
		f := get(t, site(t, o, credential()), "/a")
		f.Viewer = viewer("CDN-Loop: a, Cistern; x=1")
		_, _, fault := fetch(t, c, f)
		if fault == nil || fault.Status != 502 || fault.Proxy != "proxy_loop_detected" || asked != 0 {
			t.Errorf("fault %+v after %d requests; want proxy_loop_detected and none", fault, asked)
		}
		if line := log.String(); !strings.Contains(line, "zone=shop origin=main") || strings.Contains(line, `=""`) {
			t.Errorf("logged %q; want zone and origin, and nothing empty", line)
		}
	}
	c, _ := client(t, Options{Pseudonym: "other"})
	f := get(t, site(t, plainOrigin(s.URL), nil), "/a")
	f.Viewer = viewer("CDN-Loop: cistern")
	if _, _, fault := fetch(t, c, f); fault != nil || asked != 1 {
		t.Errorf("fault %v after %d requests; want an answer, as the loop names another CDN", fault, asked)
	}
}
