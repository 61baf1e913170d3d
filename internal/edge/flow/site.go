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

	// KeyPrefix begins every cache key of the site: zone, group and content
	// generation, so that another bucket never answers with old objects.
	KeyPrefix []byte

	// Members are the enabled origins of the group, in order; none: a miss
	// fails, what is stored is served.
	Members []Member
	// Signed reports that requests to the origin are signed. Then only GET
	// and HEAD exist, and the query stays here.
	Signed bool
}

// A Member is an origin of a site with what it takes to ask it.
type Member struct {
	Origin     *zone.Origin
	Endpoint   zone.Endpoint    // the origin's derived addresses
	Credential *zone.Credential // nil: requests are not signed, or no credential is stored
	Mapping    *objkey.Mapping  // viewer path → bucket, key, wire path
}
