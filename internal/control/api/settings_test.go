package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const plainOrigin = `{"name":"web","url":"https://www.example.com"}`

// All settings at once come back as they were sent, at once and from the
// store, and what is read can be sent back.
func TestSettingsRoundTrip(t *testing.T) {
	f := start(t)
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[`+plainOrigin+`],
		"origin":{"forward_query":{"mode":"listed","names":["v","größe"]}},
		"cache":{"override_ttl":{"404":60,"any":5},"min_ttl":1,"max_ttl":100,"browser_ttl":0,"stale_if_error":9,"stale_on":["timeout","http_500"],
			"stale_while_revalidate":30,"query":{"mode":"only","names":["größe","v","w"]},"key":{"scheme":true,"headers":["X-Device"]},
			"set_cookie":"strip","cookies":{"key":["lang"]},"tag_headers":["X-Tag"],"heuristic":false,"request_directives":"honor"},
		"delivery":{"allowed_methods":["*"]}}`)
	want := map[string]any{
		"origin.forward_query": map[string]any{"mode": "listed", "names": []any{"v", "größe"}},
		"cache.override_ttl":   map[string]any{"404": 60.0, "any": 5.0},
		"cache.query":          map[string]any{"mode": "only", "names": []any{"größe", "v", "w"}, "sort": true},
		"cache.key":            map[string]any{"scheme": true, "host": false, "headers": []any{"X-Device"}},
		"cache.cookies":        map[string]any{"key": []any{"lang"}},
		"cache.stale_on":       []any{"timeout", "http_500"},
		"cache.max_ttl":        100.0, "cache.browser_ttl": 0.0,
		"delivery.allowed_methods": []any{"*"},
	}
	z := "/cdn/zones/" + a.str("uuid")
	read := f.must(200, "GET", z, "")
	for path, v := range want {
		if d := cmp.Diff(v, read.at(path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	same := f.must(200, "PATCH", z, read.text)
	if d := cmp.Diff(read.body, same.body); d != "" {
		t.Errorf("a zone sent back as it was read (-before +after):\n%s", d)
	}
}

// Objects merge member by member; null takes one member out (RFC 7396).
func TestSettingsMerge(t *testing.T) {
	f := start(t)
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"]}`)
	z := "/cdn/zones/" + a.str("uuid")
	steps := []struct {
		name, body, path string
		want             any
	}{
		{"first override", `{"cache":{"override_ttl":{"404":60}}}`, "cache.override_ttl", map[string]any{"404": 60.0}},
		{"second override", `{"cache":{"override_ttl":{"any":5}}}`, "cache.override_ttl", map[string]any{"404": 60.0, "any": 5.0}},
		{"change and removal", `{"cache":{"override_ttl":{"404":null,"any":6,"500":null}}}`, "cache.override_ttl", map[string]any{"any": 6.0}},
		{"no override changed", `{"cache":{"override_ttl":{}}}`, "cache.override_ttl", map[string]any{"any": 6.0}},
		{"no override left", `{"cache":{"override_ttl":{"any":null}}}`, "cache.override_ttl", map[string]any{}},
		{"key part", `{"cache":{"key":{"host":true}}}`, "cache.key", map[string]any{"scheme": false, "host": true, "headers": []any{}}},
		{"another key part", `{"cache":{"key":{"headers":["X-A"],"scheme":null}}}`, "cache.key", map[string]any{"scheme": false, "host": true, "headers": []any{"X-A"}}},
		{"cookies by name", `{"cache":{"cookies":{"key":["a","b"]}}}`, "cache.cookies", map[string]any{"key": []any{"a", "b"}}},
		{"cookies by other names", `{"cache":{"cookies":{"key":["c"]}}}`, "cache.cookies", map[string]any{"key": []any{"c"}}},
		{"cookies", `{"cache":{"cookies":"forward"}}`, "cache.cookies", "forward"},

		// Sorting follows the mode until it is told otherwise; names of
		// another mode go with it.
		{"query by names", `{"cache":{"query":{"mode":"only","names":["v"]}}}`, "cache.query", map[string]any{"mode": "only", "names": []any{"v"}, "sort": true}},
		{"query by other names", `{"cache":{"query":{"names":["w"]}}}`, "cache.query", map[string]any{"mode": "only", "names": []any{"w"}, "sort": true}},
		{"query except names", `{"cache":{"query":{"mode":"except"}}}`, "cache.query", map[string]any{"mode": "except", "names": []any{"w"}, "sort": true}},
		{"whole query", `{"cache":{"query":{"mode":"all"}}}`, "cache.query", map[string]any{"mode": "all", "names": []any{}, "sort": false}},
		{"whole query, sorted", `{"cache":{"query":{"sort":true}}}`, "cache.query", map[string]any{"mode": "all", "names": []any{}, "sort": true}},
		{"default query", `{"cache":{"query":null}}`, "cache.query", map[string]any{"mode": "auto", "names": []any{}, "sort": false}},
		{"forwarded names", `{"origin":{"forward_query":{"mode":"listed","names":["v"]}}}`, "origin.forward_query", map[string]any{"mode": "listed", "names": []any{"v"}}},
		{"nothing forwarded", `{"origin":{"forward_query":{"mode":"none"}}}`, "origin.forward_query", map[string]any{"mode": "none", "names": []any{}}},
	}
	for _, tt := range steps {
		got := f.must(200, "PATCH", z, tt.body)
		if d := cmp.Diff(tt.want, got.at(tt.path)); d != "" {
			t.Errorf("%s: PATCH %s: %s (-want +got):\n%s", tt.name, tt.body, tt.path, d)
		}
	}
}

