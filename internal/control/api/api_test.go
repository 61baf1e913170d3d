package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	spec "github.com/cistern-cdn/cistern/api"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// The example of the API's description: one call makes zone and private
// origin.
func TestCreateZoneWithOrigin(t *testing.T) {
	f := start(t)
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["CDN.example.com."],"origins":[`+privateOrigin+`]}`)
	uuid := a.str("uuid")
	if got, want := a.header.Get("Location"), "/cdn/zones/"+uuid; got != want {
		t.Errorf("Location = %q; want %q", got, want)
	}
	want := map[string]any{
		"id": 1.0, "name": "cdn.example.com", "hostnames.0": "cdn.example.com", "active": true, "status": "active",
		"system_hostname": "1.localhost", "origin.connect_timeout_ms": 5000.0, "origin.read_timeout_ms": 30000.0,
		"cache.default_ttl": nil, "cache.negative_ttl": 10.0, "delivery.dot_segments": "reject", "delivery.plus_as_space": false,
		"access.public_ack": false, "origins.0.name": "r2", "origins.0.provider": "r2-eu", "origins.0.base_path": "/my-media",
		"origins.0.auth_type": "sigv4", "origins.0.s3_auth_enabled": true, "origins.0.s3_access_key": "AKEXAMPLE",
		"origins.0.s3_secret_set": true, "origins.0.s3_region": "", "origins.0.s3_region_effective": "auto",
		"origins.0.host_header": nil, "origins.0.host_header_effective": "acct.eu.r2.cloudflarestorage.com",
		"origins.0.s3_service": "s3", "origins.0.credentials_version": 1.0, "origins.0.last_check": nil,
		"propagation.complete": true,
	}
	for path, v := range want {
		if got := a.at(path); got != v {
			t.Errorf("%s = %v; want %v", path, got, v)
		}
	}
	if got, want := a.warnings(), "private_bucket_public_cache"; got != want {
		t.Errorf("warnings = %q; want %q", got, want)
	}
	read := f.must(200, "GET", "/cdn/zones/"+uuid, "")
	if read.text != a.text || read.header.Get("ETag") != a.header.Get("ETag") || a.header.Get("ETag") == "" {
		t.Errorf("GET after POST differs:\n%s %s\n%s %s", a.header.Get("ETag"), a.text, read.header.Get("ETag"), read.text)
	}
	o := f.must(200, "GET", "/cdn/zones/"+uuid+"/origins/"+a.str("origins.0.uuid"), "")
	if o.str("name") != "r2" || o.header.Get("ETag") == "" {
		t.Errorf("GET origin = %s", o.text)
	}
	list := f.must(200, "GET", "/cdn/zones", "")
	if list.at("total") != 1.0 || list.str("items.0.uuid") != uuid || list.at("items.0.origins") != nil {
		t.Errorf("GET zones = %s; want the zone without origins", list.text)
	}
	f.must(204, "DELETE", "/cdn/zones/"+uuid, "")
	f.must(404, "GET", "/cdn/zones/"+uuid, "")
	again := f.must(201, "POST", "/cdn/zones", `{"hostnames":["cdn.example.com"]}`)
	if again.at("id") != 2.0 || again.warnings() != "no_origin" {
		t.Errorf("zone after a delete = %s; want id 2 and warning no_origin", again.text)
	}
}

func TestBadBodies(t *testing.T) {
	f := start(t)
	f.zone("taken.example.com")
	long := strings.Repeat("x", 256)
	tests := []struct {
		name, body string
		status     int
		code       string
		faults     string
	}{
		{"empty", ``, 415, "media_type", ""},
		{"blank", ` `, 400, "bad_json", ""},
		{"no object", `[]`, 422, "bad_type", "body:bad_type"},
		{"cut", `{"hostnames":["a.example.com"`, 400, "bad_json", ""},
		{"two values", `{"hostnames":["a.example.com"]} {}`, 400, "bad_json", ""},
		{"no hostname", `{}`, 422, "required", "hostnames:required"},
		{"null hostnames", `{"hostnames":null}`, 422, "required", "hostnames:required"},
		{"hostname of wrong type", `{"hostnames":["a.example.com",5]}`, 422, "bad_type", "hostnames.1:bad_type"},
		{"hostname with scheme", `{"hostnames":["https://a.example.com"]}`, 422, "bad_format", "hostnames.0:bad_format"},
		{"hostname twice", `{"hostnames":["a.example.com","A.example.com"]}`, 422, "duplicate", "hostnames.1:duplicate"},
		{"hostname taken", `{"hostnames":["a.example.com","taken.example.com"]}`, 409, "hostname_taken", "hostnames.1:hostname_taken"},
		{"name taken", `{"name":"taken.example.com","hostnames":["a.example.com"]}`, 409, "name_taken", "name:name_taken"},
		{"name too long", `{"name":"` + long + `","hostnames":["a.example.com"]}`, 422, "too_long", "name:too_long"},
		{"unknown field", `{"hostnames":["a.example.com"],"hostname":"x"}`, 422, "unknown_field", "hostname:unknown_field"},
		{"unknown nested field", `{"hostnames":["a.example.com"],"cache":{"ttl":1}}`, 422, "unknown_field", "cache.ttl:unknown_field"},
		{"read-only field", `{"hostnames":["a.example.com"],"id":7}`, 422, "read_only", "id:read_only"},
		{"unbuilt setting", `{"hostnames":["a.example.com"],"origin":{"shield":true}}`, 422, "unsupported", "origin.shield:unsupported"},
		{"unbuilt object", `{"hostnames":["a.example.com"],"tls":{"mode":"off","http4":true}}`, 422, "invalid", "tls.http4:unknown_field tls.mode:unsupported"},
		{"everything at once", `{"hostnames":["a.example.com"],"zz":1,"cache":{"negative_ttl":-1,"default_ttl":"x","share":5},
			"delivery":{"dot_segments":"keep"},"origin":{"connect_timeout_ms":99,"allowed_prefixes":["a"]},
			"origins":[{"url":"https://s3.example.com/x","max_connections":0,"s3_bucket":"B"},{"name":3}]}`, 422, "invalid",
			"cache.default_ttl:bad_type cache.negative_ttl:out_of_range cache.share:unsupported delivery.dot_segments:bad_enum " +
				"origin.allowed_prefixes.0:bad_format origin.connect_timeout_ms:out_of_range origins.0.max_connections:out_of_range " +
				"origins.0.s3_bucket:bad_format origins.0.url:url_has_path origins.1.enabled:unsupported origins.1.name:bad_type origins.1.url:required zz:unknown_field"},
		{"two enabled origins", `{"hostnames":["a.example.com"],"origins":[{"url":"https://a.test"},{"url":"https://b.test"}]}`,
			422, "unsupported", "origins.1.enabled:unsupported"},
		{"key without secret", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_auth_enabled":true,"s3_access_key":"AKEXAMPLE"}]}`,
			422, "required", "origins.0.s3_secret_key:required"},
		{"neither key nor secret", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","auth_type":"sigv4"}]}`,
			422, "invalid", "origins.0.s3_access_key:required origins.0.s3_secret_key:required"},
		{"contradiction", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_auth_enabled":true,"auth_type":"none"}]}`,
			422, "exclusive", "origins.0.s3_auth_enabled:exclusive"},
		{"signature of a later version", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","auth_type":"oss_v4"}]}`,
			422, "unsupported", "origins.0.auth_type:unsupported"},
		{"shared credential", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","credentials_uuid":"x"}]}`,
			422, "unsupported", "origins.0.credentials_uuid:unsupported"},
		{"Host is a zone's", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","host_header":"taken.example.com"}]}`,
			422, "exclusive", "origins.0.host_header:exclusive"},
		{"URL is a zone's", `{"hostnames":["a.example.com"],"origins":[{"url":"https://taken.example.com:8443"}]}`, 422, "exclusive", "origins.0.url:exclusive"},
		{"URL is its own", `{"hostnames":["a.example.com"],"origins":[{"url":"https://a.example.com"}]}`, 422, "exclusive", "hostnames.0:exclusive"},
		{"metadata address", `{"hostnames":["a.example.com"],"origins":[{"url":"http://169.254.169.254"}]}`, 422, "address_prohibited", "origins.0.url:address_prohibited"},
		{"metadata name", `{"hostnames":["a.example.com"],"origins":[{"url":"http://metadata.example.com"}]}`, 422, "address_prohibited", "origins.0.url:address_prohibited"},
		{"region required", `{"hostnames":["a.example.com"],"origins":[{"url":"https://objects.test","provider":"wasabi","s3_auth_enabled":true,
			"s3_access_key":"AKEXAMPLE","s3_secret_key":"` + secretOne + `"}]}`, 422, "region_required", "origins.0.s3_region:region_required"},
		{"secret with blanks", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_secret_key":" ` + secretOne + ` "}]}`,
			422, "bad_format", "origins.0.s3_secret_key:bad_format"},
		{"secret of wrong type", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_secret_key":["` + secretOne + `"]}]}`,
			422, "bad_type", "origins.0.s3_secret_key:bad_type"},
		{"secret too long", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_secret_key":"` + strings.Repeat(secretOne, 50) + `"}]}`,
			422, "too_long", "origins.0.s3_secret_key:too_long"},
		{"read-only in an origin", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","s3_secret_set":true}]}`,
			422, "read_only", "origins.0.s3_secret_set:read_only"},
		{"bad certificate", `{"hostnames":["a.example.com"],"origins":[{"url":"https://b.test","ca_pem":"nope"}]}`, 422, "bad_format", "origins.0.ca_pem:bad_format"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do("POST", "/cdn/zones", tt.body)
			if a.status != tt.status || a.str("code") != tt.code || a.codes() != tt.faults {
				t.Errorf("POST %s\n got %d %s %q\nwant %d %s %q\n%s", tt.body, a.status, a.str("code"), a.codes(), tt.status, tt.code, tt.faults, a.text)
			}
			if a.header.Get("Content-Type") != "application/problem+json" || a.str("request_id") != a.header.Get("X-Request-Id") || a.str("hint") == "" {
				t.Errorf("answer is no whole problem: %v %s", a.header, a.text)
			}
		})
	}
	if got := f.must(200, "GET", "/cdn/zones", "").at("total"); got != 1.0 {
		t.Errorf("zones after refused bodies = %v; want 1", got)
	}
}

