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
}

var (
	suspended = &Refusal{Status: 403, Code: catalog.AccessZoneSuspended}
	method    = &Refusal{Status: 405, Code: catalog.AccessMethodNotAllowed, Allow: "GET, HEAD"}
)

// Check sets x.Head and x.Path, or returns why the request is refused. It
// allocates only to refuse.
func Check(x *flow.Exchange) *Refusal {
	if !x.Site.Zone.Active {
		return suspended
	}
	req := &x.Request
	var err error
	if req.Path != nil {
		if x.Path, err = x.Site.Rules.AppendPath(x.Path[:0], req.Path); status(err) == 400 {
			return refusal(err)
		}
	}
	switch {
	case string(req.Method) == "GET":
	case string(req.Method) == "HEAD":
		x.Head = true
	default:
		return method
	}
	if err != nil {
		return refusal(err)
	}
	for i := range x.Site.Members {
		if err := x.Site.Members[i].Mapping.Check(x.Path); err != nil {
			return refusal(err)
		}
	}
	return nil
}

func status(err error) int {
	if r, ok := err.(*objkey.Refusal); ok {
		return r.Status
	}
	return 0
}

func refusal(err error) *Refusal {
	r := err.(*objkey.Refusal)
	return &Refusal{Status: r.Status, Code: r.Code}
}
