package httpcache

import (
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

const (
	defaultSignedTTL = 86400 // Policy.DefaultTTL when it is not set
	maxHeuristic     = 86400 // bound of heuristic lifetimes
)

// Judge decides whether a response may be stored and how long it may be used
// (RFC 9111, 3 and 4.2).
//
// A lifetime comes from the first of: Policy.Override, a targeted field,
// Surrogate-Control, s-maxage, max-age, Expires, Policy.NegativeTTL or
// Policy.DefaultTTL, a heuristic. Then MinTTL and MaxTTL bound it.
func Judge(in *Input, p *Policy) Verdict {
	j := judge{in: in, policy: p, control: readControl(in.Fields)}
	j.read()
	v := Verdict{Born: in.ResponseTime - j.initialAge()}
	if v.Reason = j.prohibition(); v.Reason != ReasonNone {
		return v
	}
	v.Lifetime, v.Source = j.lifetime()
	v.Validate = j.control.noCache || v.Source == FromNothing
	v.MustRevalidate = j.control.final()
	v.Immutable = j.control.immutable
	j.windows(&v)
	if v.Reason = j.useless(&v); v.Reason != ReasonNone {
		return Verdict{Born: v.Born, Reason: v.Reason}
	}
	v.Storable = true
	return v
}

// A judge holds what several steps of Judge need to know of the response.
type judge struct {
	in      *Input
	policy  *Policy
	control control

	date         int64 // Date, or when the response came
	lastModified int64
	modified     bool // lastModified is there
	validator    bool // ETag or Last-Modified is there
	setCookie    bool // and would be stored
	anyVary      bool // Vary: *, or one that cannot be read
	noSurrogate  bool // Surrogate-Control: no-store
	surrogate    int64
	hasSurrogate bool
}

func (j *judge) read() {
	fields, now := j.in.Fields, time.Unix(j.in.ResponseTime, 0)
	var ok bool
	if j.date, ok = httpmsg.ParseDate(fields.Get("Date"), now); !ok {
		// RFC 9110, 6.6.1: a missing Date is the time of receipt.
		j.date = j.in.ResponseTime
	}
	j.lastModified, j.modified = httpmsg.ParseDate(fields.Get("Last-Modified"), now)
	j.validator = j.modified || len(fields.Get("ETag")) > 0
	j.setCookie = fields.Get("Set-Cookie") != nil && j.policy.SetCookie != CookieStrip &&
		!j.control.excludes([]byte("Set-Cookie"))
	j.surrogate, j.hasSurrogate, j.noSurrogate = surrogate(fields)
	j.anyVary = !readableVary(fields)
}

// initialAge returns the corrected initial age (RFC 9111, 4.2.3).
func (j *judge) initialAge() int64 {
	apparent := max(j.in.ResponseTime-j.date, 0)
	delay := max(j.in.ResponseTime-j.in.RequestTime, 0)
	return min(max(apparent, parseAge(j.in.Fields)+delay), MaxDelta)
}

// parseAge reads the first member of the first Age line; an invalid one
// counts as 0 (RFC 9111, 5.1).
func parseAge(fields httpmsg.Fields) int64 {
	value := fields.Get("Age")
	member, _, ok := httpmsg.CutMember(value)
	if !ok || value[0] == ',' {
		return 0
	}
	n, _ := httpmsg.ParseDelta(member)
	return n
}

// prohibition returns why the response must not be stored, whatever lifetime
// it has (RFC 9111, 3).
func (j *judge) prohibition() Reason {
	in, c := j.in, &j.control
	status := in.Status
	switch {
	case status < 200 || status > 999 || status == 304:
		return ReasonStatus
	case status == 206 && !in.Ranged, status == 416 && in.Ranged:
		return ReasonPartial
	case status == 428 || status == 429 || status == 431 || status == 511:
		return ReasonStatus // RFC 6585, 3 to 6
	case j.policy.Signed && status >= 300 && !in.Negative:
		return ReasonStatus
	case c.mustUnderstand && !understood(status):
		return ReasonMustUnderstand
	case c.noStore && !c.mustUnderstand, j.noSurrogate && !c.targeted:
		return ReasonNoStore
	case c.private:
		return ReasonPrivate
	case in.Authorization && !c.public && !c.mustRevalidate && (!c.sharedAge.set || c.sharedAge.bad):
		return ReasonAuthorization
	case j.policy.SetCookie == CookieBypass && in.Fields.Get("Set-Cookie") != nil:
		return ReasonSetCookie
	case j.anyVary:
		return ReasonVary
	}
	return ReasonNone
}

// lifetime returns the freshness lifetime and what it was taken from.
func (j *judge) lifetime() (int64, Source) {
	n, source := j.unbounded()
	if source == FromNothing {
		return 0, source
	}
	if j.policy.HasMaxTTL {
		n = min(n, j.policy.MaxTTL)
	}
	n = max(n, j.policy.MinTTL)
	return min(max(n, 0), MaxDelta), source
}

func (j *judge) unbounded() (int64, Source) {
	p, status := j.policy, j.in.Status
	// A lifetime that only the zone states is not for what may be personal.
	personal := j.setCookie || j.in.Cookie || j.in.Authorization
	if n, ok := p.override(status); ok && !personal {
		return n, FromOverride
	}
	if n, source := j.explicit(); source != FromNothing {
		return n, source
	}
	if j.control.noCache || j.setCookie {
		return 0, FromNothing
	}
	if p.Signed && j.in.Negative {
		return p.NegativeTTL, FromNegative
	}
	if !personal && takesDefault(status) {
		if n := max(p.defaultTTL(), p.MinTTL); n > 0 {
			return n, FromDefault
		}
	}
	if p.Heuristic && j.modified && (heuristic(status) || j.control.public) {
		return min(max((j.date-j.lastModified)/10, 0), maxHeuristic), FromHeuristic
	}
	return 0, FromNothing
}

// explicit returns the lifetime that the response states. If it does so in an
// invalid way it is stale (RFC 9111, 4.2.1).
func (j *judge) explicit() (int64, Source) {
	c := &j.control
	shared, private := FromSharedAge, FromMaxAge
	switch {
	case c.targeted:
		shared, private = FromTargeted, FromTargeted
	case j.hasSurrogate:
		return j.surrogate, FromSurrogate
	case c.malformed:
		return 0, FromMaxAge
	}
	switch {
	case c.sharedAge.set && !c.maxAge.bad:
		return c.sharedAge.value(), shared
	case c.sharedAge.set:
		return 0, shared
	case c.maxAge.set:
		return c.maxAge.value(), private
	case c.targeted || j.in.Fields.Get("Expires") == nil:
		return 0, FromNothing
	}
	// RFC 9111, 5.3: an invalid date, and 0 in particular, is in the past.
	expires, ok := httpmsg.ParseDate(j.in.Fields.Get("Expires"), time.Unix(j.in.ResponseTime, 0))
	if !ok || j.in.Fields.Count("Expires") > 1 {
		return 0, FromExpires
	}
	return expires - j.date, FromExpires
}

// windows sets how long the response may be served stale (RFC 9111, 4.2.4,
// and RFC 5861).
func (j *judge) windows(v *Verdict) {
	if v.MustRevalidate {
		return
	}
	c, p := &j.control, j.policy
	v.StaleIfError = c.staleIfError.value()
	if !v.Validate {
		v.StaleWhileRevalidate = c.staleWhile.value()
	}
	if j.in.Negative {
		// An object that was missing a while ago is no reason to say so while
		// the origin cannot be asked.
		return
	}
	v.ZoneStaleIfError = max(p.StaleIfError, 0)
	if !v.Validate {
		v.StaleWhileRevalidate = max(v.StaleWhileRevalidate, p.StaleWhileRevalidate)
	}
}

// useless returns why it makes no sense to store the response: it could never
// be used (RFC 9111, 3, the last condition).
func (j *judge) useless(v *Verdict) Reason {
	switch {
	case v.Source == FromOverride && j.overriddenToZero():
		return ReasonOverride
	case v.Source == FromNegative && v.Lifetime == 0:
		return ReasonNoLifetime
	case v.Source == FromNothing && j.setCookie:
		return ReasonSetCookie
	case j.validator && (v.Source != FromNothing || heuristic(j.in.Status) || j.control.public):
		return ReasonNone
	case v.Validate:
		return ReasonNoLifetime
	case v.Lifetime == 0 && v.StaleWhileRevalidate == 0 && v.StaleIfError == 0 && v.ZoneStaleIfError == 0:
		return ReasonNoLifetime
	}
	return ReasonNone
}

func (j *judge) overriddenToZero() bool {
	n, _ := j.policy.override(j.in.Status)
	return n <= 0
}

// override returns the lifetime that the zone sets for a status.
func (p *Policy) override(status int) (ttl int64, ok bool) {
	for i := range p.Override {
		switch p.Override[i].Status {
		case status:
			return p.Override[i].TTL, true
		case AnyStatus:
			ttl, ok = p.Override[i].TTL, true
		}
	}
	return ttl, ok
}

func (p *Policy) defaultTTL() int64 {
	switch {
	case p.DefaultTTL >= 0:
		return p.DefaultTTL
	case p.Signed:
		return defaultSignedTTL
	}
	return 0
}

// takesDefault reports whether Policy.DefaultTTL is for responses of a status.
func takesDefault(status int) bool {
	switch status {
	case 200, 203, 206, 300, 301, 308:
		return true
	}
	return false
}

// heuristic reports whether a status is heuristically cacheable (RFC 9110,
// 15.1).
func heuristic(status int) bool {
	switch status {
	case 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501:
		return true
	}
	return false
}

// understood reports whether a final status is one whose caching rules this
// package knows (RFC 9111, 5.2.2.3): those of RFC 9110.
func understood(status int) bool {
	switch {
	case status >= 200 && status <= 206, status >= 300 && status <= 305,
		status == 307, status == 308, status >= 400 && status <= 417,
		status == 421, status == 422, status == 426, status >= 500 && status <= 505:
		return true
	}
	return false
}
