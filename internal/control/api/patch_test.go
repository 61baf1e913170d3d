package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
)

// secrets opens what is stored of an origin's secret and session token.
func (f *fixture) secrets(originPath string) (secret, token string, content int64) {
	f.t.Helper()
	parts := strings.Split(originPath, "/")
	err := f.store.View(f.t.Context(), func(r *store.Reader) error {
		full, err := r.Full(parts[3])
		if err != nil {
			return err
		}
		content = full.Group.Content
		c := full.Credentials[full.Group.Origin(parts[5]).Credential]
		if c == nil {
			return nil
		}
		s, err := f.vault.Open(c.UUID, vault.FieldSecret, c.Secret)
		if err != nil {
			return err
		}
		k, err := f.vault.Open(c.UUID, vault.FieldToken, c.Token)
		secret, token = s.Reveal(), k.Reveal()
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return secret, token, content
}

// Absent keeps, null is the default, a value sets: for every field of a zone.
func TestPatchZoneFields(t *testing.T) {
	f := start(t)
	z, _ := f.zone("a.example.com")
	before := f.must(200, "GET", z, "")
	tests := []struct {
		path  string
		value string
		want  any // nil: as the value reads
	}{
		{path: "name", value: `"media"`},
		{path: "active", value: `false`},
		{path: "hostnames", value: `["b.example.com","*.c.example.com","192.0.2.7"]`},
		{path: "origin.connect_timeout_ms", value: `100`},
		{path: "origin.read_timeout_ms", value: `300000`},
		{path: "origin.allowed_prefixes", value: `["/public/","/x"]`},
		{path: "cache.default_ttl", value: `0`},
		{path: "origin.forward_query.mode", value: `"none"`},
		{path: "origin.forward_query", value: `{"mode":"listed","names":["versionId"]}`},
		{path: "cache.negative_ttl", value: `3600`},
		{path: "cache.enabled", value: `false`},
		{path: "cache.override_ttl", value: `{"404":0,"any":31536000}`},
		{path: "cache.min_ttl", value: `60`},
		{path: "cache.max_ttl", value: `0`},
		{path: "cache.browser_ttl", value: `0`},
		{path: "cache.heuristic", value: `false`},
		{path: "cache.stale_if_error", value: `0`},
		{path: "cache.stale_on", value: `["http_503","error"]`},
		{path: "cache.stale_on", value: `[]`},
		{path: "cache.stale_while_revalidate", value: `86400`},
		{path: "cache.query.mode", value: `"none"`},
		{path: "cache.query.sort", value: `true`},
		{path: "cache.query", value: `{"mode":"only","names":["versionId","v"],"sort":false}`},
		{path: "cache.key.scheme", value: `true`},
		{path: "cache.key.host", value: `true`},
		{path: "cache.key.headers", value: `["X-Device","Accept-Language"]`},
		{path: "cache.key", value: `{"scheme":true,"host":true,"headers":["X-Device"]}`},
		{path: "cache.set_cookie", value: `"bypass"`},
		{path: "cache.cookies", value: `"strip"`},
		{path: "cache.authorization", value: `"ignore"`},
		{path: "cache.request_directives", value: `"honor"`},
		{path: "cache.tag_headers", value: `["X-Tag"]`},
		{path: "cache.tag_headers", value: `[]`},
		{path: "delivery.allowed_methods", value: `["GET","HEAD","OPTIONS"]`},
		{path: "delivery.dot_segments", value: `"raw"`},
		{path: "delivery.plus_as_space", value: `true`},
		{path: "access.public_ack", value: `true`},
	}
	nest := func(path, value string) string {
		steps := strings.Split(path, ".")
		for _, name := range slices.Backward(steps) {
			value = fmt.Sprintf(`{%q:%s}`, name, value)
		}
		return value
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			var want any
			if err := json.Unmarshal([]byte(tt.value), &want); err != nil {
				t.Fatal(err)
			}
			set := f.must(200, "PATCH", z, nest(tt.path, tt.value))
			if got := set.at(tt.path); !cmp.Equal(got, want) || cmp.Equal(got, before.at(tt.path)) {
				t.Errorf("after a value: %v; want %v, another than before", got, want)
			}
			if kept := f.must(200, "PATCH", z, `{"origin":{},"cache":{}}`); !cmp.Equal(kept.at(tt.path), want) {
				t.Errorf("after absence: %v; want %v", kept.at(tt.path), want)
			}
			if tt.path == "hostnames" {
				f.must(422, "PATCH", z, nest(tt.path, "null"))
				f.must(200, "PATCH", z, `{"hostnames":["a.example.com"]}`)
				return
			}
			reset := f.must(200, "PATCH", z, nest(tt.path, "null"))
			if got := reset.at(tt.path); !cmp.Equal(got, before.at(tt.path)) {
				t.Errorf("after null: %v; want %v", got, before.at(tt.path))
			}
		})
	}
	f.must(200, "PATCH", z, `{"delivery":{"dot_segments":"raw","plus_as_space":true,"allowed_methods":["HEAD","OPTIONS","GET"]},
		"cache":{"default_ttl":5,"enabled":false,"override_ttl":{"404":1},"min_ttl":1,"max_ttl":2,"browser_ttl":3,"heuristic":false,
		"stale_if_error":4,"stale_on":[],"stale_while_revalidate":6,"query":{"mode":"except","names":["v"],"sort":false},
		"key":{"scheme":true,"host":true,"headers":["X-A"]},"set_cookie":"strip","cookies":"strip","authorization":"ignore",
		"request_directives":"honor","tag_headers":[]},"origin":{"forward_query":{"mode":"none"}}}`)
	reset := f.must(200, "PATCH", z, `{"delivery":null,"cache":null,"origin":null,"access":null}`)
	for _, group := range []string{"delivery", "cache", "origin", "access"} {
		if diff := cmp.Diff(before.at(group), reset.at(group)); diff != "" {
			t.Errorf("%s after null (-before +after):\n%s", group, diff)
		}
	}
}

