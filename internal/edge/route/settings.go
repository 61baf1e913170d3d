package route

import (
	"slices"
	"strconv"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// compilePolicy says what is stored, and for how long.
func compilePolicy(c *zone.CacheSettings, signed bool) httpcache.Policy {
	p := httpcache.Policy{
		Signed:               signed,
		DefaultTTL:           -1,
		NegativeTTL:          c.NegativeTTL,
		MinTTL:               c.MinTTL,
		StaleWhileRevalidate: c.StaleWhileRevalidate,
		StaleIfError:         c.StaleIfError,
		Heuristic:            c.Heuristic,
	}
	if c.DefaultTTL != nil {
		p.DefaultTTL = *c.DefaultTTL
	}
	if c.MaxTTL != nil {
		p.MaxTTL, p.HasMaxTTL = *c.MaxTTL, true
	}
	switch c.SetCookie {
	case zone.CookieStrip:
		p.SetCookie = httpcache.CookieStrip
	case zone.CookieBypass:
		p.SetCookie = httpcache.CookieBypass
	}
	for key, ttl := range c.OverrideTTL {
		status := httpcache.AnyStatus
		if key != zone.AnyStatus {
			var err error
			if status, err = strconv.Atoi(key); err != nil {
				continue // Validate has refused it
			}
		}
		p.Override = append(p.Override, httpcache.StatusTTL{Status: status, TTL: ttl})
	}
	return p
}

// compileQuery resolves what depends on the kind of origin. Where the key is
// to hold just what is sent, nothing more is picked for it.
func compileQuery(z *zone.Zone, signed bool) flow.QueryPolicy {
	forward, key := &z.Origin.ForwardQuery, &z.Cache.Query
	q := flow.QueryPolicy{Sort: key.Sorted(), Strict: signed}
	switch mode := forward.Mode; {
	case mode == zone.QueryListed:
		q.Send = flow.Pick{Mode: mode, Names: forward.Names}
	case !signed && (mode == zone.QueryAll || mode == zone.QueryAuto || mode == ""):
		q.Send.Mode = zone.QueryAll
	}
	switch key.Mode {
	case zone.QueryAll:
		if q.Send.Mode != zone.QueryAll {
			q.Key.Mode = zone.QueryAll
		}
	case zone.QueryOnly, zone.QueryExcept:
		q.Key = flow.Pick{Mode: key.Mode, Names: key.Names}
	}
	return q
}

// compileMethods says what is served besides GET and HEAD. Nothing else is
// ever sent to a signed origin.
func compileMethods(site *flow.Site, methods []string) {
	site.AnyMethod = slices.Contains(methods, zone.AnyMethod) && !site.Signed
	site.Options = site.AnyMethod || slices.Contains(methods, "OPTIONS")
	site.Allow = "GET, HEAD"
	switch {
	case site.AnyMethod:
		site.Allow = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
	case site.Options:
		site.Allow = "GET, HEAD, OPTIONS"
	}
}

// compileKey says what becomes of cookies, and what besides the target is in
// the key.
func compileKey(site *flow.Site) {
	c := &site.Zone.Cache
	switch mode := c.Cookies.Mode; {
	case site.Signed, mode == zone.CookiesStrip:
		site.Cookies = zone.CookiesStrip
	case mode == zone.CookiesKey:
		site.Cookies, site.KeyCookies = mode, true
	default:
		site.Cookies = zone.CookiesForward
	}
	site.KeyParts = site.KeyCookies || c.Key.Scheme || c.Key.Host || len(c.Key.Headers) > 0
}
