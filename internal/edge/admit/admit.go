// Package admit decides whether a request may be answered at all, before the
// cache is looked at: whether its zone is active, its path can be a key and
// its method is served, and whether the path may be fetched. A hit passes the
// same checks as a miss.
package admit

import (
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// A Refusal says why a request is turned down.
type Refusal struct {
	Status int
	Code   catalog.Access
	// Allow lists the methods, for 405; otherwise empty.
	Allow string
	// Sentence says what is wrong where the catalogue has no Code for it.
	Sentence string
}

var (
	suspended = &Refusal{Status: 403, Code: catalog.AccessZoneSuspended}
	repeated  = &Refusal{Status: 400, Sentence: "A query parameter that is sent to the bucket occurs more than once."}
	escape    = &Refusal{Status: 400, Sentence: "A query parameter that is sent to the bucket has a broken percent escape."}
	method    = &Refusal{Status: 405, Code: catalog.AccessMethodNotAllowed, Allow: "GET, HEAD"}
)

// Check sets x.Head, x.Path and what x.Normalize does, or returns why the request is refused. It
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
	switch string(req.Method) {
	case "GET":
	case "HEAD":
		x.Head = true
	default:
		return method
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

func refusal(r *objkey.Refusal) *Refusal {
	return &Refusal{Status: r.Status, Code: r.Code}
}
