// Package admit decides whether a request may be answered at all, before the
// cache is looked at: whether its zone is active, its path can be a key and
// its method is served, and whether the path may be fetched. A hit passes the
// same checks as a miss.
package admit

import (
	"strconv"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// A Refusal says why a request is turned down, or that it is OPTIONS and for
// the edge to answer: then Status is 204.
type Refusal struct {
	Status int
	Code   catalog.Access
	// Allow lists the methods, for 405 and 204; otherwise empty.
	Allow string
	// Sentence says what is wrong where the catalogue has no Code for it.
	Sentence string
}

var (
	suspended = &Refusal{Status: 403, Code: catalog.AccessZoneSuspended}
	repeated  = &Refusal{Status: 400, Sentence: "A query parameter that is sent to the bucket occurs more than once."}
	escape    = &Refusal{Status: 400, Sentence: "A query parameter that is sent to the bucket has a broken percent escape."}
)

// Check sets x.Head, x.Through, x.Path and what x.Normalize does, or returns why the request is refused. It
// allocates only to refuse.
func Check(x *flow.Exchange) *Refusal {
	req := &x.Request
	var bad *objkey.Refusal // what is wrong with the path
	if req.Path != nil {
		var err error
		if x.Path, err = x.Site.Rules.AppendPath(x.Path[:0], req.Path); err != nil {
			bad = err.(*objkey.Refusal)
		}
	}
	switch {
	case bad != nil && bad.Code == catalog.AccessPathBadEncoding:
		return refusal(bad)
	case !x.Site.Zone.Active:
		return suspended
	case bad != nil && bad.Status == 400:
		return refusal(bad)
	}
	if r := method(x); r != nil {
		return r
	}
	if bad != nil {
		return refusal(bad)
	}
	for i := range x.Site.Members {
		if err := x.Site.Members[i].Mapping.Check(x.Path); err != nil {
			return refusal(err.(*objkey.Refusal))
		}
	}
	switch x.Normalize() {
	case nil:
		return nil
	case flow.ErrRepeated:
		return repeated
	}
	return escape
}

// method sets x.Head and x.Through, or returns why the method is refused.
func method(x *flow.Exchange) *Refusal {
	site := x.Site
	switch string(x.Request.Method) {
	case "GET":
		return nil
	case "HEAD":
		x.Head = true
		return nil
	case "OPTIONS":
		if site.Options && ends(x) {
			return &Refusal{Status: 204, Allow: site.Allow}
		}
		x.Through = site.Options
	case "CONNECT", "TRACE":
	default:
		x.Through = site.AnyMethod
	}
	if x.Through {
		return nil
	}
	return &Refusal{Status: 405, Code: catalog.AccessMethodNotAllowed, Allow: site.Allow}
}

// ends reports whether OPTIONS is answered here: it is about the edge itself,
// has come as far as it was to (RFC 9110, 7.6.2), or there is nobody to ask.
func ends(x *flow.Exchange) bool {
	hops, err := strconv.Atoi(string(x.Request.Fields.Get("Max-Forwards")))
	return x.Site.Signed || x.Request.Asterisk || err == nil && hops == 0
}

func refusal(r *objkey.Refusal) *Refusal {
	return &Refusal{Status: r.Status, Code: r.Code}
}
