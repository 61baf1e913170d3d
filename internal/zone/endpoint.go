package zone

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// An Endpoint is where and how an origin is asked, derived from its settings.
type Endpoint struct {
	Scheme     string // "http" or "https"
	DialHost   string // DNS name, or IP literal without brackets
	Port       int
	HostHeader string // Host as it is sent and signed, with the port if it is not the scheme's own
	ServerName string // name for SNI and the certificate, "" if Host is an IP literal

	// Virtual reports that the host names the bucket, so that the bucket is
	// no part of the path that is sent.
	Virtual bool
	// HostBucket is the bucket that the host names by itself; "" if s3_bucket
	// is set or the path names it.
	HostBucket string

	Region   string // signs; "" for plain origins
	Provider string // id of the row that was used
	Trusted  string // tail of the hosts that a redirect may name, ".amazonaws.com"; "": DialHost only

	// AcceptEncoding is sent to a signed origin, unsigned; "": none is.
	AcceptEncoding string
}

// Resolve derives the endpoint of an origin whose settings are canonical. The
// error is a *Fault that names the setting to mend; an origin that passed
// Validate has none.
func (o *Origin) Resolve() (Endpoint, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Endpoint{}, fault("url", catalog.APIBadFormat, "must be http(s)://host[:port]")
	}
	host := strings.ToLower(u.Hostname())
	p, ok := ProviderByID(o.Provider, host)
	if !ok {
		return Endpoint{}, fault("provider", catalog.APIBadEnum, "must be one of "+strings.Join(ProviderIDs(), ", "))
	}
	e := Endpoint{Scheme: u.Scheme, DialHost: host, Port: schemePort(u.Scheme), Provider: p.ID}
	if n, ok := p.read(host); ok {
		e.Trusted = n.tail
	}
	if s := u.Port(); s != "" {
		if e.Port, err = strconv.Atoi(s); err != nil {
			return Endpoint{}, fault("url", catalog.APIBadFormat, "must have a port from 1 to 65535")
		}
	}
	if err := e.address(o, &p); err != nil {
		return Endpoint{}, err
	}
	if e.HostHeader = o.HostHeader; e.HostHeader == "" {
		e.HostHeader = hostPort(e.DialHost, e.Port, e.Scheme)
	}
	e.ServerName = hostOnly(e.HostHeader)
	if isIP(e.ServerName) {
		e.ServerName = ""
	}
	if o.Auth == AuthNone {
		return e, nil
	}
	if p.Auth == AuthNone {
		return Endpoint{}, fault("auth_type", catalog.APIExclusive, "must be none with provider "+p.ID)
	}
	if err := e.region(o, &p, host); err != nil {
		return Endpoint{}, err
	}
	e.AcceptEncoding = p.AcceptEncoding
	return e, nil
}

// address decides who names the bucket, and puts it before the host that is
// dialled if that is us.
func (e *Endpoint) address(o *Origin, p *Provider) error {
	// A Host set by the customer is what the store will look at.
	host := cmp.Or(hostOnly(o.HostHeader), e.DialHost)
	n, _ := p.read(host)
	switch {
	case o.Addressing == AddressPath && p.VirtualOnly:
		return fault("s3_addressing", catalog.APIExclusive, "must not be path: "+p.Name+" names the bucket in the host")
	case o.Addressing == AddressVirtual && isIP(host):
		return fault("s3_addressing", catalog.APIExclusive, "must be path: an IP address cannot name a bucket")
	case o.Bucket == "" && n.bucket != "":
		e.Virtual, e.HostBucket = true, n.bucket
		return nil
	case o.Bucket == "" && o.Addressing == AddressVirtual:
		e.Virtual = true
		e.HostBucket, _, _ = strings.Cut(host, ".")
		return nil
	case o.Bucket == "":
		return nil
	case n.bucket != "" && (n.bucket != o.Bucket || o.Addressing == AddressPath):
		return fault("s3_bucket", catalog.APIExclusive, "must be empty: the host names bucket "+strconv.Quote(n.bucket))
	case n.bucket != "":
		e.Virtual = true
		return nil
	case o.HostHeader != "" && o.Addressing == AddressAuto && strings.HasPrefix(host, o.Bucket+"."):
		e.Virtual = true
		return nil
	}
	if e.Virtual = o.virtual(p, e, host); e.Virtual && o.HostHeader == "" {
		e.DialHost = o.Bucket + "." + e.DialHost
	}
	return nil
}

// virtual resolves the addressing of an origin with a bucket that the host
// does not name yet. A certificate for *.endpoint does not cover a bucket
// with a dot.
func (o *Origin) virtual(p *Provider, e *Endpoint, host string) bool {
	switch {
	case o.Addressing != AddressAuto && o.Addressing != "":
		return o.Addressing == AddressVirtual
	case p.VirtualOnly:
		return true
	case isIP(host), e.Scheme == "https" && strings.Contains(o.Bucket, "."):
		return false
	case o.HostHeader != "" && host == e.DialHost:
		return false
	}
	return p.Addressing == AddressVirtual
}

// region decides which region signs (the customer's, the host's, the row's).
func (e *Endpoint) region(o *Origin, p *Provider, host string) error {
	if p.SigV4A != "" && strings.HasSuffix(host, p.SigV4A) {
		return fault("url", catalog.APISigV4AUnsupported, "takes SigV4A signatures only")
	}
	n, _ := p.read(host)
	if n.region == "" {
		n, _ = p.read(hostOnly(o.HostHeader))
	}
	e.Region = cmp.Or(o.Region, n.region, p.Region)
	if e.Region == "" {
		return fault("s3_region", catalog.APIRegionRequired, "is required: neither the host nor provider "+p.ID+" names one")
	}
	return nil
}

// EffectiveRegion returns the region that signs requests to the origin, or ""
// for a plain origin and for one that does not resolve.
func (o *Origin) EffectiveRegion() string {
	e, err := o.Resolve()
	if err != nil {
		return ""
	}
	return e.Region
}

// EffectiveHost returns the Host that is sent to the origin, or "" for one
// that does not resolve.
func (o *Origin) EffectiveHost() string {
	e, err := o.Resolve()
	if err != nil {
		return ""
	}
	return e.HostHeader
}

// EffectiveAddressing returns what AddressAuto came to, AddressPath or
// AddressVirtual; or "" for a plain origin without bucket, and for one that
// does not resolve.
func (o *Origin) EffectiveAddressing() string {
	e, err := o.Resolve()
	switch {
	case err != nil, o.Auth == AuthNone && o.Bucket == "" && e.HostBucket == "":
		return ""
	case e.Virtual:
		return AddressVirtual
	}
	return AddressPath
}

// Address returns host and port as net.Dial takes them.
func (e *Endpoint) Address() string { return net.JoinHostPort(e.DialHost, strconv.Itoa(e.Port)) }

// SameContent reports whether both settings name the same objects by the same
// paths. Where it is false, what is stored from o must not answer for p.
func (o *Origin) SameContent(p *Origin) bool {
	return o.URL == p.URL && o.Bucket == p.Bucket && o.BasePath == p.BasePath && o.Addressing == p.Addressing
}

func schemePort(scheme string) int {
	if scheme == "https" {
		return 443
	}
	return 80
}

// hostPort writes a Host field: brackets around IPv6, no default port.
func hostPort(host string, port int, scheme string) string {
	if port != schemePort(scheme) {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// hostOnly cuts the port, and the brackets of an IPv6 literal, off a Host
// field.
func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
