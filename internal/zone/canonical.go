package zone

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// hostProfile maps a name as browsers do when they look it up (UTS 46), and
// refuses what DNS would not carry. It is never changed.
var hostProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.CheckHyphens(false))

// CanonicalHostname returns the one form of a hostname of a zone: a DNS name
// in lower case and punycode, without a final dot; a wildcard "*.name"; or an
// IP literal without brackets (RFC 5952). The error is a *Fault without
// Field.
func CanonicalHostname(s string) (string, error) {
	bad := func(message string) (string, error) { return "", fault("", catalog.APIBadFormat, message) }
	switch {
	case s == "":
		return "", fault("", catalog.APIRequired, "must not be empty")
	case strings.Contains(s, "://"):
		return bad("must be a name only, without scheme")
	case strings.ContainsAny(s, "/?#"):
		return bad("must be a name only, without path")
	case strings.Contains(s, "@"):
		return bad("must be a name only, without user info")
	}
	if ip, ok := parseIP(s); ok {
		return ip, nil
	}
	if strings.Contains(s, ":") {
		return bad("must be a name only, without port")
	}
	name, wildcard := strings.CutPrefix(s, "*.")
	if strings.Contains(name, "*") {
		return bad(`may hold "*" only as its whole first label, as in *.example.com`)
	}
	name, err := hostProfile.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil || name == "" || hasOuterHyphen(name) {
		return bad("must be a DNS name, *.name or an IP address")
	}
	// A name whose last label is a number is read as an IPv4 address.
	if last := name[strings.LastIndexByte(name, '.')+1:]; isNumber(last) {
		return bad("must not end in a number, unless it is an IP address")
	}
	if wildcard {
		name = "*." + name
	}
	if len(name) > 253 {
		return "", fault("", catalog.APITooLong, "must have at most 253 characters")
	}
	return name, nil
}

// parseIP reads an IP literal, in brackets or not; one with a zone is none.
func parseIP(s string) (string, bool) {
	bare := s
	if b, ok := strings.CutPrefix(s, "["); ok {
		if bare, ok = strings.CutSuffix(b, "]"); !ok || !strings.Contains(bare, ":") {
			return "", false
		}
	}
	a, err := netip.ParseAddr(bare)
	if err != nil || a.Zone() != "" {
		return "", false
	}
	return a.Unmap().String(), true
}

// hasOuterHyphen reports whether a label begins or ends with "-". (Hyphens in
// third and fourth place, which the profile would refuse as well, exist.)
func hasOuterHyphen(name string) bool {
	return name[0] == '-' || name[len(name)-1] == '-' || strings.Contains(name, ".-") || strings.Contains(name, "-.")
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// CanonicalURL returns the one form of an origin's URL: scheme://host[:port],
// host in lower case and punycode, without the scheme's own port. A lone
// final "/" is dropped; whatever else follows the port is refused. The error
// is a *Fault for field url.
func CanonicalURL(s string) (string, error) {
	form := func(message string) (string, error) { return "", fault("url", catalog.APIBadFormat, message) }
	if s == "" {
		return "", fault("url", catalog.APIRequired, "is required, as in https://s3.example.com")
	}
	u, err := url.Parse(s)
	if err != nil || strings.ContainsAny(s, " \t") {
		return form("must be http(s)://host[:port]")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return form("must begin with http:// or https://")
	}
	if u.User != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(s, "?#") {
		return "", fault("url", catalog.APIURLHasPath, "must have no path, query, fragment or user info; a path goes into base_path")
	}
	host, err := CanonicalHostname(u.Hostname())
	if err != nil || strings.HasPrefix(host, "*") {
		return form("must name a host: a DNS name or an IP address")
	}
	port, ok := canonicalPort(u.Host, u.Port())
	if !ok {
		return form("must have a port from 1 to 65535, or none")
	}
	if port == 0 {
		port = schemePort(u.Scheme)
	}
	return u.Scheme + "://" + hostPort(host, port, u.Scheme), nil
}

// canonicalPort reads the port of a Host; 0 means that there is none.
func canonicalPort(hostport, port string) (int, bool) {
	if port == "" {
		return 0, !strings.HasSuffix(hostport, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return int(n), err == nil && n > 0
}

// CanonicalHostHeader returns the one form of a Host that is sent to an
// origin: host or host:port, lower case and punycode. Empty stays empty. The
// error is a *Fault for field host_header.
func CanonicalHostHeader(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	const message = "must be a host name, with :port if it is not the scheme's own"
	u, err := url.Parse("//" + s)
	if err != nil || u.Host != s {
		return "", fault("host_header", catalog.APIBadFormat, message)
	}
	host, err := CanonicalHostname(u.Hostname())
	port, ok := canonicalPort(u.Host, u.Port())
	if err != nil || !ok || strings.HasPrefix(host, "*") {
		return "", fault("host_header", catalog.APIBadFormat, message)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != 0 {
		host += ":" + strconv.Itoa(port)
	}
	return host, nil
}

// CanonicalBasePath returns the one form of a base path: empty, or beginning
// with "/" and not ending with it; one final "/" is dropped. It is literal
// text, so escapes are refused. The error is a *Fault for field base_path.
func CanonicalBasePath(s string) (string, error) {
	if s == "" || s == "/" {
		return "", nil
	}
	bad := func(message string) (string, error) { return "", fault("base_path", catalog.APIBadFormat, message) }
	switch {
	case s[0] != '/':
		return bad(`must begin with "/"`)
	case strings.ContainsAny(s, "%?#"):
		return bad("must be literal text, without %, ? and #")
	case hasControl(s):
		return bad("must hold no control characters")
	case hasDotSegment(s):
		return bad(`must hold no "." or ".." segment`)
	}
	s = strings.TrimSuffix(s, "/")
	if strings.HasSuffix(s, "/") {
		return bad(`must not end in "//"`)
	}
	if len(s) > maxKey {
		return "", fault("base_path", catalog.APITooLong, "must have at most 1024 bytes")
	}
	return s, nil
}

// maxKey is the length of the longest object key in bytes (AWS S3 User Guide,
// "Naming Amazon S3 objects").
const maxKey = 1024

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func hasDotSegment(path string) bool {
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}