func TestBadSettings(t *testing.T) {
	f := start(t)
	fifty := strings.Repeat(`"n",`, 50)
	tests := []struct{ name, settings, faults string }{
		{"wrong types", `"cache":{"enabled":1,"override_ttl":[],"min_ttl":"0","max_ttl":1.5,"browser_ttl":true,"heuristic":"no","stale_if_error":{},
			"stale_on":"error","stale_while_revalidate":[],"query":"all","key":true,"set_cookie":1,"cookies":5,"authorization":false,
			"request_directives":0,"tag_headers":"X"},"origin":{"forward_query":"all"},"delivery":{"allowed_methods":"GET"}`,
			"cache.authorization:bad_enum cache.browser_ttl:bad_type cache.cookies:bad_enum cache.enabled:bad_type cache.heuristic:bad_type " +
				"cache.key:bad_type cache.max_ttl:bad_type cache.min_ttl:bad_type cache.override_ttl:bad_type cache.query:bad_type " +
				"cache.request_directives:bad_enum cache.set_cookie:bad_enum cache.stale_if_error:bad_type " +
				"cache.stale_on:bad_type cache.stale_while_revalidate:bad_type cache.tag_headers:bad_type " +
				"delivery.allowed_methods:bad_type origin.forward_query:bad_type"},
		{"below", `"cache":{"override_ttl":{"404":-1},"min_ttl":-1,"max_ttl":-1,"browser_ttl":-1,"stale_if_error":-1,"stale_while_revalidate":-1}`,
			"cache.browser_ttl:out_of_range cache.max_ttl:out_of_range cache.min_ttl:out_of_range cache.override_ttl.404:out_of_range " +
				"cache.stale_if_error:out_of_range cache.stale_while_revalidate:out_of_range"},
		{"above", `"cache":{"override_ttl":{"any":31536001},"min_ttl":31536001,"max_ttl":31536001,"browser_ttl":31536001,"stale_if_error":31536001,
			"stale_while_revalidate":86401}`,
			"cache.browser_ttl:out_of_range cache.max_ttl:out_of_range cache.min_ttl:out_of_range cache.override_ttl.any:out_of_range " +
				"cache.stale_if_error:out_of_range cache.stale_while_revalidate:out_of_range"},
		{"words", `"cache":{"stale_on":["error","http_501"],"query":{"mode":"listed"},"set_cookie":"keep","cookies":"keep","authorization":"RFC","request_directives":"obey"},
			"origin":{"forward_query":{"mode":"only"}},"delivery":{"allowed_methods":["GET","HEAD","get"]}`,
			"cache.authorization:bad_enum cache.cookies:bad_enum cache.query.mode:bad_enum cache.request_directives:bad_enum cache.set_cookie:bad_enum " +
				"cache.stale_on.1:bad_enum delivery.allowed_methods.2:bad_enum origin.forward_query.mode:bad_enum"},
		{"status", `"cache":{"override_ttl":{"4xx":1,"99":1,"200":1.5,"201":"1"}}`,
			"cache.override_ttl.200:bad_type cache.override_ttl.201:bad_type cache.override_ttl.4xx:bad_format cache.override_ttl.99:bad_format"},
		{"unknown members", `"cache":{"query":{"modes":1},"key":{"path":true},"cookies":{"names":["a"]}},"origin":{"forward_query":{"only":[]}}`,
			"cache.cookies.key:required cache.key.path:unknown_field cache.query.modes:unknown_field origin.forward_query.only:unknown_field"},
		{"bounds crossed", `"cache":{"min_ttl":61,"max_ttl":60}`, "cache.min_ttl:out_of_range"},
		{"too many", `"cache":{"query":{"mode":"only","names":[` + fifty + `"n"]},"key":{"headers":["a","b","c","d","e","f"]},
			"tag_headers":["a","b","c","d","e","f","g","h","i","j","k"]},"origin":{"forward_query":{"mode":"listed","names":[` + fifty + `"n"]}}`,
			"cache.key.headers:too_many cache.query.names:too_many cache.tag_headers:too_many origin.forward_query.names:too_many"},
		{"too many cookies", `"cache":{"cookies":{"key":["a","b","c","d","e","f","g","h","i","j","k"]}}`, "cache.cookies.key:too_many"},
		{"names", `"cache":{"query":{"mode":"only","names":["","v","v"]},"key":{"headers":["Cookie","authorization","X A"]},"cookies":{"key":["a=b"]},"tag_headers":["X:"]}`,
			"cache.cookies.key.0:bad_format cache.key.headers.0:bad_format cache.key.headers.1:bad_format cache.key.headers.2:bad_format " +
				"cache.query.names.0:bad_format cache.query.names.2:duplicate cache.tag_headers.0:bad_format"},
		{"no names", `"cache":{"query":{"mode":"except"},"cookies":{"key":[]}},"origin":{"forward_query":{"mode":"listed"}}`,
			"cache.cookies.key:required cache.query.names:required origin.forward_query.names:required"},
		{"idle names", `"cache":{"query":{"names":["v"]}},"origin":{"forward_query":{"mode":"all","names":["v"]}}`,
			"cache.query.names:exclusive origin.forward_query.names:exclusive"},
		{"methods", `"delivery":{"allowed_methods":["GET"]}`, "delivery.allowed_methods:required"},
		{"any method and more", `"delivery":{"allowed_methods":["*","GET"]}`, "delivery.allowed_methods:exclusive"},
		{"key without what is sent", `"cache":{"query":{"mode":"except","names":["v"]}},"origin":{"forward_query":{"mode":"listed","names":["v"]}}`, "cache.query:exclusive"},
		{"signed with everything forbidden", `"cache":{"cookies":"forward"},"delivery":{"allowed_methods":["*"]},"origin":{"forward_query":{"mode":"all"}},"origins":[` + privateOrigin + `]`,
			"cache.cookies:exclusive delivery.allowed_methods:exclusive origin.forward_query.mode:exclusive"},
		{"signed and a command", `"origin":{"forward_query":{"mode":"listed","names":["versionId","response-content-type"]}},"origins":[` + privateOrigin + `]`,
			"origin.forward_query.names.1:exclusive"},
		{"plain with everything forbidden", `"cache":{"authorization":"ignore","query":{"mode":"none"}},"origins":[` + plainOrigin + `]`,
			"cache.authorization:exclusive cache.query.mode:exclusive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do("POST", "/cdn/zones", `{"hostnames":["a.example.com"],`+tt.settings+`}`)
			if a.status != 422 || a.codes() != tt.faults {
				t.Errorf("POST %s\n got %d %q\nwant 422 %q\n%s", tt.settings, a.status, a.codes(), tt.faults, a.text)
			}
		})
	}
}

