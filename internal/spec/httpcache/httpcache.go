// Package httpcache decides what a shared cache may do with a response: store
// it, for how long it is fresh, how old it is, to which requests it belongs
// and what becomes of it when it is validated. It is RFC 9111 with RFC 5861
// (stale windows), RFC 8246 (immutable) and RFC 9213 (targeted fields).
//
// Everything is a function from data to a verdict: no clock, no store, no
// network. Times are Unix seconds, durations are seconds. All functions may be
// called concurrently; none keeps or changes what it is given. [Evaluate],
// [IfRange], [AppendVariantKey] and the methods of [Verdict] run on every hit
// and allocate nothing, save for dst where it has no room.
package httpcache

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// MaxDelta is the largest number of seconds in use: a longer lifetime or age
// counts as this one (RFC 9111, 1.2.2).
const MaxDelta = httpmsg.MaxDelta

// A Policy holds the cache settings of a zone that change the verdict. The
// zero value is RFC 9111 for a plain origin, without heuristic lifetimes and
// without any window in which stale responses are served that the response
// does not grant itself.
type Policy struct {
	// Signed says that the origin is a private bucket: its errors are never
	// stored, except the negative entries that Input.Negative marks.
	Signed bool

	// DefaultTTL is the lifetime of a response without explicit freshness.
	// Negative means 86,400 for a signed origin and 0 for a plain one; 0 means
	// none. Above 0 it replaces heuristic lifetimes.
	DefaultTTL int64

	// NegativeTTL is the lifetime of a negative entry without own freshness.
	// 0 means that such entries are not stored.
	NegativeTTL int64

	// Override replaces the lifetimes that responses state, by status. The
	// order is free: an exact status beats AnyStatus.
	Override []StatusTTL

	// MinTTL and, if HasMaxTTL, MaxTTL bound every lifetime. MinTTL also
	// stands in for a DefaultTTL that is lower. Neither lifts no-store,
	// private or no-cache.
	MinTTL    int64
	MaxTTL    int64
	HasMaxTTL bool

	// StaleWhileRevalidate and StaleIfError are the windows granted by the
	// zone, counted from the end of the lifetime.
	StaleWhileRevalidate int64
	StaleIfError         int64

	// Heuristic allows a tenth of a response's age since Last-Modified as its
	// lifetime (RFC 9111, 4.2.2).
	Heuristic bool

	// SetCookie says what becomes of responses with Set-Cookie. Zero means
	// CookieStore.
	SetCookie CookieMode
}

// AnyStatus is the StatusTTL.Status that stands for every status.
const AnyStatus = 0

// A StatusTTL is one row of Policy.Override: responses of Status live TTL
// seconds; 0 means that they are not stored.
type StatusTTL struct {
	Status int
	TTL    int64
}

// A CookieMode says what becomes of a response with Set-Cookie.
type CookieMode uint8

const (
	// CookieStore keeps Set-Cookie and replays it, if the response states its
	// freshness; without explicit freshness the response is not stored.
	CookieStore CookieMode = iota
	// CookieStrip drops the field before storing: it is as if absent.
	CookieStrip
	// CookieBypass does not store the response.
	CookieBypass
)

// An Input is a response as it came from the origin, and what of its request
// matters. The request's method is GET or HEAD. Not for a 304: it changes a
// stored response (see [Update]), and the result is judged.
type Input struct {
	// Head says that the request was HEAD.
	Head bool
	// Ranged says that the request had a Range field and that the caller keeps
	// parts. Without it a 206 is not storable; with it a 416 is not.
	Ranged bool
	// Authorization and Cookie say that the viewer's request had these fields,
	// after those that the edge removes on entry were removed.
	Authorization bool
	Cookie        bool
	// Status is the final status with which the response would be stored.
	Status int
	// Fields are the response's fields, as received.
	Fields httpmsg.Fields
	// Negative says that the response means: the signed origin does not have
	// this object.
	Negative bool
	// RequestTime and ResponseTime are when the request was sent and the head
	// of the response received, Unix seconds by the edge's clock.
	RequestTime  int64
	ResponseTime int64
}

// A Verdict is the decision on one response. It holds no pointers, so that it
// can be kept with the entry in memory that the garbage collector does not
// see. The zero value is not storable and never fresh.
type Verdict struct {
	// Storable says that the response may be stored. If not, only Reason and
	// Born are meaningful.
	Storable bool
	// Reason says why the response is not storable.
	Reason Reason
	// Source says where Lifetime comes from.
	Source Source

	// Validate says that the response is validated before every use, however
	// young it is: no-cache, or nothing but a validator to go by.
	Validate bool
	// MustRevalidate says that the response is never served stale:
	// must-revalidate, proxy-revalidate, s-maxage or no-cache.
	MustRevalidate bool
	// Immutable says that a reload by the viewer is no reason to validate a
	// fresh response (RFC 8246, 2).
	Immutable bool

	// Born is the Unix second at which the age of the response was 0. It may
	// lie before the response came.
	Born int64
	// Lifetime is the freshness lifetime, 0 to MaxDelta, counted from Born.
	Lifetime int64

	// StaleWhileRevalidate, StaleIfError and ZoneStaleIfError are how long
	// after the end of the lifetime the response may be served stale; 0 means
	// never. StaleWhileRevalidate is the longer of the zone's window and the
	// response's own. StaleIfError is the response's own and covers answers
	// 500, 502, 503, 504 and transport faults; ZoneStaleIfError is the zone's
	// and covers the faults that the zone lists.
	StaleWhileRevalidate int64
	StaleIfError         int64
	ZoneStaleIfError     int64
}

