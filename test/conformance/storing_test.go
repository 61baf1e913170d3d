package conformance

import (
	"fmt"
	"strings"
)

// storing is about what forbids to store or to reuse (RFC 9111, 3 and 5.2.2),
// and incomplete answers.
func storing() []scenario {
	return join(prohibited(), fieldLists(), mustUnderstand(), authorized(), setCookie(), incomplete())
}

// prohibited has directives for the whole response.
func prohibited() []scenario {
	return join(
		twice("9111 5.2.2.5",
			row{"no-store", fetched, fields("Cache-Control: no-store")},
			row{"no-store after max-age", fetched, fields("Cache-Control: max-age=3600, no-store")},
			row{"no-store before max-age", fetched, fields("Cache-Control: no-store, max-age=3600")},
			row{"no-store beside Expires", fetched, fields("Cache-Control: no-store", "Expires: {now+3600}")},
			row{"no-store beside public and s-maxage", fetched, fields("Cache-Control: public, s-maxage=3600, no-store")},
		),
		twice("9111 5.2.2.7",
			row{"private", fetched, fields("Cache-Control: private")},
			row{"private after max-age", fetched, fields("Cache-Control: max-age=3600, private")},
			row{"private beside s-maxage", fetched, fields("Cache-Control: private, s-maxage=3600")},
			row{"private beside public", fetched, fields("Cache-Control: public, private, max-age=3600")},
			row{"private beside Expires", fetched, fields("Cache-Control: private", "Expires: {now+3600}")},
		),
		twice("9111 5.2.2.4",
			row{"no-cache without validator", fetched, fields("Cache-Control: no-cache")},
			row{"no-cache beside max-age", fetched, fields("Cache-Control: max-age=3600, no-cache")},
			row{"no-cache beside s-maxage", fetched, fields("Cache-Control: s-maxage=3600, no-cache")},
			row{"no-cache beside Expires", fetched, fields("Cache-Control: no-cache", "Expires: {now+3600}")},
			row{"no-cache in upper case", fetched, fields("Cache-Control: max-age=3600, NO-CACHE")},
		),
		[]scenario{
			{name: "no-cache is validated by ETag each time", rfc: "9111 5.2.2.4", steps: []step{
				{origin: with("Cache-Control: no-cache", `ETag: "a"`), from: fetched},
				{origin: says(304, `ETag: "a"`, "Cache-Control: no-cache"), from: validated, asks: []string{`If-None-Match: "a"`}},
				{origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`}},
			}},
			{name: "no-cache is validated by Last-Modified", rfc: "9111 5.2.2.4", steps: []step{
				{origin: with("Cache-Control: no-cache, max-age=3600", "Last-Modified: {now-864000}"), from: fetched},
				{origin: says(304, "Last-Modified: {now-864000}"), from: validated, asks: []string{"If-Modified-Since: {now-864000}"}},
			}},
			{name: "no-cache ends with what replaces it", rfc: "9111 5.2.2.4", steps: []step{
				{origin: with("Cache-Control: no-cache", `ETag: "a"`), from: fetched},
				{origin: with("Cache-Control: max-age=3600", `ETag: "b"`), from: fetched},
				{from: stored},
			}},
			{name: "no-store is not kept for validation", rfc: "9111 5.2.2.5", steps: []step{
				{origin: with("Cache-Control: no-store", `ETag: "a"`, "Last-Modified: {now-864000}"), from: fetched},
				{origin: with(), from: fetched, asks: []string{"!If-None-Match", "!If-Modified-Since"}},
			}},
			{name: "private is not kept for validation", rfc: "9111 5.2.2.7", steps: []step{
				{origin: with("Cache-Control: private, max-age=3600", `ETag: "a"`), from: fetched},
				{origin: with(), from: fetched, asks: []string{"!If-None-Match"}},
			}},
			{name: "no-store does not remove what is stored, and is not reused", rfc: "9111 5.2.2.5", steps: []step{
				{origin: with("Cache-Control: max-age=0", `ETag: "a"`), from: fetched},
				{origin: with("Cache-Control: no-store", `ETag: "b"`), from: fetched},
				{origin: with("Cache-Control: no-store"), from: anywhere},
			}},
			{name: "prohibitions pass to the viewer", rfc: "9110 7.7", steps: []step{
				{origin: with("Cache-Control: no-store, no-transform, xyz=1"), from: fetched, want: []string{"Cache-Control: no-store, no-transform, xyz=1"}},
			}},
		},
	)
}

// fieldLists store the response without some fields.
func fieldLists() []scenario {
	var cases []scenario
	for _, directive := range []struct{ name, rfc string }{{"private", "9111 5.2.2.7"}, {"no-cache", "9111 5.2.2.4"}} {
		for _, tt := range []struct{ name, list string }{
			{"one field", `"X-Own"`},
			{"lower case", `"x-own"`},
			{"several fields", `"X-Other, X-Own"`},
			{"several without blanks", `"X-Own,X-Other,X-Third"`},
			{"a field that is absent too", `"X-Absent, X-Own"`},
			{"a token", `X-Own`},
		} {
			cases = append(cases, scenario{name: directive.name + " with " + tt.name, rfc: directive.rfc, steps: []step{
				{origin: with("X-Own: secret", "X-Kept: yes", "Cache-Control: max-age=3600, "+directive.name+"="+tt.list), from: fetched, want: []string{"X-Own: secret"}},
				{from: stored, want: []string{"!X-Own", "X-Kept: yes"}},
			}})
		}
		cases = append(cases,
			scenario{name: directive.name + " with an absent field", rfc: directive.rfc, steps: []step{
				{origin: with("X-Kept: yes", "Cache-Control: max-age=3600, "+directive.name+`="X-Absent"`), from: fetched},
				{from: stored, want: []string{"X-Kept: yes"}},
			}},
			scenario{name: directive.name + " with Set-Cookie", rfc: directive.rfc, steps: []step{
				{origin: with("Set-Cookie: a=1", "Set-Cookie: b=2", "Cache-Control: max-age=3600, "+directive.name+`="set-cookie"`), from: fetched, want: []string{"Set-Cookie = 2"}},
				{from: stored, want: []string{"!Set-Cookie"}},
			}},
		)
	}
	return cases
}

// mustUnderstand has the directive with statuses that are known, and others.
func mustUnderstand() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name         string
		status       int
		cacheControl string
		second       source
	}{
		{"known status", 200, "must-understand, no-store, max-age=3600", stored},
		{"known status, other order", 200, "max-age=3600, no-store, must-understand", stored},
		{"known status in upper case", 200, "MUST-UNDERSTAND, no-store, max-age=3600", stored},
		{"known 301", 301, "must-understand, no-store, max-age=3600", stored},
		{"known 404", 404, "must-understand, no-store, max-age=3600", stored},
		{"known 410", 410, "must-understand, no-store, max-age=3600", stored},
		{"known status without no-store", 200, "must-understand, max-age=3600", stored},
		{"known status without lifetime", 200, "must-understand, no-store", fetched},
		{"known status, private", 200, "must-understand, no-store, private, max-age=3600", fetched},
		{"unknown 299", 299, "must-understand, no-store, max-age=3600", fetched},
		{"unknown 499", 499, "must-understand, no-store, max-age=3600", fetched},
		{"unknown 599", 599, "must-understand, no-store, max-age=3600", fetched},
		{"unknown 299 without no-store", 299, "must-understand, max-age=3600", fetched},
		{"unknown 599 without no-store", 599, "must-understand, max-age=3600", fetched},
		{"known status, and another name", 200, "must-understands, no-store, max-age=3600", fetched},
	} {
		cases = append(cases, scenario{name: "must-understand: " + tt.name, rfc: "9111 5.2.2.3", steps: []step{
			{origin: says(tt.status, "Cache-Control: "+tt.cacheControl), from: fetched},
			{origin: with(), from: tt.second},
		}})
	}
	return cases
}

// authorized has a first request with Authorization (RFC 9111, 3.5).
func authorized() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name   string
		second source
		fields []string
	}{
		{"max-age", fetched, fields("Cache-Control: max-age=3600")},
		{"Expires", fetched, fields("Expires: {now+3600}")},
		{"proxy-revalidate", fetched, fields("Cache-Control: max-age=3600, proxy-revalidate")},
		{"a heuristic", fetched, fields("Last-Modified: {now-864000}")},
		{"immutable", fetched, fields("Cache-Control: max-age=3600, immutable")},
		{"public", stored, fields("Cache-Control: max-age=3600, public")},
		{"public and Expires", stored, fields("Cache-Control: public", "Expires: {now+3600}")},
		{"s-maxage", stored, fields("Cache-Control: s-maxage=3600")},
		{"s-maxage over max-age", stored, fields("Cache-Control: s-maxage=3600, max-age=0")},
		{"must-revalidate", stored, fields("Cache-Control: max-age=3600, must-revalidate")},
		{"public and no-store", fetched, fields("Cache-Control: max-age=3600, public, no-store")},
		{"public and private", fetched, fields("Cache-Control: max-age=3600, public, private")},
	} {
		for _, second := range []struct {
			name string
			send []string
		}{{"then without", nil}, {"then with the same", fields("Authorization: Basic dTpw")}} {
			cases = append(cases, scenario{name: fmt.Sprintf("Authorization and %s, %s", tt.name, second.name), rfc: "9111 3.5", steps: []step{
				{send: fields("Authorization: Basic dTpw"), origin: with(tt.fields...), from: fetched, asks: []string{"Authorization: Basic dTpw"}},
				{send: second.send, origin: with(), from: tt.second},
			}})
		}
	}
	return cases
}

// setCookie never stops storing by itself (RFC 9111, 7.3).
func setCookie() []scenario {
	cases := join(
		twice("9111 7.3",
			row{"Set-Cookie and max-age", stored, fields("Cache-Control: max-age=3600", "Set-Cookie: a=1")},
			row{"Set-Cookie and s-maxage", stored, fields("Cache-Control: s-maxage=3600", "Set-Cookie: a=1")},
			row{"Set-Cookie and Expires", stored, fields("Expires: {now+3600}", "Set-Cookie: a=1")},
			row{"Set-Cookie and no lifetime", fetched, fields("Set-Cookie: a=1")},
		),
	)
	return append(cases,
		scenario{name: "Set-Cookie is kept", rfc: "9111 3.1", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Set-Cookie: a=1; Path=/; Expires={now+3600}"), from: fetched},
			{from: stored, want: []string{"Set-Cookie: a=1; Path=/; Expires={now+3600}"}},
		}},
		scenario{name: "Set-Cookie lines are kept apart", rfc: "9110 5.3", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Set-Cookie: a=1, 2", "X-Other: x", "Set-Cookie: b=3"), from: fetched, want: []string{"Set-Cookie = 2"}},
			{from: stored, want: []string{"Set-Cookie = 2", "Set-Cookie: a=1, 2, b=3"}},
		}},
		scenario{name: "Set-Cookie is stripped in some zones", rfc: "spec", zone: setCookieZone("strip"), steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Set-Cookie: a=1"), from: fetched, want: []string{"!Set-Cookie"}},
			{from: stored, want: []string{"!Set-Cookie"}},
		}},
		scenario{name: "Set-Cookie is not stored in some zones", rfc: "spec", zone: setCookieZone("bypass"), steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Set-Cookie: a=1"), from: fetched, want: []string{"Set-Cookie: a=1"}},
			{origin: with("Cache-Control: max-age=3600", "Set-Cookie: a=2"), from: fetched, want: []string{"Set-Cookie: a=2"}},
		}},
		scenario{name: "Cookie does not vary what is stored", rfc: "9111 4", steps: []step{
			{send: fields("Cookie: a=1"), origin: with("Cache-Control: max-age=3600"), from: fetched, asks: []string{"Cookie: a=1"}},
			{send: fields("Cookie: a=2"), from: stored},
		}},
	)
}

// setCookieZone is a zone with another way with Set-Cookie.
func setCookieZone(mode string) zone {
	return zone{name: "set-cookie-" + mode, settings: `{"cache": {"set_cookie": "` + mode + `"}}`}
}

// incomplete answers are never served as whole ones (RFC 9111, 3.3).
func incomplete() []scenario {
	long := strings.Repeat("0123456789", 1000)
	return []scenario{
		{name: "body shorter than its Content-Length", rfc: "9111 3.3", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: long, fault: short}}, from: fetched, cut: true},
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: long}}, from: fetched},
			{from: stored},
		}},
		{name: "chunked body without its end", rfc: "9111 3.3", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: long, chunked: true, fault: short}}, from: fetched, cut: true},
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: long, chunked: true}}, from: fetched},
			{from: stored},
		}},
		{name: "whole chunked body", rfc: "9111 3.3", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), chunked: true}}, from: fetched},
			{from: stored, want: []string{"Content-Length", "!Transfer-Encoding"}},
		}},
		{name: "empty body", rfc: "9111 3", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), empty: true}}, from: fetched, want: []string{"Content-Length: 0"}},
			{from: stored, want: []string{"Content-Length: 0"}},
		}},
	}
}
