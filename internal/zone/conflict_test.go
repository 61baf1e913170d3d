package zone

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is sent is in the key.
func TestKeyCovers(t *testing.T) {
	forward := map[string]ForwardQuery{
		"auto": {Mode: QueryAuto}, "none": {Mode: QueryNone}, "all": {Mode: QueryAll},
		"v": {Mode: QueryListed, Names: []string{"v"}}, "v w": {Mode: QueryListed, Names: []string{"v", "w"}},
	}
	key := map[string]QueryKey{
		"auto": {Mode: QueryAuto}, "none": {Mode: QueryNone}, "all": {Mode: QueryAll},
		"only v": {Mode: QueryOnly, Names: []string{"v"}}, "only w v u": {Mode: QueryOnly, Names: []string{"w", "v", "u"}},
		"except v": {Mode: QueryExcept, Names: []string{"v"}}, "except x": {Mode: QueryExcept, Names: []string{"x"}},
	}
	refused := map[string][]string{ // by what is forwarded
		"all": {"none", "only v", "only w v u", "except v", "except x"},
		"v":   {"none", "except v"},
		"v w": {"none", "only v", "except v"},
	}
	for fname, f := range forward {
		for kname, k := range key {
			z := Default()
			z.Name, z.Hostnames = "media", []string{"cdn.example.com"}
			z.Origin.ForwardQuery, z.Cache.Query = f, k
			var want []string
			if slices.Contains(refused[fname], kname) {
				want = []string{"cache.query exclusive"}
				if f.Mode == QueryAll {
					want = []string{"cache.query.mode exclusive"}
				}
			}
			if d := cmp.Diff(want, summary(z.Validate())); d != "" {
				t.Errorf("forward %s, key %s: Validate() (-want +got):\n%s", fname, kname, d)
			}
		}
	}
}