func TestPatchOriginFields(t *testing.T) {
	f := start(t)
	_, o := f.zone("a.example.com")
	f.must(200, "PATCH", o, `{"name":null,"base_path":null}`)
	before := f.must(200, "GET", o, "")
	tests := []struct{ field, value string }{
		{"name", `"other"`}, {"url", `"https://s3.eu-west-1.amazonaws.com"`}, {"provider", `"custom"`},
		{"host_header", `"bucket.example.org"`}, {"base_path", `"/x/y"`}, {"enabled", `false`}, {"s3_bucket", `"my-bucket"`},
		{"s3_addressing", `"path"`}, {"s3_access_key", `"AKOTHER"`}, {"s3_region", `"eu-west-1"`}, {"s3_service", `"s3-x"`},
		{"s3_payload_hash", `"empty"`}, {"tls_verify", `false`}, {"max_connections", `1`},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			var want any
			if err := json.Unmarshal([]byte(tt.value), &want); err != nil {
				t.Fatal(err)
			}
			set := f.must(200, "PATCH", o, `{"`+tt.field+`":`+tt.value+`}`)
			if got := set.at(tt.field); got != want || got == before.at(tt.field) {
				t.Errorf("after a value: %v; want %v, another than %v", got, want, before.at(tt.field))
			}
			if kept := f.must(200, "PATCH", o, `{}`); kept.at(tt.field) != want {
				t.Errorf("after absence: %v; want %v", kept.at(tt.field), want)
			}
			switch tt.field {
			case "url", "s3_access_key": // required
				a := f.must(422, "PATCH", o, `{"`+tt.field+`":null}`)
				if a.codes() != tt.field+":required" {
					t.Errorf("null: %s; want required", a.codes())
				}
				f.must(200, "PATCH", o, fmt.Sprintf(`{%q:%q}`, tt.field, before.str(tt.field)))
				return
			}
			if reset := f.must(200, "PATCH", o, `{"`+tt.field+`":null}`); reset.at(tt.field) != before.at(tt.field) {
				t.Errorf("after null: %v; want %v", reset.at(tt.field), before.at(tt.field))
			}
		})
	}
}

