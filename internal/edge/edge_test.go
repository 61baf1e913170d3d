package edge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/journal"
	"github.com/cistern-cdn/cistern/internal/edge/listen/h1"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

const (
	zoneUUID = "00000000-0000-4000-8000-000000000001"
	keyID    = "AKIAIOSFODNN7EXAMPLE"
	secret   = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// A fixture is an edge that serves one zone on a real socket.
type fixture struct {
	*Edge
	addr string
}

// start serves cdn.example.com from origin; change may alter the snapshot.
func start(t testing.TB, origin string, change func(*zone.Snapshot)) *fixture {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	accessLog := journal.NewLog(io.Discard, journal.Text, quiet)
	e, err := New(Options{CacheMemory: 8 << 20, BaseDomain: "localhost", AccessLog: accessLog, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	e.Apply(snapshot(1, origin, change))
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := h1.New(h1.Options{Handler: e, Log: quiet})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = accessLog.Run(ctx) })
	wg.Go(func() { _ = server.Serve(ln) })
	t.Cleanup(func() {
		drain, end := context.WithTimeout(context.Background(), 10*time.Second)
		defer end()
		if err := server.Shutdown(drain); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		cancel()
		wg.Wait()
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &fixture{Edge: e, addr: ln.Addr().String()}
}

// snapshot is one zone with one signed origin.
func snapshot(revision int64, origin string, change func(*zone.Snapshot)) *zone.Snapshot {
	z := zone.Default()
	z.UUID, z.ID, z.Name, z.Hostnames, z.Group = zoneUUID, 1, "test", []string{"cdn.example.com"}, "g"
	s := &zone.Snapshot{
		Revision: revision,
		Zones:    map[string]*zone.Zone{zoneUUID: &z},
		Groups: map[string]*zone.Group{"g": {
			UUID: "g", ID: 1, Content: 1, NegativeEpoch: revision,
			Origins: []zone.Origin{{
				UUID: "o", ID: 1, Name: "bucket", URL: origin, Provider: "custom", Enabled: true, TLSVerify: true,
				Auth: zone.AuthSigV4, Bucket: "media", Addressing: zone.AddressPath, Region: "eu-central-1",
				Service: "s3", PayloadHash: zone.PayloadUnsigned, Credential: "c", MaxConnections: 256,
			}},
		}},
		Credentials: map[string]*zone.Credential{"c": {
			UUID: "c", Version: revision, AccessKey: keyID, Secret: zone.NewSecret(secret),
		}},
	}
	if change != nil {
		change(s)
	}
	return s
}

// get sends one GET for cdn.example.com and reads the answer.
func (f *fixture) get(t testing.TB, target string, fields ...string) (*http.Response, string) {
	t.Helper()
	return f.request(t, "GET", target, fields...)
}

func (f *fixture) request(t testing.TB, method, target string, fields ...string) (*http.Response, string) {
	t.Helper()
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprintf(nc, "%s %s HTTP/1.1\r\nHost: cdn.example.com\r\nConnection: close\r\n", method, target)
	for _, line := range fields {
		fmt.Fprintf(nc, "%s\r\n", line)
	}
	fmt.Fprint(nc, "\r\n")
	res, err := http.ReadResponse(bufio.NewReader(nc), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: read body: %v", method, target, err)
	}
	return res, string(body)
}

// bucket is a test origin that counts requests; handler answers them.
func bucket(t testing.TB, handler http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+keyID+"/") {
			http.Error(w, "unsigned", http.StatusForbidden)
			return
		}
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestMissThenHit(t *testing.T) {
	origin, requests := bucket(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("x-amz-request-id", "internal")
		fmt.Fprint(w, "object "+r.URL.Path)
	})
	f := start(t, origin, nil)
	for i, want := range []string{"MISS", "HIT"} {
		res, body := f.get(t, "/a%20b.txt")
		if res.StatusCode != 200 || body != "object /media/a b.txt" || res.Header.Get("X-Cache") != want {
			t.Errorf("request %d: %d %s %q, want %s", i, res.StatusCode, res.Header.Get("X-Cache"), body, want)
		}
		if (res.Header.Get("Age") != "") != (want == "HIT") {
			t.Errorf("request %d: Age %q", i, res.Header.Get("Age"))
		}
		if res.Header.Get("x-amz-request-id") != "" {
			t.Errorf("request %d: a storage field reached the viewer", i)
		}
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("origin requests = %d, want 1", n)
	}
}

func TestHeadIsAnsweredFromGet(t *testing.T) {
	origin, requests := bucket(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	f := start(t, origin, nil)
	res, _ := f.request(t, "HEAD", "/a")
	if res.ContentLength != 5 || res.Header.Get("X-Cache") != "MISS" {
		t.Errorf("HEAD of a cold object: length %d, %s", res.ContentLength, res.Header.Get("X-Cache"))
	}
	f.get(t, "/a")
	res, body := f.request(t, "HEAD", "/a")
	if res.ContentLength != 5 || body != "" || res.Header.Get("X-Cache") != "HIT" {
		t.Errorf("HEAD: length %d, body %q, %s", res.ContentLength, body, res.Header.Get("X-Cache"))
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("origin requests = %d, want 2", n)
	}
}

// TestRotation: what is stored is served throughout, and the next miss is
// signed with the new key.
func TestRotation(t *testing.T) {
	const newKey = "AKIAROTATED"
	valid := atomic.Value{}
	valid.Store(keyID)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+valid.Load().(string)+"/") {
			w.WriteHeader(403)
			fmt.Fprint(w, `<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>`)
			return
		}
		fmt.Fprint(w, "hello")
	}))
	t.Cleanup(s.Close)
	f := start(t, s.URL, nil)
	f.get(t, "/old")
	valid.Store(newKey)
	if res, _ := f.get(t, "/old"); res.Header.Get("X-Cache") != "HIT" {
		t.Error("a stored object is not served while the key is wrong")
	}
	res, body := f.get(t, "/new")
	if res.StatusCode != 502 || strings.Contains(body, "InvalidAccessKeyId") || !strings.Contains(res.Header.Get("Proxy-Status"), "received-status=403") {
		t.Errorf("miss with the old key: %d %q %q", res.StatusCode, res.Header.Get("Proxy-Status"), body)
	}
	f.Apply(snapshot(2, s.URL, func(s *zone.Snapshot) { s.Credentials["c"].AccessKey = newKey }))
	if res, _ := f.get(t, "/new"); res.StatusCode != 200 {
		t.Errorf("miss with the new key: %d", res.StatusCode)
	}
	if res, _ := f.get(t, "/old"); res.Header.Get("X-Cache") != "HIT" {
		t.Error("the rotation threw stored objects away")
	}
}