// Settings without effect are fine with their defaults, as in a body that was
// read from a later version.
func TestUnbuiltDefaults(t *testing.T) {
	f := start(t)
	var settings map[string]any
	if err := json.Unmarshal([]byte(unbuiltZone), &settings); err != nil {
		t.Fatal(err)
	}
	settings["hostnames"] = []string{"a.example.com"}
	var o map[string]any
	if err := json.Unmarshal([]byte(unbuiltOrigin), &o); err != nil {
		t.Fatal(err)
	}
	o["url"] = "https://b.test"
	settings["origins"] = []any{o}
	body, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	a := f.must(201, "POST", "/cdn/zones", string(body))
	f.must(200, "PATCH", "/cdn/zones/"+a.str("uuid"), unbuiltZone)
}

func TestRequests(t *testing.T) {
	f := start(t)
	z, o := f.zone("a.example.com")
	tests := []struct {
		name, method, path, body string
		fields                   []string
		status                   int
		code                     string
		header                   string // "Name: value"
	}{
		{"no token", "GET", "/cdn/zones", "", []string{"Authorization", ""}, 401, "unauthenticated", "WWW-Authenticate: Bearer"},
		{"wrong token", "GET", "/cdn/zones", "", []string{"Authorization", "Bearer cst_wrong"}, 401, "unauthenticated", "WWW-Authenticate: Bearer"},
		{"APIKey", "GET", "/cdn/zones", "", []string{"Authorization", "APIKey x"}, 401, "auth_scheme_unsupported", ""},
		{"other account", "GET", "/cdn/zones", "", []string{"X-Cistern-Account", "x"}, 403, "role_required", ""},
		{"unknown path", "GET", "/cdn/zone", "", nil, 404, "not_found", ""},
		{"root", "GET", "/", "", nil, 404, "not_found", ""},
		{"double slash", "GET", "//cdn/zones", "", nil, 404, "not_found", ""},
		{"slash at the end", "GET", "/cdn/zones/", "", nil, 404, "not_found", ""},
		{"unknown zone", "GET", "/cdn/zones/0197a6f0-0000-7000-8000-000000000001", "", nil, 404, "not_found", ""},
		{"no uuid", "GET", "/cdn/zones/..%2Fx", "", nil, 404, "not_found", ""},
		{"unknown origin", "GET", z + "/origins/x", "", nil, 404, "not_found", ""},
		{"patch of unknown origin", "PATCH", z + "/origins/x", "{}", nil, 404, "not_found", ""},
		{"delete of unknown origin", "DELETE", z + "/origins/x", "", nil, 404, "not_found", ""},
		{"unknown purge", "GET", z + "/purges/x", "", nil, 404, "not_found", ""},
		{"purges of unknown zone", "GET", "/cdn/zones/x/purges", "", nil, 404, "not_found", ""},
		{"purge of unknown zone", "POST", "/cdn/zones/x/purge", `{"all":true}`, nil, 404, "not_found", ""},
		{"method", "PUT", "/cdn/zones", "{}", nil, 405, "method_not_allowed", "Allow: HEAD, GET, POST"},
		{"method on one", "POST", z, "{}", nil, 405, "method_not_allowed", "Allow: HEAD, DELETE, GET, PATCH"},
		{"not built", "GET", z + "/rules", "", nil, 501, "not_built", ""},
		{"not built, deep", "POST", o + "/check", "{}", nil, 501, "not_built", ""},
		{"other dialect", "GET", "/gcore/cdn/resources/1", "", nil, 501, "not_built", ""},
		{"content type", "POST", "/cdn/zones", "{}", []string{"Content-Type", "text/plain"}, 415, "media_type", ""},
		{"merge patch on POST", "POST", "/cdn/zones", "{}", []string{"Content-Type", "application/merge-patch+json"}, 415, "media_type", ""},
		{"merge patch", "PATCH", z, "{}", []string{"Content-Type", "application/merge-patch+json"}, 200, "", ""},
		{"charset", "PATCH", z, "{}", []string{"Content-Type", "application/json; charset=utf-8"}, 200, "", ""},
		{"large body", "PATCH", z, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "body_too_large", ""},
		{"unknown parameter", "GET", "/cdn/zones?limt=1", "", nil, 400, "unknown_parameter", ""},
		{"limit of zero", "GET", "/cdn/zones?limit=0", "", nil, 400, "bad_parameter", ""},
		{"limit of many", "GET", "/cdn/zones?limit=501", "", nil, 400, "bad_parameter", ""},
		{"limit as text", "GET", "/cdn/zones?limit=x", "", nil, 400, "bad_parameter", ""},
		{"parameter twice", "GET", "/cdn/zones?limit=1&limit=2", "", nil, 400, "bad_parameter", ""},
		{"sort", "GET", "/cdn/zones?sort=size", "", nil, 400, "bad_parameter", ""},
		{"cursor", "GET", "/cdn/zones?cursor=abc", "", nil, 400, "cursor_invalid", ""},
		{"hostname filter", "GET", "/cdn/zones?hostname=http://x", "", nil, 400, "bad_parameter", ""},
		{"parameter on a write", "DELETE", z + "?force=1", "", nil, 400, "unknown_parameter", ""},
		{"stale ETag", "PATCH", z, "{}", []string{"If-Match", `"1"`}, 412, "precondition_failed", ""},
		{"weak ETag", "PATCH", z, "{}", []string{"If-Match", `W/"1"`}, 412, "precondition_failed", ""},
		{"stale ETag on an origin", "PATCH", o, "{}", []string{"If-Match", `"1"`}, 412, "precondition_failed", ""},
		{"stale ETag on a delete", "DELETE", z, "", []string{"If-Match", `"1"`}, 412, "precondition_failed", ""},
		{"any ETag", "PATCH", z, "{}", []string{"If-Match", `*`}, 200, "", ""},
		{"Idempotency-Key", "POST", "/cdn/zones", `{"hostnames":["k.example.com"]}`, []string{"Idempotency-Key", "k"}, 422, "unsupported", ""},
		{"HEAD", "HEAD", z, "", nil, 200, "", ""},
		{"version", "GET", "/version", "", []string{"Authorization", ""}, 200, "", ""},
		{"document", "GET", "/openapi.json", "", []string{"Authorization", ""}, 200, "", ""},
		{"document as YAML", "GET", "/openapi.yaml", "", []string{"Authorization", ""}, 200, "", "Content-Type: application/yaml"},
		{"providers", "GET", "/cdn/providers", "", nil, 200, "", ""},
		{"edges", "GET", "/cdn/edges", "", nil, 200, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do(tt.method, tt.path, tt.body, tt.fields...)
			if a.status != tt.status || a.str("code") != tt.code {
				t.Errorf("%s %s: %d %q; want %d %q: %s", tt.method, tt.path, a.status, a.str("code"), tt.status, tt.code, a.text)
			}
			if name, value, ok := strings.Cut(tt.header, ": "); ok && a.header.Get(name) != value {
				t.Errorf("%s = %q; want %q", name, a.header.Get(name), value)
			}
			if a.status >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("Content-Type = %q; want a problem", a.header.Get("Content-Type"))
			}
		})
	}
}

