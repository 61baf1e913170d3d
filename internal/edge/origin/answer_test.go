package origin

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

func TestAnswer(t *testing.T) {
	cr := credential()
	s := bucket(t, keyring(cr), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Encoding", "gzip") // of the stored object: never undone
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Add("X-Twice", "1")
		w.Header().Add("X-Twice", "2")
		w.Header()["Date"] = []string{"Sun, 06 Nov 1994 08:49:37 GMT"}
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "hello")
	})
	c, log := client(t, Options{})
	st := site(t, signedOrigin(s.URL), cr)
	const want = "Content-Encoding: gzip\r\nContent-Type: image/jpeg\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nEtag: \"e\"\r\nX-Twice: 1\r\nX-Twice: 2\r\n"

	a, body, fault := fetch(t, c, get(t, st, "/a%20b.jpg"))
	if fault != nil || body != "hello" || a.Status != 200 || a.Length != 5 || text(a.Fields) != want {
		t.Errorf("GET: %+v, %q, %v; want fields\n%s", a, body, fault, want)
	}
	if a.RequestTime == 0 || a.ResponseTime < a.RequestTime {
		t.Errorf("times %d, %d", a.RequestTime, a.ResponseTime)
	}
	a, body, fault = fetch(t, c, head(t, st, "/a"))
	if fault != nil || body != "" || a.Status != 200 || a.Length != 5 || text(a.Fields) != want {
		t.Errorf("HEAD: %+v, %q, %v", a, body, fault)
	}
	f := get(t, st, "/a")
	f.IfNoneMatch = `"e"`
	a, body, fault = fetch(t, c, f)
	if fault != nil || body != "" || a.Status != 304 || a.Length != 0 || string(a.Fields.Get("ETag")) != `"e"` {
		t.Errorf("conditional GET: %+v, %q, %v", a, body, fault)
	}
	if log.String() != "" {
		t.Errorf("logged %s", log)
	}
}

