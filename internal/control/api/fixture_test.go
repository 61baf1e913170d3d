package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	spec "github.com/cistern-cdn/cistern/api"
	"github.com/cistern-cdn/cistern/internal/control/auth"
	"github.com/cistern-cdn/cistern/internal/control/publish"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/link"
)

const (
	testToken = "api-test-admin-token-1"

	// Planted: no answer and no log line may ever hold one of them.
	secretOne   = "planted-secret-one-7f3a"
	secretTwo   = "planted-secret-two-9c1b"
	tokenSecret = "planted-session-token-5e2d"
)

// names is a resolver that knows a few hosts and asks nobody.
type names map[string]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, fmt.Errorf("look up %s: no such host", host)
}

// A fixture is the API over a real store, with the log and all answers kept.
type fixture struct {
	t         *testing.T
	server    *httptest.Server
	closed    bool // the store was closed by the test
	store     *store.Store
	vault     *vault.Vault
	hub       *link.Hub
	publisher *publish.Publisher
	doc       *openapi3.T
	paths     *document
	seen      *bytes.Buffer // log lines, and answers
	handler   http.Handler
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, seen: &bytes.Buffer{}, hub: link.NewHub()}
	log := slog.New(slog.NewTextHandler(f.seen, nil))
	dir := t.TempDir()
	var err error
	if f.store, err = store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "store"), Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !f.closed {
			_ = f.store.Close()
		}
	})
	a, err := auth.Open(t.Context(), auth.Options{Store: f.store, Dir: dir, AdminToken: testToken})
	if err != nil {
		t.Fatal(err)
	}
	if f.vault, err = vault.Load(filepath.Join(dir, "vault.key"), false); err != nil {
		t.Fatal(err)
	}
	f.publisher = publish.New(publish.Options{Store: f.store, Vault: f.vault, Hub: f.hub, Log: log})
	f.handler, err = New(Options{Store: f.store, Vault: f.vault, Auth: a, Publisher: f.hub, Version: "1.2.3", Log: log, BaseDomain: "localhost",
		Resolver: names{"metadata.example.com": "169.254.169.254", "mixed.example.com": "192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if f.doc, err = openapi3.NewLoader().LoadFromData(spec.OpenAPI); err != nil {
		t.Fatal(err)
	}
	if f.paths, err = load(); err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(f.handler)
	t.Cleanup(f.server.Close)
	t.Cleanup(func() {
		for _, planted := range []string{secretOne, secretTwo, tokenSecret, testToken} {
			if strings.Contains(f.seen.String(), planted) {
				t.Errorf("an answer or log line holds %q", planted)
			}
		}
	})
	return f
}

// An answer is what the API answered.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// do sends a request; fields are pairs of header name and value.
func (f *fixture) do(method, path, body string, fields ...string) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			f.t.Fatalf("%s %s: answer is no JSON: %v: %s", method, path, err, text)
		}
	}
	fmt.Fprintln(f.seen, resp.Header, a.text)
	f.conforms(req, a)
	return a
}

// conforms compares an answer with what the document says of it.
func (f *fixture) conforms(req *http.Request, a answer) {
	f.t.Helper()
	schema := f.doc.Components.Schemas["Problem"]
	if a.status < 300 {
		op := f.doc.Paths.Value(f.paths.pathOf(req.URL.Path)).GetOperation(req.Method)
		if op == nil {
			return // HEAD
		}
		described := op.Responses.Value(strconv.Itoa(a.status))
		if described == nil {
			f.t.Errorf("%s %s: status %d is not in the document", req.Method, req.URL.Path, a.status)
			return
		}
		if described.Value.Content["application/json"] == nil {
			return
		}
		schema = described.Value.Content["application/json"].Schema
	}
	if err := schema.Value.VisitJSON(a.body, openapi3.VisitAsResponse(), openapi3.MultiErrors()); err != nil {
		f.t.Errorf("%s %s: the answer is not as in the document: %v", req.Method, req.URL.Path, err)
	}
}

// run starts the publisher and one edge, until the test ends.
func (f *fixture) run(e link.Edge) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := f.publisher.Run(ctx); err != nil {
			f.t.Error(err)
		}
	})
	work.Go(func() {
		if err := f.hub.Run(ctx, "par1", "edge-uuid", e); err != nil {
			f.t.Error(err)
		}
	})
	f.t.Cleanup(func() { cancel(); work.Wait() })
}

// quiet sends a PATCH from another goroutine than the test's, and returns the
// status.
func (f *fixture) quiet(method, path, body string, fields ...string) int {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+testToken)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, req)
	return w.Code
}

// must is do for a request that has to succeed with this status.
func (f *fixture) must(status int, method, path, body string, fields ...string) answer {
	f.t.Helper()
	a := f.do(method, path, body, fields...)
	if a.status != status {
		f.t.Fatalf("%s %s: status %d; want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

// at returns a value of the answer by path, "origins.0.url".
func (a answer) at(path string) any {
	var v any = a.body
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			if whole, ok := x[path]; ok {
				return whole
			}
			v = x[step]
		case []any:
			i := 0
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) str(path string) string { s, _ := a.at(path).(string); return s }

// codes returns the faults of a problem as "field:code", sorted by field.
func (a answer) codes() string {
	errs, _ := a.body["errors"].(map[string]any)
	var out []string
	for _, field := range slices.Sorted(maps.Keys(errs)) {
		for _, e := range errs[field].([]any) {
			out = append(out, field+":"+e.(map[string]any)["code"].(string))
		}
	}
	return strings.Join(out, " ")
}

// warnings returns the codes of an object's warnings.
func (a answer) warnings() string {
	list, _ := a.body["warnings"].([]any)
	var out []string
	for _, w := range list {
		out = append(out, w.(map[string]any)["code"].(string))
	}
	return strings.Join(out, " ")
}

const privateOrigin = `{"name":"r2","url":"https://acct.eu.r2.cloudflarestorage.com","base_path":"/my-media",
	"s3_auth_enabled":true,"s3_access_key":"AKEXAMPLE","s3_secret_key":"` + secretOne + `","s3_region":""}`

// zone makes a zone with a private origin, and returns their paths.
func (f *fixture) zone(hostname string) (zonePath, originPath string) {
	f.t.Helper()
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["`+hostname+`"],"origins":[`+privateOrigin+`]}`)
	zonePath = "/cdn/zones/" + a.str("uuid")
	return zonePath, zonePath + "/origins/" + a.str("origins.0.uuid")
}
