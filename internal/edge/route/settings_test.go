package route

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/zone"
)

func TestCompileQuery(t *testing.T) {
	sorted := true
	all := flow.Pick{Mode: zone.QueryAll}
	tests := []struct {
		name    string
		origin  zone.Origin
		forward zone.ForwardQuery
		key     zone.QueryKey
		want    flow.QueryPolicy
	}{
		{name: "signed", origin: bucket("b"), want: flow.QueryPolicy{Strict: true}},
		{name: "plain", origin: plain("w"), want: flow.QueryPolicy{Send: all}},
		{name: "signed, in the key", origin: bucket("b"), key: zone.QueryKey{Mode: zone.QueryAll}, want: flow.QueryPolicy{Strict: true, Key: all}},
		{name: "plain, in the key", origin: plain("w"), key: zone.QueryKey{Mode: zone.QueryAll}, want: flow.QueryPolicy{Send: all}},
		{name: "plain, sorted", origin: plain("w"), key: zone.QueryKey{Mode: zone.QueryAuto, Sort: &sorted}, want: flow.QueryPolicy{Send: all, Sort: true}},
		{name: "signed, version", origin: bucket("b"), forward: zone.ForwardQuery{Mode: zone.QueryListed, Names: []string{"versionId"}},
			want: flow.QueryPolicy{Strict: true, Send: flow.Pick{Mode: zone.QueryListed, Names: []string{"versionId"}}}},
		{name: "plain, none", origin: plain("w"), forward: zone.ForwardQuery{Mode: zone.QueryNone}, want: flow.QueryPolicy{}},
		{name: "plain, none sent but in the key", origin: plain("w"), forward: zone.ForwardQuery{Mode: zone.QueryNone}, key: zone.QueryKey{Mode: zone.QueryAll},
			want: flow.QueryPolicy{Key: all}},
		{name: "only some", origin: plain("w"), forward: zone.ForwardQuery{Mode: zone.QueryListed, Names: []string{"w"}},
			key: zone.QueryKey{Mode: zone.QueryOnly, Names: []string{"w", "lang"}},
			want: flow.QueryPolicy{Sort: true, Send: flow.Pick{Mode: zone.QueryListed, Names: []string{"w"}},
				Key: flow.Pick{Mode: zone.QueryOnly, Names: []string{"w", "lang"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSnapshot()
			z := addZone(s, 1, "cdn.example.com", tt.origin)
			if tt.forward.Mode != "" {
				z.Origin.ForwardQuery = tt.forward
			}
			if tt.key.Mode != "" {
				z.Cache.Query = tt.key
			}
			table, _ := compile(s, nil)
			if d := cmp.Diff(tt.want, table.Zone("z1").Query); d != "" {
				t.Errorf("Query (-want +got):\n%s", d)
			}
		})
	}
}

// Settings that are not in the policy reach the site, and the kind of origin
// decides where a setting leaves it open.
func TestCompileSettings(t *testing.T) {
	type settings struct {
		Cached, KeyParts, KeyCookies, IgnoreAuthorization, Honor bool
		Cookies                                                  string
		BrowserTTL                                               int64
	}
	n := int64(60)
	tests := []struct {
		name   string
		origin zone.Origin
		change func(*zone.CacheSettings)
		want   settings
	}{
		{name: "signed", origin: bucket("b"), change: func(*zone.CacheSettings) {}, want: settings{Cached: true, Cookies: zone.CookiesStrip, BrowserTTL: -1}},
		{name: "plain", origin: plain("w"), change: func(*zone.CacheSettings) {}, want: settings{Cached: true, Cookies: zone.CookiesForward, BrowserTTL: -1}},
		{name: "off", origin: plain("w"), change: func(c *zone.CacheSettings) { c.Enabled = false }, want: settings{Cookies: zone.CookiesForward, BrowserTTL: -1}},
		{name: "cookies stripped", origin: plain("w"), change: func(c *zone.CacheSettings) { c.Cookies.Mode = zone.CookiesStrip },
			want: settings{Cached: true, Cookies: zone.CookiesStrip, BrowserTTL: -1}},
		{name: "cookies in the key", origin: plain("w"), change: func(c *zone.CacheSettings) {
			c.Cookies = zone.CookiePolicy{Mode: zone.CookiesKey, Names: []string{"lang"}}
		},
			want: settings{Cached: true, KeyParts: true, KeyCookies: true, Cookies: zone.CookiesKey, BrowserTTL: -1}},
		{name: "scheme in the key", origin: bucket("b"), change: func(c *zone.CacheSettings) { c.Key.Scheme = true },
			want: settings{Cached: true, KeyParts: true, Cookies: zone.CookiesStrip, BrowserTTL: -1}},
		{name: "header in the key", origin: bucket("b"), change: func(c *zone.CacheSettings) { c.Key.Headers = []string{"X-Device"} },
			want: settings{Cached: true, KeyParts: true, Cookies: zone.CookiesStrip, BrowserTTL: -1}},
		{name: "browsers", origin: bucket("b"), change: func(c *zone.CacheSettings) { c.BrowserTTL = &n },
			want: settings{Cached: true, Cookies: zone.CookiesStrip, BrowserTTL: 60}},
		{name: "requests", origin: bucket("b"), change: func(c *zone.CacheSettings) {
			c.Authorization, c.RequestDirectives = zone.AuthorizationIgnore, zone.DirectivesHonor
		}, want: settings{Cached: true, IgnoreAuthorization: true, Honor: true, Cookies: zone.CookiesStrip, BrowserTTL: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSnapshot()
			z := addZone(s, 1, "cdn.example.com", tt.origin)
			tt.change(&z.Cache)
			table, _ := compile(s, nil)
			site := table.Zone("z1")
			got := settings{site.Cached, site.KeyParts, site.KeyCookies, site.IgnoreAuthorization, site.Honor, site.Cookies, site.BrowserTTL}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("site (-want +got):\n%s", d)
			}
		})
	}
}
