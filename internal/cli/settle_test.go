package cli

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/client"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A slowEdge applies nothing before it is released.
type slowEdge struct{ released chan struct{} }

func (e slowEdge) Apply(*zone.Snapshot)                 { <-e.released }
func (slowEdge) Purge(*link.Purge) (r link.PurgeResult) { return r }

// front stands before the API: meet sees, and may change, each question for
// propagation.
func front(t *testing.T, address string, meet func(*http.Request)) *httputil.ReverseProxy {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		if strings.HasSuffix(r.In.URL.Path, "/propagation") {
			meet(r.Out)
		}
	}}
}

// What was written is printed when every edge has it.
func TestWriterWaits(t *testing.T) {
	e := slowEdge{make(chan struct{})}
	address := serve(t, e)
	release := sync.OnceFunc(func() { close(e.released) })
	t.Cleanup(release)
	asked := 0
	server := httptest.NewServer(front(t, address, func(r *http.Request) {
		if got := r.URL.Query().Get("wait"); got != "2" {
			t.Errorf("wait = %q; want 2", got)
		}
		asked++
		release() // only the question lets the edge go on
	}))
	t.Cleanup(server.Close)
	t.Setenv("CISTERN_API", server.URL)

	r := must(t, "zone", "create", "cdn.example.com", "--url", "https://b.test")
	if !strings.Contains(r.out, "active, revision ") || !strings.Contains(r.out, " on 2 of 2 edges") || asked != 1 {
		t.Errorf("zone create asked %d times for propagation and printed\n%s%s", asked, r.out, r.errOut)
	}
	for _, args := range [][]string{
		{"zone", "create", "b.example.com", "--url", "https://b.test"},
		{"zone", "update", "cdn.example.com", "--negative-ttl", "5"},
		{"origin", "add", "cdn.example.com", "--url", "https://c.test", "--enabled=false"},
		{"origin", "update", "cdn.example.com", "c.test", "--base-path", "/x"},
	} {
		v := object(t, args...)
		if field(v, "propagation.complete") != true || field(v, "propagation.edges_applied") != 2.0 || field(v, "propagation.slowest_edge") != nil {
			t.Errorf("%q printed propagation %v", args, field(v, "propagation"))
		}
		if args[1] == "create" && (v["status"] != "active" || field(v, "origins.0.propagation.complete") != true) {
			t.Errorf("%q printed status %v, of its origin %v", args, v["status"], field(v, "origins.0.propagation"))
		}
	}
}

// An edge that is late is named, and undoes nothing.
func TestWriterNamesLateEdge(t *testing.T) {
	e := slowEdge{make(chan struct{})}
	address := serve(t, e)
	t.Cleanup(func() { close(e.released) })
	asked := 0
	server := httptest.NewServer(front(t, address, func(r *http.Request) {
		asked++
		q := r.URL.Query()
		q.Del("wait") // as if it were over
		r.URL.RawQuery = q.Encode()
	}))
	t.Cleanup(server.Close)
	t.Setenv("CISTERN_API", server.URL)

	r := must(t, "zone", "create", "cdn.example.com")
	if !strings.Contains(r.out, "processing, revision") || !strings.Contains(r.errOut, "warning: edge other0 is behind, at revision 0 of ") {
		t.Errorf("zone create printed\n%s%s", r.out, r.errOut)
	}
	r = must(t, "origin", "add", "cdn.example.com", "--url", "https://c.test")
	if !strings.Contains(r.out, " of 2 edges") || !strings.Contains(r.errOut, "warning: edge other0 is behind") {
		t.Errorf("origin add printed\n%s%s", r.out, r.errOut)
	}
	asked = 0
	r = must(t, "zone", "update", "cdn.example.com", "--negative-ttl", "5", "--no-wait")
	if asked != 0 || strings.Contains(r.errOut, "behind") {
		t.Errorf("zone update --no-wait asked %d times for propagation and warned %q", asked, r.errOut)
	}
}