// A client may send back what it read; it may not change what it cannot.
func TestReadOnlyFields(t *testing.T) {
	f := start(t)
	z, o := f.zone("a.example.com")
	for _, path := range []string{z, o} {
		object := f.must(200, "GET", path, "").body
		whole, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		f.must(200, "PATCH", path, string(whole))
		object["propagation"].(map[string]any)["edges_total"] = 9
		object["id"], object["uuid"], object["created_at"] = 99, nil, "2020-01-01T00:00:00Z"
		whole, err = json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		a := f.do("PATCH", path, string(whole))
		if got, want := a.codes(), "created_at:read_only id:read_only uuid:read_only"; a.status != 422 || got != want {
			t.Errorf("PATCH %s of changed read-only fields = %d %q; want 422 %q", path, a.status, got, want)
		}
	}
	a := f.do("PATCH", z, `{"origins":[{"url":"https://b.test"}]}`)
	if a.status != 422 || a.str("code") != "read_only" {
		t.Errorf("PATCH of a zone's origins = %d %s; want read_only", a.status, a.text)
	}
}

func TestSecrets(t *testing.T) {
	f := start(t)
	_, o := f.zone("a.example.com")
	steps := []struct {
		name, body    string
		status        int
		faults        string
		secret, token string
		version       float64
		warnings      string
	}{
		{name: "absent keeps", body: `{}`, secret: secretOne, version: 1},
		{name: "empty keeps", body: `{"s3_secret_key":"","s3_access_key":"","s3_session_token":""}`, secret: secretOne, version: 1},
		{name: "the same again", body: `{"s3_secret_key":"` + secretOne + `"}`, secret: secretOne, version: 1},
		{name: "rotation", body: `{"s3_access_key":"AKTWO","s3_secret_key":"` + secretTwo + `"}`, secret: secretTwo, version: 2},
		{name: "key only", body: `{"s3_access_key":"AKTHREE"}`, secret: secretTwo, version: 3, warnings: "key_changed_secret_kept"},
		{name: "token", body: `{"s3_session_token":"` + tokenSecret + `"}`, secret: secretTwo, token: tokenSecret, version: 4},
		{name: "region", body: `{"s3_region":"eu"}`, secret: secretTwo, token: tokenSecret, version: 5},
		{name: "name", body: `{"name":"other"}`, secret: secretTwo, token: tokenSecret, version: 5},
		{name: "null while signed", body: `{"s3_secret_key":null}`, status: 422, faults: "s3_secret_key:required", secret: secretTwo, token: tokenSecret, version: 5},
		{name: "signing off keeps", body: `{"s3_auth_enabled":false}`, secret: secretTwo, token: tokenSecret, version: 5},
		{name: "signing on", body: `{"s3_auth_enabled":true}`, secret: secretTwo, token: tokenSecret, version: 5},
		{name: "token null", body: `{"s3_session_token":null}`, secret: secretTwo, version: 6},
		{name: "off and null", body: `{"auth_type":"none","s3_secret_key":null}`, version: 7},
		{name: "on without secret", body: `{"s3_auth_enabled":true}`, status: 422, faults: "s3_secret_key:required", version: 7},
		{name: "all null", body: `{"s3_access_key":null}`, version: 8},
		{name: "on again", body: `{"auth_type":"sigv4","s3_access_key":"AKFOUR","s3_secret_key":"` + secretOne + `"}`, secret: secretOne, version: 9},
	}
	for _, tt := range steps {
		t.Run(tt.name, func(t *testing.T) {
			status := 200
			if tt.status != 0 {
				status = tt.status
			}
			a := f.must(status, "PATCH", o, tt.body)
			if status == 200 {
				if got := a.warnings(); got != tt.warnings {
					t.Errorf("warnings = %q; want %q", got, tt.warnings)
				}
				a = f.must(200, "GET", o, "")
				if got := a.at("credentials_version"); got != tt.version {
					t.Errorf("credentials_version = %v; want %v", got, tt.version)
				}
				if a.at("s3_secret_set") != (tt.secret != "") || a.at("s3_session_token_set") != (tt.token != "") {
					t.Errorf("set = %v, %v; want %v, %v", a.at("s3_secret_set"), a.at("s3_session_token_set"), tt.secret != "", tt.token != "")
				}
			} else if a.codes() != tt.faults {
				t.Errorf("faults = %q; want %q", a.codes(), tt.faults)
			}
			if secret, token, _ := f.secrets(o); secret != tt.secret || token != tt.token {
				t.Error("what is stored is another secret or token than expected")
			}
		})
	}
}

