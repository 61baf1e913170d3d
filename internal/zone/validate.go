package zone

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// Limits of lists and texts.
const (
	MaxHostnames       = 100 // of a zone
	MaxAllowedPrefixes = 100 // of a zone
	MaxOrigins         = 20  // of a group
	maxName            = 255 // characters
	maxCAPEM           = 64 << 10
	maxToken           = 8 << 10
)

// Validate returns everything that is wrong with z, which should have been
// canonicalized; nil if nothing is. Fields are named as in the API. What does
// not go together with the zone's origins is told by ValidateWith.
func (z *Zone) Validate() []Fault {
	var l list
	l.text("name", z.Name, maxName, true)
	switch n := len(z.Hostnames); {
	case n == 0:
		l.add("hostnames", catalog.APIRequired, "must hold at least one hostname")
	case n > MaxHostnames:
		l.add("hostnames", catalog.APITooMany, fmt.Sprintf("must hold at most %d hostnames", MaxHostnames))
	}
	for i, h := range z.Hostnames {
		field := "hostnames." + strconv.Itoa(i)
		if _, err := CanonicalHostname(h); err != nil {
			f := *err.(*Fault)
			f.Field = field
			l = append(l, f)
		} else if slices.Index(z.Hostnames, h) < i {
			l.add(field, catalog.APIDuplicate, "is in the list already")
		}
	}
	l = append(l, Under("origin", z.Origin.Validate())...)
	l = append(l, Under("cache", z.Cache.Validate())...)
	l = append(l, Under("delivery", z.Delivery.Validate())...)
	l.keyCovers(&z.Origin.ForwardQuery, &z.Cache.Query)
	return l
}

// Validate returns everything that is wrong with g and its origins; nil if
// nothing is. Fields of origins are below "origins.0", "origins.1", ….
func (g *Group) Validate() []Fault {
	var l list
	if len(g.Origins) > MaxOrigins {
		l.add("origins", catalog.APITooMany, fmt.Sprintf("must hold at most %d origins", MaxOrigins))
	}
	enabled := 0
	for i := range g.Origins {
		at := "origins." + strconv.Itoa(i)
		l = append(l, Under(at, g.Origins[i].Validate())...)
		if !g.Origins[i].Enabled {
			continue
		}
		if enabled++; enabled > 1 {
			l = append(l, Fault{Field: at + ".enabled", Code: catalog.APIUnsupported,
				Message: "must be false: this version fetches from one enabled origin of a zone",
				Hint:    "Disable the other origin first."})
		}
	}
	return l
}

// Validate returns everything that is wrong with o, which should have been
// canonicalized; nil if nothing is. Its credential is checked apart.
func (o *Origin) Validate() []Fault {
	var l list
	l.text("name", o.Name, maxName, false)
	_, urlErr := CanonicalURL(o.URL)
	l.addErr(urlErr)
	_, err := CanonicalHostHeader(o.HostHeader)
	l.addErr(err)
	_, err = CanonicalBasePath(o.BasePath)
	l.addErr(err)
	known := o.Provider == "" || slices.Contains(ProviderIDs(), o.Provider)
	if !known {
		l.oneOf("provider", o.Provider, ProviderIDs()...)
	}
	switch o.Auth {
	case authOSSV4, authOSSV1:
		l = append(l, Fault{Field: "auth_type", Code: catalog.APIUnsupported,
			Message: "would be " + o.Auth + ", the signature of Alibaba Cloud OSS, which this version does not have",
			Hint:    "Private buckets of Alibaba Cloud OSS cannot be fetched from yet. A public one can, with s3_auth_enabled false."})
	default:
		l.oneOf("auth_type", o.Auth, AuthNone, AuthSigV4)
	}
	l.oneOf("s3_addressing", o.Addressing, AddressAuto, AddressPath, AddressVirtual)
	l.oneOf("s3_payload_hash", o.PayloadHash, PayloadUnsigned, PayloadEmpty)
	if utf8.RuneCountInString(o.Region) > 64 {
		l.add("s3_region", catalog.APITooLong, "must have at most 64 characters")
	} else if !consistsOf(o.Region, isRegionByte) {
		l.add("s3_region", catalog.APIBadFormat, "must be of letters, digits, - . and _, such as eu-west-1")
	}
	if n := len(o.Service); n < 1 || n > 32 || !consistsOf(o.Service, isServiceByte) {
		l.add("s3_service", catalog.APIBadFormat, "must be 1 to 32 of a-z, 0-9 and -")
	}
	l.caPEM(o.CAPEM)
	l.between("max_connections", int64(o.MaxConnections), 1, 10_000)

	// What the settings give together can be told only if each is well-formed.
	if e, err := o.Resolve(); urlErr == nil && known {
		l.addErr(err)
		l.bucket(o.Bucket, err == nil && e.Virtual)
	} else {
		l.bucket(o.Bucket, false)
	}
	return l
}