// A zone whose propagation cannot be read is created all the same.
func TestWriterWithoutPropagation(t *testing.T) {
	e := slowEdge{make(chan struct{})}
	address := serve(t, e)
	t.Cleanup(func() { close(e.released) })
	server := httptest.NewServer(front(t, address, func(r *http.Request) { r.URL.Path += "/x" }))
	t.Cleanup(server.Close)
	t.Setenv("CISTERN_API", server.URL)
	r := must(t, "zone", "create", "cdn.example.com")
	if !strings.Contains(r.out, "processing") || !strings.Contains(r.errOut, "warning: it is saved; whether the edges have it cannot be told: Not found") {
		t.Errorf("zone create printed\n%s%s", r.out, r.errOut)
	}
}

// What a writer prints for programs has the form of the API's own answer.
func TestWriterKeepsForm(t *testing.T) {
	serve(t)
	made := must(t, "zone", "create", "cdn.example.com", "--url", "https://b.test", "--output", "json")
	shown := must(t, "zone", "show", "cdn.example.com", "--output", "json")
	if diff := cmp.Diff(shown.out, made.out); diff != "" {
		t.Errorf("zone create and zone show differ (-show +create):\n%s", diff)
	}
	var z client.Zone
	if err := json.Unmarshal([]byte(shown.out), &z); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(z, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown.out, string(again)+"\n"); diff != "" {
		t.Errorf("a zone changes when it is read and written (-API +client):\n%s", diff)
	}
}

// The table of an origin says what its settings came to.
func TestOriginTable(t *testing.T) {
	serve(t)
	must(t, "zone", "create", "cdn.example.com", "--url", "https://www.example.com", "--origin-name", "web")
	tests := []struct {
		name   string
		args   []string // of origin add
		bucket string
		style  string
	}{
		{name: "web", bucket: "-", style: "-"},
		{name: "auto", args: []string{"--url", "https://minio.example.com", "--bucket", "media"}, bucket: "media", style: "auto (path)"},
		{name: "host", args: []string{"--url", "https://s3.eu-west-1.amazonaws.com", "--bucket", "media"}, bucket: "media", style: "auto (virtual)"},
		{name: "chosen", args: []string{"--url", "https://minio.example.com", "--bucket", "media", "--addressing", "virtual"}, bucket: "media", style: "virtual"},
		{name: "in the URL", args: []string{"--url", "https://media.s3.eu-west-1.amazonaws.com"}, bucket: "(by the URL)", style: "auto (virtual)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.args != nil {
				must(t, append([]string{"origin", "add", "cdn.example.com", "--name", tt.name, "--enabled=false"}, tt.args...)...)
			}
			rows := map[string]string{}
			for row := range strings.Lines(must(t, "origin", "show", "cdn.example.com", tt.name).out) {
				name, value, _ := strings.Cut(row, "  ")
				rows[name] = strings.TrimSpace(value)
			}
			if rows["bucket"] != tt.bucket || rows["addressing"] != tt.style {
				t.Errorf("bucket %q, addressing %q; want %q, %q", rows["bucket"], rows["addressing"], tt.bucket, tt.style)
			}
			if !strings.Contains(rows["propagation"], " on 1 of 1 edges") {
				t.Errorf("propagation %q; want 1 of 1 edges", rows["propagation"])
			}
		})
	}
}

// An API behind a private authority is trusted when its file is named.
func TestPrivateAuthority(t *testing.T) {
	address := serve(t)
	server := httptest.NewTLSServer(front(t, address, func(*http.Request) {}))
	t.Cleanup(server.Close)
	t.Setenv("CISTERN_API", server.URL)
	dir := t.TempDir()
	ca, empty := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "zone", "list", "--api-ca-file", ca)
	for _, tt := range []struct {
		args string
		want string
	}{
		{"", "--api-ca-file or CISTERN_API_CA_FILE"},
		{"--api-ca-file " + empty, "holds no certificate"},
		{"--api-ca-file " + filepath.Join(dir, "none.pem"), "read --api-ca-file: "},
		{"--api-ca-file " + ca + " --api " + address, "not https"},
	} {
		r := cistern(t, append([]string{"zone", "list"}, strings.Fields(tt.args)...)...)
		if r.err == nil || !strings.Contains(r.err.Error(), tt.want) {
			t.Errorf("zone list %s: %v; want %q in it", tt.args, r.err, tt.want)
		}
	}
	t.Setenv("CISTERN_API_CA_FILE", ca)
	must(t, "zone", "list")
}