// What names other objects makes stored ones unusable; nothing else does.
func TestContentGeneration(t *testing.T) {
	f := start(t)
	z, o := f.zone("a.example.com")
	steps := []struct {
		method, path, body string
		bump               bool
	}{
		{"PATCH", o, `{"s3_access_key":"AKTWO","s3_secret_key":"` + secretTwo + `"}`, false},
		{"PATCH", o, `{"name":"x","max_connections":7,"s3_region":"eu"}`, false},
		{"PATCH", o, `{"base_path":"/other"}`, true},
		{"PATCH", o, `{"base_path":"/other/"}`, false},
		{"PATCH", o, `{"base_path":"/third","keep_cache":true}`, false},
		{"PATCH", o, `{"url":"https://acct.r2.cloudflarestorage.com"}`, true},
		{"PATCH", o, `{"s3_bucket":"one","base_path":null}`, true},
		{"PATCH", o, `{"s3_addressing":"virtual"}`, true},
		{"PATCH", o, `{"host_header":"one.acct.r2.cloudflarestorage.com"}`, false},
		{"POST", z + "/origins", `{"url":"https://b.test","enabled":false}`, false},
		{"PATCH", z, `{"active":false}`, false},
	}
	_, _, before := f.secrets(o)
	for _, tt := range steps {
		a := f.do(tt.method, tt.path, tt.body)
		if a.status/100 != 2 {
			t.Fatalf("%s %s: %s", tt.method, tt.body, a.text)
		}
		_, _, now := f.secrets(o)
		if (now > before) != tt.bump {
			t.Errorf("%s %s: content generation %d after %d; want bump %v", tt.method, tt.body, now, before, tt.bump)
		}
		before = now
	}
}

