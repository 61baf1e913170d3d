package zone

import (
	"encoding/json"
	"time"
)

// OriginSettings say how a zone fetches from its group. As JSON, a field that
// is missing has its default.
type OriginSettings struct {
	// ConnectTimeout bounds dialling plus TLS handshake.
	ConnectTimeout time.Duration `json:"connect_timeout"`
	// ReadTimeout bounds the wait for the response header, and then for each
	// next bytes of the body.
	ReadTimeout time.Duration `json:"read_timeout"`
	// AllowedPrefixes are the object paths that may be fetched; empty means
	// all. An entry that does not end in "/" matches itself and what is below.
	AllowedPrefixes []string `json:"allowed_prefixes,omitempty"`
	// ForwardQuery is what of a viewer's query is sent.
	ForwardQuery ForwardQuery `json:"forward_query"`
}

// A ForwardQuery says what of a viewer's query is sent to the origins.
// Whatever is sent is in the cache key (see QueryKey).
type ForwardQuery struct {
	Mode  string   `json:"mode"`            // QueryAuto, QueryNone, QueryAll or QueryListed
	Names []string `json:"names,omitempty"` // with QueryListed: parameters, decoded; they compare exactly
}

// CacheSettings change the edge's own decision of what is stored how long.
// Lifetimes and windows are in seconds. As JSON, a field that is missing has
// its default.
type CacheSettings struct {
	// Enabled false passes everything: nothing is looked up, stored or
	// collapsed.
	Enabled bool `json:"enabled"`

	// DefaultTTL is the lifetime of a response without explicit freshness.
	// Nil means 86,400 for signed origins and 0 for plain ones.
	DefaultTTL *int64 `json:"default_ttl,omitempty"`
	// OverrideTTL replaces the lifetimes that responses state, by status
	// ("404"); AnyStatus stands for those that are not listed. 0 means that
	// such a response is not stored.
	OverrideTTL map[string]int64 `json:"override_ttl,omitempty"`
	// MinTTL and MaxTTL bound every lifetime; MaxTTL nil is no bound.
	MinTTL int64  `json:"min_ttl"`
	MaxTTL *int64 `json:"max_ttl,omitempty"`
	// BrowserTTL is the lifetime that viewers are told, from now on. Nil
	// passes the origin's word, 0 is no-cache.
	BrowserTTL *int64 `json:"browser_ttl,omitempty"`
	// NegativeTTL is the lifetime of an object that a signed origin does not
	// have.
	NegativeTTL int64 `json:"negative_ttl"`
	// Heuristic allows lifetimes by the age since Last-Modified (RFC 9111,
	// 4.2.2).
	Heuristic bool `json:"heuristic"`

	// StaleIfError is the window in which a stale object is served when a
	// condition of StaleOn holds.
	StaleIfError int64    `json:"stale_if_error"`
	StaleOn      []string `json:"stale_on"` // of StaleConditions; empty: never
	// StaleWhileRevalidate is the window in which a stale object is served
	// while it is refreshed; a longer one of the response counts.
	StaleWhileRevalidate int64 `json:"stale_while_revalidate"`

	Query     QueryKey     `json:"query"`
	Key       KeyParts     `json:"key"`
	SetCookie string       `json:"set_cookie"` // CookieStore, CookieStrip or CookieBypass
	Cookies   CookiePolicy `json:"cookies"`
	// Authorization says what a viewer's Authorization means:
	// AuthorizationRFC or AuthorizationIgnore.
	Authorization string `json:"authorization"`
	// RequestDirectives says whether a viewer's Cache-Control acts:
	// DirectivesIgnore or DirectivesHonor.
	RequestDirectives string `json:"request_directives"`
	// TagHeaders are the response fields that purge tags are read from.
	TagHeaders []string `json:"tag_headers"`
	// Share is the weight of the zone's fair share of the disk tier.
	Share int `json:"share"`
}

// A QueryKey says what of a viewer's query is in the cache key.
type QueryKey struct {
	// Mode is QueryAuto (what is forwarded), QueryAll, QueryNone, QueryOnly or
	// QueryExcept.
	Mode  string   `json:"mode"`
	Names []string `json:"names,omitempty"` // with QueryOnly and QueryExcept: parameters, decoded; they compare exactly
	// Sort differs from the mode's own way if it is set; see Sorted.
	Sort *bool `json:"sort,omitempty"`
}

// Sorted reports whether the order of parameters does not matter: by default
// only where they are picked one by one, as an origin may mind the order of a
// query that it gets whole.
func (q *QueryKey) Sorted() bool {
	if q.Sort != nil {
		return *q.Sort
	}
	return sortedMode(q.Mode)
}

func sortedMode(mode string) bool { return mode == QueryOnly || mode == QueryExcept }