func TestConflicts(t *testing.T) {
	origin := func(name, auth, provider string) Origin {
		o := DefaultOrigin()
		o.Name, o.Auth, o.Provider, o.Enabled = name, auth, provider, name != "off"
		return o
	}
	bucket, web := origin("bucket", AuthSigV4, "aws"), origin("web", AuthNone, "web")
	tests := []struct {
		name    string
		change  func(*Zone)
		origins []Origin
		want    []string // of the zone
		byLast  int      // faults of the last origin
	}{
		{name: "defaults, signed", change: func(*Zone) {}, origins: []Origin{bucket}},
		{name: "defaults, plain", change: func(*Zone) {}, origins: []Origin{web}},
		{name: "defaults, both", change: func(*Zone) {}, origins: []Origin{web, bucket}},

		{name: "any method, no origin", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"*"} }},
		{name: "any method, plain", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"*"} }, origins: []Origin{web}},
		{name: "any method, one signed", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"*"} }, origins: []Origin{web, bucket},
			want: []string{"delivery.allowed_methods exclusive"}, byLast: 1},
		{name: "any method, a disabled one signed", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"*"} },
			origins: []Origin{origin("off", AuthSigV4, "aws"), web}, want: []string{"delivery.allowed_methods exclusive"}},
		{name: "OPTIONS, signed", change: func(z *Zone) { z.Delivery.AllowedMethods = []string{"GET", "HEAD", "OPTIONS"} }, origins: []Origin{bucket}},

		{name: "cookies forwarded, plain", change: func(z *Zone) { z.Cache.Cookies.Mode = CookiesForward }, origins: []Origin{web}},
		{name: "cookies forwarded, signed", change: func(z *Zone) { z.Cache.Cookies.Mode = CookiesForward }, origins: []Origin{bucket},
			want: []string{"cache.cookies exclusive"}, byLast: 1},
		{name: "cookies in the key, signed", change: func(z *Zone) { z.Cache.Cookies = CookiePolicy{Mode: CookiesKey, Names: []string{"a"}} }, origins: []Origin{bucket},
			want: []string{"cache.cookies exclusive"}, byLast: 1},
		{name: "cookies stripped", change: func(z *Zone) { z.Cache.Cookies.Mode = CookiesStrip }, origins: []Origin{bucket, web}},

		{name: "authorization ignored, no origin", change: func(z *Zone) { z.Cache.Authorization = AuthorizationIgnore }},
		{name: "authorization ignored, signed", change: func(z *Zone) { z.Cache.Authorization = AuthorizationIgnore }, origins: []Origin{bucket, bucket}},
		{name: "authorization ignored, one plain", change: func(z *Zone) { z.Cache.Authorization = AuthorizationIgnore }, origins: []Origin{bucket, web},
			want: []string{"cache.authorization exclusive"}, byLast: 1},

		{name: "whole query, signed", change: func(z *Zone) { z.Origin.ForwardQuery.Mode = QueryAll }, origins: []Origin{bucket},
			want: []string{"origin.forward_query.mode exclusive"}, byLast: 1},
		{name: "whole query, plain", change: func(z *Zone) { z.Origin.ForwardQuery.Mode = QueryAll }, origins: []Origin{web}},
		{name: "version, signed", change: func(z *Zone) { z.Origin.ForwardQuery = ForwardQuery{QueryListed, []string{"versionId"}} }, origins: []Origin{bucket}},
		{name: "other parameters, signed", change: func(z *Zone) {
			z.Origin.ForwardQuery = ForwardQuery{QueryListed, []string{"versionId", "versionid", "response-content-type", "acl", "x-oss-process"}}
		}, origins: []Origin{bucket}, byLast: 4,
			want: []string{"origin.forward_query.names.1 exclusive", "origin.forward_query.names.2 exclusive",
				"origin.forward_query.names.3 exclusive", "origin.forward_query.names.4 exclusive"}},
		{name: "parameter of one provider", change: func(z *Zone) { z.Origin.ForwardQuery = ForwardQuery{QueryListed, []string{"x-oss-process"}} },
			origins: []Origin{origin("oss", authOSSV4, "oss")}},
		{name: "other parameters, plain", change: func(z *Zone) { z.Origin.ForwardQuery = ForwardQuery{QueryListed, []string{"acl"}} }, origins: []Origin{web}},

		{name: "key without query, signed", change: func(z *Zone) { z.Cache.Query.Mode = QueryNone }, origins: []Origin{bucket}},
		{name: "key without query, plain", change: func(z *Zone) { z.Cache.Query.Mode = QueryNone }, origins: []Origin{bucket, web, web},
			want: []string{"cache.query.mode exclusive"}, byLast: 1},
		{name: "key without query, plain, none sent", change: func(z *Zone) { z.Cache.Query.Mode, z.Origin.ForwardQuery.Mode = QueryNone, QueryNone }, origins: []Origin{web}},
		{name: "key with some, plain", change: func(z *Zone) { z.Cache.Query = QueryKey{Mode: QueryExcept, Names: []string{"utm_source"}} }, origins: []Origin{web},
			want: []string{"cache.query.mode exclusive"}, byLast: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := Default()
			tt.change(&z)
			faults := z.ValidateWith(&Group{Origins: tt.origins})
			if d := cmp.Diff(tt.want, summary(faults)); d != "" {
				t.Errorf("ValidateWith() (-want +got):\n%s", d)
			}
			for _, f := range faults {
				if !strings.Contains(f.Message, ": origin ") {
					t.Errorf("message %q names no origin", f.Message)
				}
			}
			if len(tt.origins) == 0 {
				return
			}
			got := summary(z.ValidateOrigin(&tt.origins[len(tt.origins)-1]))
			if d := cmp.Diff(slices.Repeat([]string{"auth_type exclusive"}, tt.byLast), append([]string{}, got...)); d != "" {
				t.Errorf("ValidateOrigin() (-want +got):\n%s", d)
			}
		})
	}
}