// What a signed origin refuses: the table's rows, over the wire.
func TestRefused(t *testing.T) {
	doc := func(code string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>no ` + plantedSecret + ` ` + plantedToken + `</Message><RequestId>RQ1</RequestId></Error>`
	}
	tests := []struct {
		name   string
		status int
		header string
		body   string
		code   catalog.Origin
		want   int
		proxy  string
		class  string
		retry  int
	}{
		{name: "secret", status: 403, body: doc("SignatureDoesNotMatch"), code: catalog.OriginSecretWrong, want: 502, proxy: "proxy_configuration_error", class: "error"},
		{name: "key", status: 403, body: doc("InvalidAccessKeyId"), code: catalog.OriginKeyUnknown, want: 502, proxy: "proxy_configuration_error", class: "error"},
		{name: "denied", status: 403, body: doc("AccessDenied"), code: catalog.OriginAccessDenied, want: 403, proxy: "http_request_error", class: "http_403"},
		{name: "no bucket", status: 404, body: doc("NoSuchBucket"), code: catalog.OriginBucketMissing, want: 502, proxy: "proxy_configuration_error", class: "http_404"},
		{name: "busy", status: 503, header: "Retry-After: 7", body: doc("SlowDown"), code: catalog.OriginOriginBusy, want: 503, proxy: "destination_unavailable", class: "http_503", retry: 7},
		{name: "busy until", status: 429, header: "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", code: catalog.OriginOriginBusy, want: 503, proxy: "destination_unavailable", class: "http_429", retry: 5},
		{name: "busy for long", status: 429, header: "Retry-After: 99999", code: catalog.OriginOriginBusy, want: 503, proxy: "destination_unavailable", class: "http_429", retry: 300},
		{name: "failed", status: 500, body: doc("InternalError"), code: catalog.OriginOriginError, want: 502, proxy: "destination_unavailable", class: "http_500"},
		{name: "redirect", status: 302, header: "Location: http://127.0.0.1:1/", code: catalog.OriginRedirectUntrusted, want: 502, proxy: "proxy_configuration_error", class: "http_302"},
		{name: "region", status: 301, header: "X-Amz-Bucket-Region: eu-west-9", code: catalog.OriginRegionWrong, want: 502, proxy: "proxy_configuration_error", class: "error"},
		{name: "jurisdiction", status: 421, code: catalog.OriginWrongJurisdiction, want: 502, proxy: "proxy_configuration_error", class: "http_421"},
		{name: "page", status: 404, header: "Content-Type: text/html", body: "<html>nginx</html>", code: catalog.OriginFrontLayer, want: 502, proxy: "proxy_configuration_error", class: "http_404"},
		{name: "range", status: 416, body: doc("InvalidRange"), want: 416, proxy: "http_request_error", class: "http_416"},
		{name: "endless page", status: 403, body: strings.Repeat("x", 1<<20), code: catalog.OriginFrontLayer, want: 502, proxy: "proxy_configuration_error", class: "http_403"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if name, value, ok := strings.Cut(tt.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer s.Close()
			c, log := client(t, Options{})
			_, _, fault := fetch(t, c, get(t, site(t, signedOrigin(s.URL), credential()), "/a"))
			if fault == nil {
				t.Fatal("no fault")
			}
			if fault.Code != tt.code || fault.Status != tt.want || fault.Proxy != tt.proxy || fault.Received != tt.status ||
				fault.Class != tt.class || fault.RetryAfter != tt.retry || fault.CutOff {
				t.Errorf("fault %+v; want %+v", fault, tt)
			}
			line := log.String()
			if logs := tt.want != 416; logs != (line != "") {
				t.Errorf("logged %q", line)
			} else if logs && (!strings.Contains(line, "code="+string(tt.code)) || !strings.Contains(line, "fix=")) {
				t.Errorf("log line lacks code or fix: %s", line)
			}
			if tt.body != "" && strings.Contains(line, "RQ1") != (strings.HasPrefix(tt.body, "<?xml") && line != "") {
				t.Errorf("log line and request id: %s", line)
			}
			if strings.Contains(line+fault.Error(), "planted") {
				t.Errorf("a secret was logged: %s %s", line, fault)
			}
		})
	}
}

func TestNegative(t *testing.T) {
	inPath := func(url string) *zone.Origin {
		o := signedOrigin(url)
		o.Bucket = ""
		return o
	}
	tests := []struct {
		name   string
		origin func(string) *zone.Origin
		target string
		head   bool
		status int
		code   string
		want   catalog.Origin
		viewer int // status for the viewer; 0: 404
	}{
		{name: "no such key", origin: signedOrigin, target: "/a", status: 404, code: "NoSuchKey", want: catalog.OriginObjectMissing},
		{name: "HEAD", origin: signedOrigin, target: "/a", head: true, status: 404, want: catalog.OriginObjectMissing},
		{name: "viewer's bucket", origin: inPath, target: "/films/a", status: 404, code: "NoSuchBucket", want: catalog.OriginBucketMissing},
		{name: "invalid URI", origin: signedOrigin, target: "/a", status: 400, code: "InvalidURI", want: catalog.OriginObjectMissing},
		{name: "archived", origin: signedOrigin, target: "/a", status: 403, code: "InvalidObjectState", want: catalog.OriginObjectArchived, viewer: 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "max-age=3")
				w.Header().Set("X-Amz-Request-Id", "R")
				w.Header()["Date"] = nil
				w.WriteHeader(tt.status)
				if tt.code != "" {
					_, _ = io.WriteString(w, "<Error><Code>"+tt.code+"</Code></Error>")
				}
			}))
			defer s.Close()
			c, log := client(t, Options{})
			f := get(t, site(t, tt.origin(s.URL), credential()), tt.target)
			f.Head = tt.head
			a, body, fault := fetch(t, c, f)
			if fault != nil {
				t.Fatal(fault)
			}
			if !a.Negative || a.Status != cmp.Or(tt.viewer, 404) || a.Code != tt.want || a.Length != 0 || body != "" || text(a.Fields) != "Cache-Control: max-age=3\r\n" {
				t.Errorf("answer %+v, %q, fields %q", a, body, text(a.Fields))
			}
			// Viewers ask for what is missing, but a missing bucket may be the
			// customer's mistake, and an archived object is theirs to restore.
			if line := log.String(); (line != "") != (tt.want != catalog.OriginObjectMissing) {
				t.Errorf("logged %q", line)
			}
		})
	}
}

// The line about a fault has what is needed to mend it, and nothing empty.
func TestLogLine(t *testing.T) {
	doc := func(code, more string) string { return "<Error><Code>" + code + "</Code>" + more + "</Error>" }
	inPath := func(url string) *zone.Origin {
		o := signedOrigin(url)
		o.Bucket = ""
		return o
	}
	tests := []struct {
		name   string
		origin func(string) *zone.Origin
		target string
		status int
		body   string
		words  []string
		level  string
	}{
		{name: "denied", origin: signedOrigin, target: "/a b", status: 403, body: doc("AccessDenied", ""), level: "WARN",
			words: []string{"code=access_denied", `fix="Allow GetObject on bucket/*`, "path=/media/a%20b"}},
		{name: "archived", origin: signedOrigin, target: "/a", status: 403, body: doc("InvalidObjectState", ""), level: "WARN",
			words: []string{"code=object_archived", "fix="}},
		{name: "bucket of the setting", origin: signedOrigin, target: "/a", status: 404, body: doc("NoSuchBucket", ""), level: "WARN",
			words: []string{"code=bucket_missing", "If s3_bucket is set, correct it", "path=/media/a"}},
		{name: "bucket of the viewer", origin: inPath, target: "/films/a", status: 404, body: doc("NoSuchBucket", ""), level: "WARN",
			words: []string{"code=bucket_missing", "from the viewer's path", "path=/films/a", "status=404"}},
		{name: "region", origin: signedOrigin, target: "/a", status: 400, body: doc("AuthorizationHeaderMalformed", "<Region>eu-west-9</Region>"), level: "ERROR",
			words: []string{"code=region_wrong", "region=eu-west-9", "region_used=eu-central-1"}},
		{name: "secret", origin: signedOrigin, target: "/a", status: 403, body: doc("SignatureDoesNotMatch", ""), level: "ERROR",
			words: []string{"code=secret_wrong", "region_used=eu-central-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer s.Close()
			c, log := client(t, Options{})
			f := get(t, site(t, tt.origin(s.URL), credential()), "/a")
			f.Path = []byte(tt.target)
			for range 3 {
				_, _, _ = fetch(t, c, f)
			}
			line := log.String()
			if strings.Count(line, "\n") != 1 || strings.Contains(line, `=""`) {
				t.Errorf("logged %s; want one line without empty values", line)
			}
			for _, word := range append(tt.words, "level="+tt.level, "zone=shop", "origin=main", "host="+strings.TrimPrefix(s.URL, "http://")) {
				if !strings.Contains(line, word) {
					t.Errorf("logged %s; want it to hold %s", line, word)
				}
			}
		})
	}
}