// KeyParts are more parts of the cache key; the zero value adds none.
type KeyParts struct {
	Scheme  bool     `json:"scheme"`
	Host    bool     `json:"host"`
	Headers []string `json:"headers,omitempty"` // names of request fields
}

// A CookiePolicy says what becomes of viewers' cookies.
type CookiePolicy struct {
	// Mode is CookiesAuto (which the zero value is), CookiesStrip,
	// CookiesForward or CookiesKey.
	Mode  string   `json:"mode,omitempty"`
	Names []string `json:"names,omitempty"` // with CookiesKey: those forwarded and in the key; others are stripped
}

// DeliverySettings say what viewers may send, and how it is read. As JSON, a
// field that is missing has its default.
type DeliverySettings struct {
	// AllowedMethods are GET, HEAD and perhaps OPTIONS; or AnyMethod alone.
	AllowedMethods []string `json:"allowed_methods"`
	// DotSegments says what becomes of "." and ".." in a path: DotReject or
	// DotRaw.
	DotSegments string `json:"dot_segments"`
	// PlusAsSpace makes a raw "+" in the path mean a space.
	PlusAsSpace bool `json:"plus_as_space"`
}

// AccessSettings say who may fetch.
type AccessSettings struct {
	// PublicAck silences the warning that copies of a private bucket are
	// readable by anyone.
	PublicAck bool `json:"public_ack"`
}

// Modes of ForwardQuery and QueryKey.
const (
	QueryAuto   = "auto"   // forwarded: nothing to signed origins, all to plain ones; in the key: what is forwarded
	QueryNone   = "none"   // nothing
	QueryAll    = "all"    // the query as it is
	QueryListed = "listed" // forwarded: the named parameters
	QueryOnly   = "only"   // in the key: the named parameters
	QueryExcept = "except" // in the key: all but the named parameters
)

// AnyStatus is the key of CacheSettings.OverrideTTL for every status that has
// none of its own.
const AnyStatus = "any"

// AnyMethod in DeliverySettings.AllowedMethods allows every method but
// CONNECT and TRACE.
const AnyMethod = "*"

// Values of CacheSettings.SetCookie, about responses with Set-Cookie.
const (
	CookieStore  = "store"  // stored with the field if freshness is explicit (RFC 9111, 7.3)
	CookieStrip  = "strip"  // the field is removed
	CookieBypass = "bypass" // not stored
)

// Values of CookiePolicy.Mode, about the Cookie field of requests.
const (
	CookiesAuto    = ""        // CookiesStrip for signed origins, CookiesForward for plain ones
	CookiesStrip   = "strip"   // removed
	CookiesForward = "forward" // forwarded, and not in the key
	CookiesKey     = "key"     // the named ones are forwarded and in the key
)

// Values of CacheSettings.Authorization.
const (
	AuthorizationRFC    = "rfc"    // as RFC 9111, 3.5 says
	AuthorizationIgnore = "ignore" // removed on entry
)

// Values of CacheSettings.RequestDirectives.
const (
	DirectivesIgnore = "ignore"
	DirectivesHonor  = "honor" // RFC 9111, 5.2.1
)

// Values of DeliverySettings.DotSegments.
const (
	DotReject = "reject" // 400
	DotRaw    = "raw"    // literal bytes of the key, never resolved
)

// StaleConditions returns the values that CacheSettings.StaleOn may hold:
// "error" is an origin that cannot be reached or breaks off before its
// response header, "timeout" one that is too slow for it, "invalid_header"
// one whose header makes no sense, and "http_503" an answer with that status.
func StaleConditions() []string {
	return []string{"error", "timeout", "invalid_header", "http_403", "http_404", "http_429", "http_500", "http_502", "http_503", "http_504"}
}

// UnmarshalJSON reads settings over the defaults.
func (s *OriginSettings) UnmarshalJSON(text []byte) error {
	type plain OriginSettings
	return unmarshalOver(text, s, Default().Origin, func(s *OriginSettings) any { return (*plain)(s) })
}

// UnmarshalJSON reads settings over the defaults.
func (s *CacheSettings) UnmarshalJSON(text []byte) error {
	type plain CacheSettings
	return unmarshalOver(text, s, Default().Cache, func(s *CacheSettings) any { return (*plain)(s) })
}

// UnmarshalJSON reads settings over the defaults.
func (s *DeliverySettings) UnmarshalJSON(text []byte) error {
	type plain DeliverySettings
	return unmarshalOver(text, s, Default().Delivery, func(s *DeliverySettings) any { return (*plain)(s) })
}

// unmarshalOver sets dst to def, changed as text says. A record that was
// stored before a setting existed thus reads as if it had the default. Plain
// gives the same value as a type without this method.
func unmarshalOver[T any](text []byte, dst *T, def T, plain func(*T) any) error {
	if err := json.Unmarshal(text, plain(&def)); err != nil {
		return err
	}
	*dst = def
	return nil
}