// TestNegativeEpoch: a change of the group voids what it did not have.
func TestNegativeEpoch(t *testing.T) {
	var exists atomic.Bool
	origin, requests := bucket(t, func(w http.ResponseWriter, _ *http.Request) {
		if !exists.Load() {
			w.WriteHeader(404)
			fmt.Fprint(w, `<Error><Code>NoSuchKey</Code></Error>`)
			return
		}
		fmt.Fprint(w, "hello")
	})
	f := start(t, origin, nil)
	for _, want := range []string{"MISS", "HIT"} {
		res, body := f.get(t, "/a")
		if res.StatusCode != 404 || res.Header.Get("X-Cache") != want || strings.Contains(body, "NoSuchKey") {
			t.Errorf("missing object: %d %s %q, want 404 %s", res.StatusCode, res.Header.Get("X-Cache"), body, want)
		}
	}
	exists.Store(true)
	f.Apply(snapshot(2, origin, nil))
	if res, _ := f.get(t, "/a"); res.StatusCode != 200 {
		t.Errorf("after the change: %d, want 200", res.StatusCode)
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("origin requests = %d, want 2", n)
	}
}

// A HEAD after a void negative entry must not be stored as the answer to GET.
func TestHeadAfterVoidNegative(t *testing.T) {
	var there atomic.Bool
	url, _ := bucket(t, func(w http.ResponseWriter, r *http.Request) {
		if !there.Load() {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(404)
			fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
			return
		}
		w.Header().Set("Content-Length", "5")
		fmt.Fprint(w, "hello")
	})
	f := start(t, url, nil)
	if res, _ := f.get(t, "/a"); res.StatusCode != 404 {
		t.Fatalf("status %d; want 404", res.StatusCode)
	}
	there.Store(true)
	f.Apply(snapshot(2, url, nil))
	res, _ := f.request(t, "HEAD", "/a")
	t.Logf("HEAD: %d %s", res.StatusCode, res.Header.Get("Cache-Status"))
	if res, body := f.get(t, "/a"); res.StatusCode != 200 || body != "hello" {
		t.Errorf("GET after HEAD: %d %q %s; want the object", res.StatusCode, body, res.Header.Get("Cache-Status"))
	}
}

