package flow

import (
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Site is a zone compiled for requests: what the phases need of one
// Snapshot. It is immutable.
type Site struct {
	Zone  *zone.Zone
	Group *zone.Group

	Rules  objkey.Rules     // request target → viewer path
	Policy httpcache.Policy // what is stored, and for how long

	// Allow lists the methods that are served, as the field Allow does.
	// AnyMethod allows all but CONNECT and TRACE, Options OPTIONS besides GET
	// and HEAD.
	Allow              string
	AnyMethod, Options bool

	// Cached false: nothing is looked up, stored or collapsed.
	Cached bool
	// Query is what of viewers' queries is sent and in the key.
	Query QueryPolicy
	// Cookies says what becomes of viewers' cookies: zone.CookiesStrip,
	// CookiesForward or CookiesKey.
	Cookies string
	// KeyParts reports that more than the target is in the key: what
	// Zone.Cache.Key names, or cookies, which KeyCookies reports.
	KeyParts, KeyCookies bool
	// IgnoreAuthorization removes a viewer's Authorization on entry.
	IgnoreAuthorization bool
	// Honor makes viewers' Cache-Control act (RFC 9111, 5.2.1).
	Honor bool
	// Headers identifies how response fields are rendered: the policy of
	// Blocks.
	Headers uint64
	// BrowserTTL is the lifetime that viewers are told, in seconds; negative:
	// what the origin says.
	BrowserTTL int64

	// KeyPrefix begins every cache key of the site: zone, group and content
	// generation, so that another bucket never answers with old objects.
	KeyPrefix []byte

	// Members are the enabled origins of the group, in order; none: a miss
	// fails, what is stored is served.
	Members []Member
	// Signed reports that requests to the origin are signed. Then only GET
	// and HEAD exist.
	Signed bool
}

// A Member is an origin of a site with what it takes to ask it.
type Member struct {
	Origin     *zone.Origin
	Endpoint   zone.Endpoint    // the origin's derived addresses
	Credential *zone.Credential // nil: requests are not signed, or no credential is stored
	Mapping    *objkey.Mapping  // viewer path → bucket, key, wire path
}