// Validate returns everything that is wrong with c; nil if nothing is. With
// signing, key and secret must be there.
func (c *Credential) Validate(signing bool) []Fault {
	var l list
	switch n := len(c.AccessKey); {
	case n == 0 && signing:
		l.add("s3_access_key", catalog.APIRequired, "is required to sign")
	case n == 0:
	case n < 3 || n > 512 || !consistsOf(c.AccessKey, isAccessKeyByte):
		l.add("s3_access_key", catalog.APIBadFormat, "must be 3 to 512 of letters, digits and : _ . / + = -")
	}
	switch secret := c.Secret.Reveal(); {
	case secret == "" && signing:
		l.add("s3_secret_key", catalog.APIRequired, "is required to sign")
	case secret == "":
	case len(secret) < 8 || len(secret) > 1024:
		l.add("s3_secret_key", catalog.APIOutOfRange, "must have 8 to 1024 bytes")
	default:
		l.secretText("s3_secret_key", secret)
	}
	if token := c.Token.Reveal(); len(token) > maxToken {
		l.add("s3_session_token", catalog.APITooLong, "must have at most 8192 bytes")
	} else {
		l.secretText("s3_session_token", token)
	}
	return l
}

func (l *list) secretText(field, s string) {
	if hasControl(s) {
		l.add(field, catalog.APIBadFormat, "must hold no control characters")
	} else if strings.TrimSpace(s) != s {
		l.add(field, catalog.APIBadFormat, "must not begin or end with a blank")
	}
}

func (l *list) text(field, s string, max int, required bool) {
	switch {
	case s == "" && required:
		l.add(field, catalog.APIRequired, "must not be empty")
	case utf8.RuneCountInString(s) > max:
		l.add(field, catalog.APITooLong, fmt.Sprintf("must have at most %d characters", max))
	case hasControl(s):
		l.add(field, catalog.APIBadFormat, "must hold no control characters")
	}
}

// names checks a list of names, each of them with ok; message says what they
// must be. In fold, names that differ in case only are the same.
func (l *list) names(field string, names []string, max int, fold bool, ok func(string) bool, message string) {
	if len(names) > max {
		l.add(field, catalog.APITooMany, fmt.Sprintf("must hold at most %d names", max))
	}
	for i, name := range names {
		at := field + "." + strconv.Itoa(i)
		same := func(other string) bool { return other == name || fold && strings.EqualFold(other, name) }
		switch {
		case !ok(name):
			l.add(at, catalog.APIBadFormat, message)
		case slices.IndexFunc(names, same) < i:
			l.add(at, catalog.APIDuplicate, "is in the list already")
		}
	}
}

func (l *list) oneOf(field, s string, allowed ...string) {
	if !slices.Contains(allowed, s) {
		l.add(field, catalog.APIBadEnum, "must be one of "+strings.Join(allowed, ", "))
	}
}

func (l *list) between(field string, n, min, max int64) {
	if n < min || n > max {
		l.add(field, catalog.APIOutOfRange, fmt.Sprintf("must be from %d to %d", min, max))
	}
}

func (l *list) milliseconds(field string, d time.Duration, min, max int64) {
	if d != d.Truncate(time.Millisecond) {
		l.add(field, catalog.APIBadFormat, "must be whole milliseconds")
		return
	}
	l.between(field, d.Milliseconds(), min, max)
}

func (l *list) prefixes(field string, prefixes []string) {
	if len(prefixes) > MaxAllowedPrefixes {
		l.add(field, catalog.APITooMany, fmt.Sprintf("must hold at most %d prefixes", MaxAllowedPrefixes))
	}
	for i, p := range prefixes {
		at := field + "." + strconv.Itoa(i)
		switch {
		case !strings.HasPrefix(p, "/"):
			l.add(at, catalog.APIBadFormat, `must begin with "/"`)
		case strings.Contains(p, "%"):
			l.add(at, catalog.APIBadFormat, "must be literal text, without %")
		case hasDotSegment(p):
			l.add(at, catalog.APIBadFormat, `must hold no "." or ".." segment`)
		case hasControl(p):
			l.add(at, catalog.APIBadFormat, "must hold no control characters")
		case len(p) > maxKey:
			l.add(at, catalog.APITooLong, "must have at most 1024 bytes")
		case slices.Index(prefixes, p) < i:
			l.add(at, catalog.APIDuplicate, "is in the list already")
		}
	}
}

func (l *list) bucket(s string, virtual bool) {
	switch {
	case s == "":
	case virtual && (len(s) < 3 || len(s) > 63 || !consistsOf(s, isHostBucketByte)):
		l.add("s3_bucket", catalog.APIBadFormat, "must be 3 to 63 of a-z, 0-9, . and - where the host names the bucket")
	case len(s) < 3 || len(s) > 255 || !consistsOf(s, isBucketByte):
		l.add("s3_bucket", catalog.APIBadFormat, "must be 3 to 255 of letters, digits, . _ and -")
	}
}

func (l *list) caPEM(s string) {
	if len(s) > maxCAPEM {
		l.add("ca_pem", catalog.APITooLong, "must have at most 65536 bytes")
		return
	}
	for rest := []byte(s); strings.TrimSpace(string(rest)) != ""; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			l.add("ca_pem", catalog.APIBadFormat, "must hold certificates in PEM form and nothing else")
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			l.add("ca_pem", catalog.APIBadFormat, "holds a certificate that cannot be read")
			return
		}
	}
}

func consistsOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' }

func isServiceByte(c byte) bool    { return isLower(c) || c == '-' }
func isHostBucketByte(c byte) bool { return isLower(c) || c == '.' || c == '-' }
func isRegionByte(c byte) bool     { return isAlnum(c) || strings.IndexByte("-._", c) >= 0 }
func isBucketByte(c byte) bool     { return isAlnum(c) || strings.IndexByte("-._", c) >= 0 }
func isAccessKeyByte(c byte) bool  { return isAlnum(c) || strings.IndexByte(":_./+=-", c) >= 0 }