func TestManyFaults(t *testing.T) {
	f := start(t)
	body := map[string]any{}
	for i := range 500 {
		body[fmt.Sprintf("field%03d", i)] = i
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	a := f.must(422, "POST", "/cdn/zones", string(text))
	if n := len(a.body["errors"].(map[string]any)); n != maxFaults || !strings.HasPrefix(a.str("detail"), "501 faults") {
		t.Errorf("%d faults are listed, detail %.40q; want %d of 501", n, a.str("detail"), maxFaults)
	}
}

func TestZoneLimit(t *testing.T) {
	f := start(t)
	s := &server{maxZones: 2}
	for i := range 3 {
		_, err := f.store.Update(t.Context(), "test", func(tx *store.Tx) error {
			if err := s.roomForZone(tx, "acme"); err != nil {
				return err
			}
			name := fmt.Sprintf("z%d.example.com", i)
			return tx.PutZone(&store.Zone{Zone: zone.Zone{Account: "acme", Name: name, Hostnames: []string{name}}})
		})
		if p, refused := errors.AsType[*problem](err); refused != (i == 2) || refused && p.code != catalog.APILimitReached {
			t.Errorf("zone %d: %v; want the third refused", i, err)
		}
	}
}

func TestStoreUnavailable(t *testing.T) {
	f := start(t)
	f.closed = true
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := f.must(503, "GET", "/cdn/zones", "")
	if a.str("code") != "store_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("answer without store = %v %s", a.header, a.text)
	}
	f.must(200, "GET", "/version", "")
}