// Neither side can be changed so that zone and origin contradict each other.
func TestConflicts(t *testing.T) {
	tests := []struct{ name, origin, settings, field string }{
		{"any method", plainOrigin, `{"delivery":{"allowed_methods":["*"]}}`, "delivery.allowed_methods"},
		{"cookies", plainOrigin, `{"cache":{"cookies":{"key":["a"]}}}`, "cache.cookies"},
		{"whole query", plainOrigin, `{"origin":{"forward_query":{"mode":"all"}}}`, "origin.forward_query.mode"},
		{"authorization", privateOrigin, `{"cache":{"authorization":"ignore"}}`, "cache.authorization"},
		{"key without query", privateOrigin, `{"cache":{"query":{"mode":"none"}}}`, "cache.query.mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t)
			other, change := privateOrigin, `{"s3_auth_enabled":true,"s3_access_key":"AKEXAMPLE","s3_secret_key":"`+secretOne+`"}`
			if tt.origin == privateOrigin {
				other, change = plainOrigin, `{"s3_auth_enabled":false}`
			}
			z := "/cdn/zones/" + f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[`+tt.origin+`]}`).str("uuid")
			o := z + "/origins/" + f.must(200, "GET", z, "").str("origins.0.uuid")
			f.must(200, "PATCH", z, tt.settings)

			second := strings.Replace(other, `{`, `{"enabled":false,`, 1)
			if a := f.do("POST", z+"/origins", second); a.status != 422 || a.codes() != "auth_type:exclusive" || !strings.Contains(a.text, tt.field) {
				t.Errorf("adding the other kind of origin = %d %s; want 422 auth_type:exclusive naming %s", a.status, a.text, tt.field)
			}
			if a := f.do("PATCH", o, change); a.status != 422 || a.codes() != "auth_type:exclusive" {
				t.Errorf("changing the origin = %d %s; want 422 auth_type:exclusive", a.status, a.text)
			}
			f.must(200, "PATCH", o, `{"max_connections":7}`) // what has nothing to do with it goes on

			f.must(200, "PATCH", z, `{"cache":null,"delivery":null,"origin":null}`)
			f.must(201, "POST", z+"/origins", second)
			a := f.do("PATCH", z, tt.settings)
			if a.status != 422 || a.codes() != tt.field+":exclusive" || a.str("hint") == "" {
				t.Errorf("PATCH %s beside the origin = %d %s; want 422 %s:exclusive", tt.settings, a.status, a.text, tt.field)
			}
		})
	}
}