// Age returns the response's age at now, 0 to MaxDelta: the value of the Age
// field of an answer from the store (RFC 9111, 4.2.3).
func (v *Verdict) Age(now int64) int64 {
	return min(max(now-v.Born, 0), MaxDelta)
}

// TTL returns how many seconds of the lifetime are left at now; 0 or negative
// for a stale response.
func (v *Verdict) TTL(now int64) int64 { return v.Lifetime - v.Age(now) }

// Fresh reports whether the response may be served at now without asking the
// origin (RFC 9111, 4.2).
func (v *Verdict) Fresh(now int64) bool {
	return v.Storable && !v.Validate && v.TTL(now) > 0
}

// ServeWhileRevalidating reports whether the stale response may be served at
// now while a refresh runs in the background (RFC 5861, 3).
func (v *Verdict) ServeWhileRevalidating(now int64) bool {
	return v.within(v.StaleWhileRevalidate, now)
}

// A Fault says how an attempt to fetch failed, as far as it matters for
// serving stale. The zero value is a fault that permits nothing.
type Fault struct {
	// Server says that the origin answered 500, 502, 503 or 504 or that the
	// transport failed: a response's own stale-if-error covers it (RFC 5861,
	// 4).
	Server bool
	// Zone says that the fault is among those for which the zone serves stale.
	Zone bool
}

// ServeOnFault reports whether the stale response may be served at now because
// f stopped the attempt to refresh it.
func (v *Verdict) ServeOnFault(f Fault, now int64) bool {
	return f.Server && v.within(v.StaleIfError, now) || f.Zone && v.within(v.ZoneStaleIfError, now)
}

// within reports whether now lies in a window after the end of the lifetime.
func (v *Verdict) within(window, now int64) bool {
	return v.Storable && !v.MustRevalidate && -v.TTL(now) < window
}

// StaleUntil returns the Unix second from which on the response can no longer
// be served without the origin, whatever happens. A store may prefer to evict
// what is past it; such a response is still good for validation.
func (v *Verdict) StaleUntil() int64 {
	if v.MustRevalidate {
		return v.Born + v.Lifetime
	}
	return v.Born + v.Lifetime + max(v.StaleWhileRevalidate, v.StaleIfError, v.ZoneStaleIfError)
}

// Expire makes the response stale as of now, as a soft purge does. Its windows
// for stale answers begin now. It changes nothing on a stale response.
func (v *Verdict) Expire(now int64) {
	v.Lifetime = min(v.Lifetime, v.Age(now))
}

// A Source says what a lifetime was taken from.
type Source uint8

const (
	FromNothing   Source = iota // no lifetime: validated on every use
	FromOverride                // Policy.Override
	FromTargeted                // Cistern-CDN-Cache-Control or CDN-Cache-Control
	FromSurrogate               // Surrogate-Control
	FromSharedAge               // Cache-Control: s-maxage
	FromMaxAge                  // Cache-Control: max-age
	FromExpires                 // Expires
	FromNegative                // Policy.NegativeTTL
	FromDefault                 // Policy.DefaultTTL or MinTTL
	FromHeuristic               // Last-Modified
)

// String returns the source in a word or two, as "max-age".
func (s Source) String() string {
	names := [...]string{"none", "override", "targeted", "surrogate", "s-maxage", "max-age", "expires", "negative", "default", "heuristic"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Explicit reports whether the response itself states its freshness, be it
// that it states it wrongly and therefore counts as stale.
func (s Source) Explicit() bool { return s >= FromTargeted && s <= FromExpires }

// A Reason says why a response is not storable.
type Reason uint8

const (
	ReasonNone           Reason = iota // it is storable
	ReasonStatus                       // interim, 304, or an error of a signed origin
	ReasonPartial                      // 206 or 416 that does not stand for the object
	ReasonNoStore                      // no-store
	ReasonPrivate                      // private
	ReasonMustUnderstand               // must-understand with an unknown status
	ReasonAuthorization                // Authorization without public, s-maxage or must-revalidate
	ReasonSetCookie                    // Set-Cookie without explicit freshness, or CookieBypass
	ReasonVary                         // Vary: *
	ReasonOverride                     // Policy.Override is 0
	ReasonNoLifetime                   // neither a lifetime nor a validator to use it by
)

// String returns the reason as a token, fit for the detail parameter of
// Cache-Status: "no-store".
func (r Reason) String() string {
	names := [...]string{"", "status", "partial", "no-store", "private", "must-understand", "authorization", "set-cookie", "vary", "override", "no-lifetime"}
	if int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}