// TestNewContentGeneration: another bucket never answers with old objects.
func TestNewContentGeneration(t *testing.T) {
	origin, _ := bucket(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	f := start(t, origin, nil)
	f.get(t, "/a")
	f.Apply(snapshot(2, origin, func(s *zone.Snapshot) {
		s.Groups["g"].Content = 2
		s.Groups["g"].Origins[0].Bucket = "other"
	}))
	if res, body := f.get(t, "/a"); body != "/other/a" || res.Header.Get("X-Cache") != "MISS" {
		t.Errorf("%s %q, want MISS from the new bucket", res.Header.Get("X-Cache"), body)
	}
}

func TestRefusals(t *testing.T) {
	origin, requests := bucket(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	f := start(t, origin, func(s *zone.Snapshot) {
		s.Zones[zoneUUID].Origin.AllowedPrefixes = []string{"/public/"}
	})
	tests := []struct {
		name, method, target string
		fields               []string
		status               int
	}{
		{"method", "POST", "/public/a", nil, 405},
		{"method and path", "POST", "/secret", nil, 405},
		{"dot segment", "GET", "/public/../secret", nil, 400},
		{"escaped dot segment", "GET", "/public/%2e%2e/secret", nil, 400},
		{"bad escape", "GET", "/public/%zz", nil, 400},
		{"prefix", "GET", "/secret", nil, 403},
		{"bucket root", "GET", "/", nil, 403},
		{"only if cached", "GET", "/public/a", []string{"Cache-Control: only-if-cached"}, 504},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, _ := f.request(t, tt.method, tt.target, tt.fields...)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if tt.status == 405 && res.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow = %q", res.Header.Get("Allow"))
			}
		})
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("origin requests = %d, want 0", n)
	}
}

// TestTwoEdges: nothing is global to the process.
func TestTwoEdges(t *testing.T) {
	hub := link.NewHub()
	origin, requests := bucket(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	empty := func(s *zone.Snapshot) { s.Zones = nil }
	a, b := start(t, origin, empty), start(t, origin, empty)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = hub.Run(ctx, "a", "uuid-a", a) })
	wg.Go(func() { _ = hub.Run(ctx, "b", "uuid-b", b) })
	defer wg.Wait()
	defer cancel()
	hub.Publish(snapshot(2, origin, nil))
	for a.Revision() != 2 || b.Revision() != 2 {
		<-hub.Changed()
	}
	for _, f := range []*fixture{a, b} {
		if res, _ := f.get(t, "/a"); res.Header.Get("X-Cache") != "MISS" {
			t.Errorf("the edges share a cache: %s", res.Header.Get("X-Cache"))
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("origin requests = %d, want 2", n)
	}
	hub.Purge(&link.Purge{UUID: "p", Zone: zoneUUID, Revision: 3, All: true})
	for range 2 {
		if _, err := hub.Receipts(ctx); err != nil {
			t.Fatal(err)
		}
		if len(hub.Edges()) == 2 && hub.Edges()[0].PurgeRevision == 3 && hub.Edges()[1].PurgeRevision == 3 {
			break
		}
	}
	for _, f := range []*fixture{a, b} {
		if res, _ := f.get(t, "/a"); res.Header.Get("X-Cache") != "MISS" {
			t.Errorf("an edge kept a purged object: %s", res.Header.Get("X-Cache"))
		}
	}
}

// BenchmarkHit is a 1 KiB hit from a socket through the real handler and
// back, counters and access log on. It must not allocate.
func BenchmarkHit(b *testing.B) {
	origin, _ := bucket(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		w.Header().Set("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
		_, _ = w.Write(make([]byte, 1<<10))
	})
	f := start(b, origin, nil)
	f.get(b, "/img/logo.png")
	hitLoop(b, f)
}

func hitLoop(b *testing.B, f *fixture) {
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	request := []byte("GET /img/logo.png HTTP/1.1\r\nHost: cdn.example.com\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n")
	buf := make([]byte, 4<<10)
	roundTrip := func() {
		if _, err := nc.Write(request); err != nil {
			b.Fatal(err)
		}
		if n, err := nc.Read(buf); err != nil || n < 1<<10 {
			b.Fatalf("read %d bytes: %v", n, err)
		}
	}
	roundTrip()
	if !strings.Contains(string(buf), "X-Cache: HIT") {
		b.Fatalf("not a hit: %.300s", buf)
	}
	b.ReportAllocs()
	for b.Loop() {
		roundTrip()
	}
}