// Only what went out counts, and each time that it did.
func TestSent(t *testing.T) {
	forbidHead := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "HEAD" {
			w.WriteHeader(http.StatusForbidden)
		}
	}
	ok := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer ok.Close()
	noHead := httptest.NewServer(http.HandlerFunc(forbidHead))
	defer noHead.Close()
	cut := raw(t, func(_ net.Conn, r *bufio.Reader) { _, _ = readHead(r) })
	tests := []struct {
		name string
		url  string
		edit func(*flow.Fetch)
		dial func(context.Context, string, string) (net.Conn, error)
		want int32
	}{
		{name: "answered", url: ok.URL, want: 1},
		{name: "asked twice", url: noHead.URL, edit: func(f *flow.Fetch) { f.Head = true }, want: 2},
		{name: "cut", url: cut, want: 1},
		{name: "refused", url: ok.URL, dial: dialError1(syscall.ECONNREFUSED)},
		{name: "no credential", url: ok.URL, edit: func(f *flow.Fetch) { f.Site.Members[0].Credential = nil }},
		{name: "no origin", url: ok.URL, edit: func(f *flow.Fetch) { f.Site.Members = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := site(t, signedOrigin(tt.url), credential())
			var sent atomic.Int32
			c, _ := client(t, Options{Dial: tt.dial, Sent: func(of *flow.Site) {
				if of == st {
					sent.Add(1)
				}
			}})
			f := get(t, st, "/a")
			if tt.edit != nil {
				tt.edit(f)
			}
			_, _, _ = fetch(t, c, f)
			if got := sent.Load(); got != tt.want {
				t.Errorf("%d requests sent; want %d", got, tt.want)
			}
		})
	}
}