func TestDocument(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("openapi.yaml: %v", err)
	}
}

func FuzzBody(f *testing.F) {
	d, err := load()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{}`, `{"hostnames":["a"],"origins":[{"url":1,"x":{}}],"cache":null}`, `[1]`, `{"origin":{"allowed_prefixes":[[]]},"tls":{"mode":5}}`,
		`{"urls":["/x",1],"all":{}}`, `{"s3_secret_key":["x"],"credentials":{"kind":"static"}}`, `{"origins":{"0":1},"name":1e400}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name, op := range d.operations {
			if op.body == nil {
				continue
			}
			c, p := op.body.check([]byte(body))
			if p != nil {
				continue
			}
			// What is left has no fault of its own.
			again, p := op.body.check(c.clean)
			if p != nil {
				t.Fatalf("%s: %q became %q: %v", name, body, c.clean, p)
			}
			for _, fault := range again.faults {
				if fault.code != catalog.APIRequired {
					t.Errorf("%s: %q became %q, which has a fault: %+v", name, body, c.clean, fault)
				}
			}
		}
	})
}

func TestRequestID(t *testing.T) {
	f := start(t)
	for _, tt := range []struct {
		sent string
		kept bool
	}{{"abc-1.2_Z", true}, {strings.Repeat("x", 64), true}, {strings.Repeat("x", 65), false}, {"a b", false}, {"", false}} {
		got := f.do("GET", "/version", "", "X-Request-Id", tt.sent).header.Get("X-Request-Id")
		if (got == tt.sent) != tt.kept || !validRequestID(got) {
			t.Errorf("X-Request-Id for %q = %q; want kept %v", tt.sent, got, tt.kept)
		}
	}
}

func TestPanicBecomesInternal(t *testing.T) {
	var log bytes.Buffer
	s := &server{log: slog.New(slog.NewTextHandler(&log, nil))}
	h := s.identify(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("planted " + secretOne) }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/cdn/edges", nil))
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"internal"`) || strings.Contains(w.Body.String(), secretOne) {
		t.Errorf("answer to a panic = %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "planted") || !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("log = %s; want the panic with its request id", &log)
	}
}
