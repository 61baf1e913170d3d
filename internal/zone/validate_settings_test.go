package zone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names returns n different names.
func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("n%d", i)
	}
	return out
}

func TestSettingsValidate(t *testing.T) {
	sec := ptr[int64]
	tests := []struct {
		name   string
		change func(*Zone)
		want   []string
	}{
		{name: "lifetimes at their lowest", change: func(z *Zone) {
			z.Cache.MinTTL, z.Cache.MaxTTL, z.Cache.BrowserTTL, z.Cache.OverrideTTL = 0, sec(0), sec(0), map[string]int64{"200": 0, "any": 0}
			z.Cache.StaleIfError, z.Cache.StaleWhileRevalidate, z.Cache.Share = 0, 0, 1
		}},
		{name: "lifetimes at their highest", change: func(z *Zone) {
			z.Cache.MinTTL, z.Cache.MaxTTL, z.Cache.BrowserTTL, z.Cache.OverrideTTL = 31_536_000, sec(31_536_000), sec(31_536_000), map[string]int64{"599": 31_536_000}
			z.Cache.StaleIfError, z.Cache.StaleWhileRevalidate, z.Cache.Share = 31_536_000, 86_400, 10_000
		}},
		{name: "lifetimes below", change: func(z *Zone) {
			z.Cache.MinTTL, z.Cache.MaxTTL, z.Cache.BrowserTTL, z.Cache.OverrideTTL = -1, sec(-1), sec(-1), map[string]int64{"200": -1, "any": -1}
			z.Cache.StaleIfError, z.Cache.StaleWhileRevalidate, z.Cache.Share = -1, -1, 0
		}, want: []string{"cache.override_ttl.200 out_of_range", "cache.override_ttl.any out_of_range", "cache.min_ttl out_of_range",
			"cache.max_ttl out_of_range", "cache.browser_ttl out_of_range", "cache.stale_if_error out_of_range",
			"cache.stale_while_revalidate out_of_range", "cache.share out_of_range"}},
		{name: "lifetimes above", change: func(z *Zone) {
			z.Cache.MinTTL, z.Cache.MaxTTL, z.Cache.BrowserTTL, z.Cache.OverrideTTL = 31_536_001, sec(31_536_001), sec(31_536_001), map[string]int64{"200": 31_536_001}
			z.Cache.StaleIfError, z.Cache.StaleWhileRevalidate, z.Cache.Share = 31_536_001, 86_401, 10_001
		}, want: []string{"cache.override_ttl.200 out_of_range", "cache.min_ttl out_of_range", "cache.max_ttl out_of_range",
			"cache.browser_ttl out_of_range", "cache.stale_if_error out_of_range",
			"cache.stale_while_revalidate out_of_range", "cache.share out_of_range"}},
		{name: "equal bounds", change: func(z *Zone) { z.Cache.MinTTL, z.Cache.MaxTTL = 60, sec(60) }},
		{name: "crossed bounds", change: func(z *Zone) { z.Cache.MinTTL, z.Cache.MaxTTL = 61, sec(60) }, want: []string{"cache.min_ttl out_of_range"}},
		{name: "statuses", change: func(z *Zone) {
			z.Cache.OverrideTTL = map[string]int64{"199": 1, "600": 1, "4xx": 1, "": 1, "0404": 1, "Any": 1, "+404": 1, "404": 1, "any": 1}
		}, want: []string{"cache.override_ttl. bad_format", "cache.override_ttl.+404 bad_format", "cache.override_ttl.0404 bad_format",
			"cache.override_ttl.199 bad_format", "cache.override_ttl.4xx bad_format", "cache.override_ttl.600 bad_format", "cache.override_ttl.Any bad_format"}},

		{name: "stale on everything", change: func(z *Zone) { z.Cache.StaleOn = StaleConditions() }},
		{name: "stale on nothing", change: func(z *Zone) { z.Cache.StaleOn = nil }},
		{name: "stale on", change: func(z *Zone) { z.Cache.StaleOn = []string{"error", "http_501", "error", ""} },
			want: []string{"cache.stale_on.1 bad_enum", "cache.stale_on.2 duplicate", "cache.stale_on.3 bad_enum"}},

		{name: "query by names", change: func(z *Zone) { z.Cache.Query = QueryKey{Mode: QueryOnly, Names: names(50)} }},
		{name: "query without names", change: func(z *Zone) { z.Cache.Query.Mode = QueryExcept }, want: []string{"cache.query.names required"}},
		{name: "query with idle names", change: func(z *Zone) { z.Cache.Query.Names = []string{"v"} }, want: []string{"cache.query.names exclusive"}},
		{name: "query of too many names", change: func(z *Zone) { z.Cache.Query = QueryKey{Mode: QueryOnly, Names: names(51)} }, want: []string{"cache.query.names too_many"}},
		{name: "query names", change: func(z *Zone) {
			z.Cache.Query = QueryKey{Mode: QueryOnly, Names: []string{"", "a b", "größe", "A b", "a b", "c\n", strings.Repeat("ü", 255), strings.Repeat("ü", 256)}}
		}, want: []string{"cache.query.names.0 bad_format", "cache.query.names.4 duplicate", "cache.query.names.5 bad_format", "cache.query.names.7 bad_format"}},
		{name: "query mode", change: func(z *Zone) { z.Cache.Query.Mode = "listed" }, want: []string{"cache.query.mode bad_enum", "cache.query.names required"}},
		{name: "forwarded names", change: func(z *Zone) { z.Origin.ForwardQuery = ForwardQuery{Mode: QueryListed, Names: names(50)} }},
		{name: "too many forwarded names", change: func(z *Zone) { z.Origin.ForwardQuery = ForwardQuery{Mode: QueryListed, Names: names(51)} },
			want: []string{"origin.forward_query.names too_many"}},
		{name: "no forwarded names", change: func(z *Zone) { z.Origin.ForwardQuery.Mode = QueryListed }, want: []string{"origin.forward_query.names required"}},
		{name: "idle forwarded names", change: func(z *Zone) { z.Origin.ForwardQuery.Names = []string{"v"} }, want: []string{"origin.forward_query.names exclusive"}},
		{name: "forward mode", change: func(z *Zone) { z.Origin.ForwardQuery.Mode = "only" },
			want: []string{"origin.forward_query.mode bad_enum", "origin.forward_query.names required"}},

		{name: "key headers", change: func(z *Zone) { z.Cache.Key.Headers = []string{"X-A", "X-B", "Accept-Language", "x.d", "E"} }},
		{name: "bad key headers", change: func(z *Zone) {
			z.Cache.Key.Headers = []string{"X-A", "x-a", "X A", "", "cookie"}
		}, want: []string{"cache.key.headers.1 duplicate", "cache.key.headers.2 bad_format", "cache.key.headers.3 bad_format", "cache.key.headers.4 bad_format"}},
		{name: "too many key headers", change: func(z *Zone) { z.Cache.Key.Headers = append(names(5), "Authorization") },
			want: []string{"cache.key.headers too_many", "cache.key.headers.5 bad_format"}},
		{name: "tag headers", change: func(z *Zone) { z.Cache.TagHeaders = names(10) }},
		{name: "no tag headers", change: func(z *Zone) { z.Cache.TagHeaders = nil }},
		{name: "bad tag headers", change: func(z *Zone) { z.Cache.TagHeaders = []string{"Cache-Tag", "cache-tag", "a:b"} },
			want: []string{"cache.tag_headers.1 duplicate", "cache.tag_headers.2 bad_format"}},
		{name: "too many tag headers", change: func(z *Zone) { z.Cache.TagHeaders = names(11) }, want: []string{"cache.tag_headers too_many"}},

		{name: "cookies", change: func(z *Zone) { z.Cache.Cookies = CookiePolicy{Mode: CookiesKey, Names: names(10)} }},
		{name: "no cookies", change: func(z *Zone) { z.Cache.Cookies.Mode = CookiesKey }, want: []string{"cache.cookies.key required"}},
		{name: "too many cookies", change: func(z *Zone) { z.Cache.Cookies = CookiePolicy{Mode: CookiesKey, Names: names(11)} }, want: []string{"cache.cookies.key too_many"}},
		{name: "bad cookies", change: func(z *Zone) { z.Cache.Cookies = CookiePolicy{Mode: CookiesKey, Names: []string{"a", "A", "a", "b=c"}} },
			want: []string{"cache.cookies.key.2 duplicate", "cache.cookies.key.3 bad_format"}},
		{name: "cookie mode", change: func(z *Zone) { z.Cache.Cookies.Mode = "keep" }, want: []string{"cache.cookies bad_enum"}},
		{name: "words", change: func(z *Zone) {
			z.Cache.SetCookie, z.Cache.Authorization, z.Cache.RequestDirectives = "keep", "RFC", "obey"
		},
			want: []string{"cache.set_cookie bad_enum", "cache.authorization bad_enum", "cache.request_directives bad_enum"}},

		{name: "methods with OPTIONS", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"GET", "HEAD", "OPTIONS"} }},
		{name: "any method", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"*"} }},
		{name: "any and more", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"GET", "HEAD", "*"} }, want: []string{"delivery.allowed_methods exclusive"}},
		{name: "GET alone", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"GET"} }, want: []string{"delivery.allowed_methods required"}},
		{name: "no methods", change: func(z *Zone) { z.Delivery.AllowedMethods = nil }, want: []string{"delivery.allowed_methods required"}},
		{name: "bad methods", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"GET", "HEAD", "POST", "get", "HEAD"} },
			want: []string{"delivery.allowed_methods.2 bad_enum", "delivery.allowed_methods.3 bad_enum", "delivery.allowed_methods.4 duplicate"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := Default()
			z.Name, z.Hostnames = "media", []string{"cdn.example.com"}
			tt.change(&z)
			if d := cmp.Diff(tt.want, summary(z.Validate())); d != "" {
				t.Errorf("Validate() (-want +got):\n%s", d)
			}
		})
	}
}

func TestCanonicalizeSettings(t *testing.T) {
	z := Default()
	z.Cache.Query = QueryKey{Mode: QueryOnly, Names: []string{"v"}, Sort: ptr(true)}
	z.Delivery.AllowedMethods = []string{"OPTIONS", "HEAD", "GET"}
	z.Canonicalize()
	if z.Cache.Query.Sort != nil {
		t.Error("a sort that the mode has anyway is kept")
	}
	if d := cmp.Diff([]string{"GET", "HEAD", "OPTIONS"}, z.Delivery.AllowedMethods); d != "" {
		t.Errorf("methods (-want +got):\n%s", d)
	}
	// Faults name their place in the list as it was sent.
	z.Delivery.AllowedMethods = []string{"HEAD", "GET", "PUT"}
	z.Canonicalize()
	if d := cmp.Diff([]string{"HEAD", "GET", "PUT"}, z.Delivery.AllowedMethods); d != "" {
		t.Errorf("wrong methods (-want +got):\n%s", d)
	}
}