// A plain origin's answers pass as they are, errors and redirects included.
func TestPlainPasses(t *testing.T) {
	for _, status := range []int{200, 204, 301, 403, 404, 500, 503} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			if status != 204 {
				_, _ = io.WriteString(w, "page")
			}
		}))
		c, log := client(t, Options{})
		a, body, fault := fetch(t, c, get(t, site(t, plainOrigin(s.URL), nil), "/"))
		if fault != nil || a.Status != status || a.Negative || status != 204 && body != "page" || a.Fields.Get("Location") == nil {
			t.Errorf("status %d: %+v, %q, %v", status, a, body, fault)
		}
		if log.String() != "" {
			t.Errorf("logged %s", log)
		}
		s.Close()
	}
}

// Where HEAD is refused, a GET of the first byte answers in its place, and is
// remembered.
func TestHeadRefused(t *testing.T) {
	tests := []struct {
		name   string
		get    func(http.ResponseWriter)
		status int
		length int64
		code   catalog.Origin // of the fault
		asked  int32          // requests for two fetches
	}{
		{name: "part", get: func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 0-0/1234")
			w.Header().Set("ETag", `"e"`)
			w.WriteHeader(206)
			_, _ = io.WriteString(w, "x")
		}, status: 200, length: 1234, asked: 3},
		{name: "whole", get: func(w http.ResponseWriter) {
			w.Header().Set("ETag", `"e"`)
			_, _ = io.WriteString(w, "hello")
		}, status: 200, length: 5, asked: 3},
		{name: "empty", get: func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes */0")
			w.Header().Set("ETag", `"e"`)
			w.WriteHeader(416)
		}, status: 200, length: 0, asked: 3},
		{name: "missing", get: func(w http.ResponseWriter) {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		}, status: 404, asked: 4},
		{name: "refused as well", get: func(w http.ResponseWriter) {
			w.WriteHeader(403)
			_, _ = io.WriteString(w, "<Error><Code>InvalidAccessKeyId</Code></Error>")
		}, code: catalog.OriginKeyUnknown, asked: 4},
		{name: "another part", get: func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 1-1/1234")
			w.WriteHeader(206)
		}, code: catalog.OriginOriginError, asked: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			cr := credential()
			s := bucket(t, keyring(cr), func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if r.Method == "HEAD" {
					w.WriteHeader(403)
					return
				}
				if r.Header.Get("Range") != "bytes=0-0" {
					t.Errorf("GET has Range %q", r.Header.Get("Range"))
				}
				tt.get(w)
			})
			c, _ := client(t, Options{})
			st := site(t, signedOrigin(s.URL), cr)
			for range 2 {
				a, body, fault := fetch(t, c, head(t, st, "/a"))
				if tt.code != "" {
					if fault == nil || fault.Code != tt.code {
						t.Errorf("fault %+v; want %s", fault, tt.code)
					}
					continue
				}
				if fault != nil {
					t.Fatal(fault)
				}
				if a.Status != tt.status || a.Length != tt.length || body != "" || a.Fields.Get("Content-Range") != nil {
					t.Errorf("answer %+v, %q; want %d and length %d", a, body, tt.status, tt.length)
				}
				if tt.status == 200 && string(a.Fields.Get("ETag")) != `"e"` {
					t.Errorf("fields %s", text(a.Fields))
				}
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("%d requests; want %d", n, tt.asked)
			}
		})
	}
}