func TestDerivedNameAndProviderFollowTheURL(t *testing.T) {
	f := start(t)
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[{"url":"https://s3.eu-west-1.amazonaws.com"}]}`)
	o := "/cdn/zones/" + a.str("uuid") + "/origins/" + a.str("origins.0.uuid")
	a = f.must(200, "PATCH", o, `{"url":"https://s3.example.org:9000/"}`)
	if a.str("name") != "s3.example.org:9000" || a.str("provider") != "custom" || a.str("url") != "https://s3.example.org:9000" {
		t.Errorf("after a new URL: name %q, provider %q, url %q", a.str("name"), a.str("provider"), a.str("url"))
	}
	f.must(200, "PATCH", o, `{"name":"mine","provider":"minio"}`)
	a = f.must(200, "PATCH", o, `{"url":"https://s3.eu-west-1.amazonaws.com"}`)
	if a.str("name") != "mine" || a.str("provider") != "minio" {
		t.Errorf("given name and provider after a new URL: %q, %q", a.str("name"), a.str("provider"))
	}
}

func TestETags(t *testing.T) {
	f := start(t)
	z, o := f.zone("a.example.com")
	zoneTag, originTag := f.must(200, "GET", z, "").header.Get("ETag"), f.must(200, "GET", o, "").header.Get("ETag")

	f.must(200, "PATCH", z, `{"active":true}`)
	if got := f.must(200, "GET", z, "").header.Get("ETag"); got != zoneTag {
		t.Errorf("ETag after a PATCH that changes nothing = %s; want %s", got, zoneTag)
	}
	a := f.must(200, "PATCH", o, `{"s3_secret_key":"`+secretTwo+`"}`, "If-Match", originTag)
	newOrigin, newZone := a.header.Get("ETag"), f.must(200, "GET", z, "").header.Get("ETag")
	if newOrigin == originTag || newZone == zoneTag {
		t.Errorf("ETags after a rotation: origin %s, zone %s; want both new", newOrigin, newZone)
	}
	lost := f.must(412, "PATCH", z, `{"active":false}`, "If-Match", zoneTag)
	if lost.str("current_etag") != newZone || lost.header.Get("ETag") != newZone || lost.str("current.name") != "a.example.com" ||
		lost.str("changed_by") == "" || lost.str("changed_at") == "" {
		t.Errorf("412 = %s; want the zone as it is now", lost.text)
	}
	f.must(200, "PATCH", z, `{"active":false}`, "If-Match", `"7", `+newZone)
	if got := f.must(200, "GET", o, "").header.Get("ETag"); got != newOrigin {
		t.Errorf("origin's ETag after a change of the zone = %s; want %s", got, newOrigin)
	}
}

// Of two changes based on the same state one wins; without a condition both
// are merged.
func TestConcurrentPatches(t *testing.T) {
	f := start(t)
	z, _ := f.zone("a.example.com")
	tag := f.must(200, "GET", z, "").header.Get("ETag")
	patch := func(bodies []string, fields ...string) (statuses []int) {
		var work sync.WaitGroup
		var mu sync.Mutex
		for _, body := range bodies {
			work.Go(func() {
				a := f.quiet("PATCH", z, body, fields...)
				mu.Lock()
				defer mu.Unlock()
				statuses = append(statuses, a)
			})
		}
		work.Wait()
		slices.Sort(statuses)
		return statuses
	}
	if got := patch([]string{`{"name":"one"}`, `{"name":"two"}`}, "If-Match", tag); !slices.Equal(got, []int{200, 412}) {
		t.Errorf("two conditional patches = %v; want 200 and 412", got)
	}
	if got := patch([]string{`{"name":"three"}`, `{"active":false}`, `{"cache":{"negative_ttl":7}}`}); !slices.Equal(got, []int{200, 200, 200}) {
		t.Errorf("patches of different fields = %v", got)
	}
	a := f.must(200, "GET", z, "")
	if a.str("name") != "three" || a.at("active") != false || a.at("cache.negative_ttl") != 7.0 {
		t.Errorf("after patches of different fields: %s", a.text)
	}
}

func TestHostnamesMove(t *testing.T) {
	f := start(t)
	one, _ := f.zone("a.example.com")
	two := "/cdn/zones/" + f.must(201, "POST", "/cdn/zones", `{"hostnames":["b.example.com"]}`).str("uuid")
	a := f.must(409, "PATCH", two, `{"hostnames":["b.example.com","a.example.com"]}`)
	if a.codes() != "hostnames.1:hostname_taken" || !strings.Contains(a.text, strings.TrimPrefix(one, "/cdn/zones/")) {
		t.Errorf("taken hostname = %s; want field and holder", a.text)
	}
	f.must(200, "PATCH", one, `{"hostnames":["c.example.com"]}`)
	f.must(200, "PATCH", two, `{"hostnames":["b.example.com","a.example.com"]}`)
	f.must(409, "PATCH", one, `{"name":"b.example.com"}`)
}

func TestOriginsOfAZone(t *testing.T) {
	f := start(t)
	z, first := f.zone("a.example.com")
	a := f.must(422, "POST", z+"/origins", `{"url":"https://b.test"}`)
	if a.codes() != "enabled:unsupported" {
		t.Errorf("second enabled origin = %s", a.codes())
	}
	a = f.must(422, "POST", z+"/origins", `{"url":"https://b.test","enabled":false,"id":4,"s3_bucket":"x","zz":1}`)
	if got, want := a.codes(), "id:read_only s3_bucket:bad_format zz:unknown_field"; got != want {
		t.Errorf("faults of a new origin = %q; want %q", got, want)
	}
	a = f.must(201, "POST", z+"/origins", `{"name":"b","url":"https://b.test","enabled":false}`)
	second := z + "/origins/" + a.str("uuid")
	if a.header.Get("Location") != second || a.at("id") != 2.0 || a.header.Get("ETag") == "" {
		t.Errorf("POST origin: %v %s", a.header, a.text)
	}
	a = f.must(422, "PATCH", second, `{"enabled":true}`)
	if a.codes() != "enabled:unsupported" {
		t.Errorf("enabling the second = %s", a.codes())
	}
	f.must(200, "PATCH", first, `{"enabled":false}`)
	if a = f.must(200, "GET", z, ""); a.warnings() != "no_origin" {
		t.Errorf("warnings without enabled origin = %q", a.warnings())
	}
	f.must(200, "PATCH", second, `{"enabled":true}`)
	a = f.must(422, "PATCH", first, `{"enabled":true}`)
	if a.codes() != "enabled:unsupported" {
		t.Errorf("enabling the first again = %s", a.codes())
	}
	a = f.must(200, "GET", z+"/origins?sort=-id&q=B.TEST", "")
	if a.at("total") != 1.0 || a.str("items.0.name") != "b" || a.header.Get("ETag") == "" {
		t.Errorf("filtered list = %s", a.text)
	}
	page := f.must(200, "GET", z+"/origins?limit=1", "")
	rest := f.must(200, "GET", z+"/origins?limit=1&cursor="+page.str("next_cursor"), "")
	if page.str("items.0.name") != "r2" || rest.str("items.0.name") != "b" || rest.at("next_cursor") != nil || rest.at("total") != 2.0 {
		t.Errorf("pages = %s %s", page.text, rest.text)
	}
	f.must(400, "GET", z+"/origins?limit=1&sort=name&cursor="+page.str("next_cursor"), "")
	f.must(204, "DELETE", first, "")
	f.must(404, "GET", first, "")
	if list := f.must(200, "GET", z+"/origins", ""); list.at("total") != 1.0 {
		t.Errorf("after a delete = %s", list.text)
	}
	err := f.store.View(t.Context(), func(r *store.Reader) error {
		credentials, err := r.Credentials()
		if len(credentials) != 0 {
			t.Errorf("%d credentials are left of a deleted origin", len(credentials))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWarnings(t *testing.T) {
	f := start(t)
	signed := `"s3_auth_enabled":true,"s3_access_key":"AKEXAMPLE","s3_secret_key":"` + secretOne + `"`
	tests := []struct{ name, zone, origin, want string }{
		{"plain", ``, `"url":"https://b.test"`, ""},
		{"plain http", ``, `"url":"http://b.test"`, "http_only"},
		{"plain http nearby", ``, `"url":"http://127.0.0.1:9000"`, ""},
		{"acknowledged", `"access":{"public_ack":true},`, `"url":"https://b.test","base_path":"/b",` + signed, ""},
		{"bucket in the URL", ``, `"url":"https://b.test",` + signed, "private_bucket_public_cache bucket_in_url_unrestricted"},
		{"bucket in the URL, limited", `"origin":{"allowed_prefixes":["/pub/"]},`, `"url":"https://b.test",` + signed, "private_bucket_public_cache"},
		{"bucket twice", ``, `"url":"https://b.test","s3_bucket":"media","base_path":"/media/x",` + signed, "private_bucket_public_cache bucket_twice"},
		{"bucket once", ``, `"url":"https://b.test","s3_bucket":"media","base_path":"/mediathek",` + signed, "private_bucket_public_cache"},
		{"not verified", ``, `"url":"https://b.test","tls_verify":false`, "tls_not_verified"},
		{"disabled", ``, `"url":"http://b.test","enabled":false`, "no_origin"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.must(201, "POST", "/cdn/zones", fmt.Sprintf(`{"hostnames":["w%d.example.com"],%s"origins":[{%s}]}`, i, tt.zone, tt.origin))
			if got := a.warnings(); got != tt.want {
				t.Errorf("warnings = %q; want %q", got, tt.want)
			}
		})
	}
}

func TestListZones(t *testing.T) {
	f := start(t)
	for _, n := range []string{"delta", "Alpha", "charlie", "bravo"} {
		f.must(201, "POST", "/cdn/zones", fmt.Sprintf(`{"name":%q,"hostnames":["%s.example.com"],"active":%v}`, n, strings.ToLower(n), n != "bravo"))
	}
	list := func(query string) string {
		t.Helper()
		var out []string
		cursor := ""
		for {
			a := f.must(200, "GET", "/cdn/zones?"+query+cursor, "")
			items := a.at("items").([]any)
			for _, z := range items {
				out = append(out, z.(map[string]any)["name"].(string))
			}
			if a.at("next_cursor") == nil {
				return strings.Join(out, " ")
			}
			cursor = "&cursor=" + a.str("next_cursor")
		}
	}
	tests := map[string]string{
		"":                             "delta Alpha charlie bravo",
		"sort=-created_at&limit=1":     "bravo charlie Alpha delta",
		"sort=name&limit=3":            "Alpha bravo charlie delta",
		"sort=-id&limit=2":             "bravo charlie Alpha delta",
		"q=A.EXAMPLE":                  "delta Alpha",
		"status=suspended":             "bravo",
		"status=active&limit=1":        "delta Alpha charlie",
		"hostname=Charlie.example.com": "charlie",
		"hostname=example.com":         "",
	}
	for _, query := range slices.Sorted(maps.Keys(tests)) {
		if got := list(query); got != tests[query] {
			t.Errorf("zones?%s = %q; want %q", query, got, tests[query])
		}
	}
}
