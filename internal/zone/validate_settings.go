package zone

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// Limits of settings.
const (
	MaxQueryNames  = 50 // of a query policy
	MaxKeyHeaders  = 5
	MaxKeyCookies  = 10
	MaxTagHeaders  = 10
	maxTTL         = 31_536_000 // seconds, one year
	maxSWR         = 86_400
	maxNegativeTTL = 3600
	maxShare       = 10_000
)

// Validate returns everything that is wrong with s; nil if nothing is. Fields
// are named as in the API, below "origin".
func (s *OriginSettings) Validate() []Fault {
	var l list
	l.milliseconds("connect_timeout_ms", s.ConnectTimeout, 100, 60_000)
	l.milliseconds("read_timeout_ms", s.ReadTimeout, 1000, 300_000)
	l.prefixes("allowed_prefixes", s.AllowedPrefixes)
	q := &s.ForwardQuery
	l.oneOf("forward_query.mode", q.Mode, QueryAuto, QueryNone, QueryAll, QueryListed)
	l.parameters("forward_query", q.Mode, q.Names)
	return l
}

// Validate returns everything that is wrong with c; nil if nothing is. Fields
// are named as in the API, below "cache".
func (c *CacheSettings) Validate() []Fault {
	var l list
	l.seconds("default_ttl", c.DefaultTTL)
	for _, status := range slices.Sorted(maps.Keys(c.OverrideTTL)) {
		at, ttl := "override_ttl."+status, c.OverrideTTL[status]
		if n, err := strconv.Atoi(status); status != AnyStatus && (err != nil || n < 200 || n > 599 || status != strconv.Itoa(n)) {
			l.add(at, catalog.APIBadFormat, "must be a status from 200 to 599, or any")
			continue
		}
		l.seconds(at, &ttl)
	}
	l.seconds("min_ttl", &c.MinTTL)
	l.seconds("max_ttl", c.MaxTTL)
	if c.MaxTTL != nil && c.MinTTL > *c.MaxTTL && *c.MaxTTL >= 0 && c.MinTTL <= maxTTL {
		l = append(l, Fault{Field: "min_ttl", Code: catalog.APIOutOfRange,
			Message: fmt.Sprintf("must not be above cache.max_ttl, which is %d", *c.MaxTTL), Hint: "Lower cache.min_ttl, or raise cache.max_ttl."})
	}
	l.seconds("browser_ttl", c.BrowserTTL)
	l.between("negative_ttl", c.NegativeTTL, 0, maxNegativeTTL)
	l.seconds("stale_if_error", &c.StaleIfError)
	l.staleOn("stale_on", c.StaleOn)
	l.between("stale_while_revalidate", c.StaleWhileRevalidate, 0, maxSWR)
	l.oneOf("query.mode", c.Query.Mode, QueryAuto, QueryAll, QueryNone, QueryOnly, QueryExcept)
	l.parameters("query", c.Query.Mode, c.Query.Names)
	l.keyHeaders("key.headers", c.Key.Headers)
	l.oneOf("set_cookie", c.SetCookie, CookieStore, CookieStrip, CookieBypass)
	l.cookies("cookies", &c.Cookies)
	l.oneOf("authorization", c.Authorization, AuthorizationRFC, AuthorizationIgnore)
	l.oneOf("request_directives", c.RequestDirectives, DirectivesIgnore, DirectivesHonor)
	l.names("tag_headers", c.TagHeaders, MaxTagHeaders, true, isFieldName, fieldNameForm)
	l.between("share", int64(c.Share), 1, maxShare)
	return l
}

// Validate returns everything that is wrong with d; nil if nothing is. Fields
// are named as in the API, below "delivery".
func (d *DeliverySettings) Validate() []Fault {
	var l list
	l.methods("allowed_methods", d.AllowedMethods)
	l.oneOf("dot_segments", d.DotSegments, DotReject, DotRaw)
	return l
}

// seconds checks a lifetime; nil is none.
func (l *list) seconds(field string, n *int64) {
	if n != nil {
		l.between(field, *n, 0, maxTTL)
	}
}

// parameters checks the names of a query policy: exactly some modes have them.
func (l *list) parameters(field, mode string, names []string) {
	field += ".names"
	switch mode {
	case QueryListed, QueryOnly, QueryExcept:
		if len(names) == 0 {
			l.add(field, catalog.APIRequired, "must name at least one parameter with mode "+mode)
		}
	case QueryAuto, QueryAll, QueryNone:
		if len(names) > 0 {
			l.add(field, catalog.APIExclusive, "must be empty with mode "+mode+", which picks no names")
			return
		}
	}
	l.names(field, names, MaxQueryNames, false, isParameterName, "must be 1 to 255 characters, decoded, without control characters")
}

func (l *list) staleOn(field string, conditions []string) {
	for i, c := range conditions {
		at := field + "." + strconv.Itoa(i)
		if l.oneOf(at, c, StaleConditions()...); slices.Index(conditions, c) < i {
			l.add(at, catalog.APIDuplicate, "is in the list already")
		}
	}
}

func (l *list) keyHeaders(field string, headers []string) {
	l.names(field, headers, MaxKeyHeaders, true, isFieldName, fieldNameForm)
	for i, name := range headers {
		at := field + "." + strconv.Itoa(i)
		switch strings.ToLower(name) {
		case "cookie":
			*l = append(*l, Fault{Field: at, Code: catalog.APIBadFormat, Message: "must not be Cookie",
				Hint: "Name the cookies that matter in cache.cookies, as {\"key\": [\"name\"]}."})
		case "authorization":
			*l = append(*l, Fault{Field: at, Code: catalog.APIBadFormat, Message: "must not be Authorization",
				Hint: "What is for one viewer only should not be stored."})
		}
	}
}

func (l *list) cookies(field string, c *CookiePolicy) {
	switch c.Mode {
	case CookiesAuto, CookiesStrip, CookiesForward:
		return
	case CookiesKey:
	default:
		l.add(field, catalog.APIBadEnum, `must be strip, forward or {"key": [names]}`)
		return
	}
	field += ".key"
	if len(c.Names) == 0 {
		l.add(field, catalog.APIRequired, "must name at least one cookie")
	}
	l.names(field, c.Names, MaxKeyCookies, false, isFieldName, "must be the name of a cookie: letters, digits and ! # $ % & ' * + - . ^ _ ` | ~")
}

func (l *list) methods(field string, methods []string) {
	if slices.Contains(methods, AnyMethod) {
		if len(methods) > 1 {
			l.add(field, catalog.APIExclusive, `must be ["*"] alone, or name methods`)
		}
		return
	}
	for i, m := range methods {
		at := field + "." + strconv.Itoa(i)
		if l.oneOf(at, m, "GET", "HEAD", "OPTIONS", AnyMethod); slices.Index(methods, m) < i {
			l.add(at, catalog.APIDuplicate, "is in the list already")
		}
	}
	if !slices.Contains(methods, "GET") || !slices.Contains(methods, "HEAD") {
		l.add(field, catalog.APIRequired, "must hold GET and HEAD")
	}
}

const fieldNameForm = "must be the name of a header field: letters, digits and ! # $ % & ' * + - . ^ _ ` | ~"

// isFieldName reports whether s is a token (RFC 9110, 5.6.2) of at most 255
// bytes, as names of fields and of cookies are.
func isFieldName(s string) bool {
	return s != "" && len(s) <= maxName && consistsOf(s, func(c byte) bool {
		return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
	})
}

func isParameterName(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= maxName && !hasControl(s)
}
