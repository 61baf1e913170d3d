package zone

import (
	"net/url"
	"time"
)

// Default returns the settings of a zone that gives none: active, without
// hostnames.
func Default() Zone {
	return Zone{
		Active: true,
		Origin: OriginSettings{
			ConnectTimeout: 5 * time.Second,
			ReadTimeout:    30 * time.Second,
		},
		Cache:    CacheSettings{NegativeTTL: 10},
		Delivery: DeliverySettings{DotSegments: DotReject},
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
// the name filled in with the first of them. What is wrong stays as it is,
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
