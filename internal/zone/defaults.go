package zone

import (
	"cmp"
	"net/url"
	"slices"
	"time"
)

// Default returns the settings of a zone that gives none: active, without
// hostnames. Nothing in it is shared with another call's.
func Default() Zone {
	return Zone{
		Active: true,
		Origin: OriginSettings{
			ConnectTimeout: 5 * time.Second,
			ReadTimeout:    30 * time.Second,
			ForwardQuery:   ForwardQuery{Mode: QueryAuto},
		},
		Cache: CacheSettings{
			Enabled:           true,
			NegativeTTL:       10,
			Heuristic:         true,
			StaleIfError:      86_400,
			StaleOn:           []string{"error", "timeout"},
			Query:             QueryKey{Mode: QueryAuto},
			SetCookie:         CookieStore,
			Authorization:     AuthorizationRFC,
			RequestDirectives: DirectivesIgnore,
			TagHeaders:        []string{"Cache-Tag", "Surrogate-Key", "Cache-Groups", "x-amz-meta-cache-tag", "x-oss-meta-cache-tag"},
			Share:             100,
		},
		Delivery: DeliverySettings{
			AllowedMethods: []string{"GET", "HEAD"},
			DotSegments:    DotReject,
		},
	}
}

// DefaultOrigin returns the settings of an origin that gives none: a plain
// one, without URL.
func DefaultOrigin() Origin {
	return Origin{
		Enabled:        true,
		Auth:           AuthNone,
		Addressing:     AddressAuto,
		Service:        "s3",
		PayloadHash:    PayloadUnsigned,
		TLSVerify:      true,
		MaxConnections: 256,
	}
}

// Canonicalize brings z into the form that is stored: hostnames canonical,
// the name filled in with the first of them, methods in their usual order.
// What is wrong stays as it is,
// for Validate to report.
func (z *Zone) Canonicalize() {
	for i, h := range z.Hostnames {
		if c, err := CanonicalHostname(h); err == nil {
			z.Hostnames[i] = c
		}
	}
	if z.Name == "" && len(z.Hostnames) > 0 {
		z.Name = z.Hostnames[0]
	}
	if q := &z.Cache.Query; q.Sort != nil && *q.Sort == sortedMode(q.Mode) {
		q.Sort = nil
	}
	z.Delivery.AllowedMethods = orderedMethods(z.Delivery.AllowedMethods)
}

// orderedMethods puts the methods that can be allowed one by one into their
// usual order. A list with another value stays as it is.
func orderedMethods(list []string) []string {
	usual := []string{"GET", "HEAD", "OPTIONS"}
	if slices.ContainsFunc(list, func(m string) bool { return !slices.Contains(usual, m) }) {
		return list
	}
	return slices.SortedFunc(slices.Values(list), func(a, b string) int {
		return cmp.Compare(slices.Index(usual, a), slices.Index(usual, b))
	})
}

// Canonicalize brings o into the form that is stored: URL, Host and base path
// canonical, the provider derived from the host, the name filled in with it.
// What is wrong stays as it is, for Validate to report.
func (o *Origin) Canonicalize() {
	if c, err := CanonicalHostHeader(o.HostHeader); err == nil {
		o.HostHeader = c
	}
	if c, err := CanonicalBasePath(o.BasePath); err == nil {
		o.BasePath = c
	}
	c, err := CanonicalURL(o.URL)
	if err != nil {
		return
	}
	o.URL = c
	u, err := url.Parse(c)
	if err != nil {
		return
	}
	if o.Provider == "" {
		o.Provider = ProviderFor(u.Hostname()).ID
	}
	if o.Name == "" {
		o.Name = u.Host
	}
}
