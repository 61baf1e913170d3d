// Package edge is the data plane: it joins the phases of a request and takes
// what the control plane publishes.
package edge

import (
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/admit"
	"github.com/cistern-cdn/cistern/internal/edge/deliver"
	"github.com/cistern-cdn/cistern/internal/edge/fill"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/edge/journal"
	"github.com/cistern-cdn/cistern/internal/edge/route"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A verdict says how a request goes on after a step.
type verdict uint8

const (
	next     verdict = iota // with the next step
	found                   // with deliver: the cache has the object
	answered                // not at all: the reply is complete
)

// steps is the life of one viewer request, in order. Nothing happens to a
// request that is not in this table. Steps before the first that may block
// run inside Start, on the connection's own goroutine.
var steps = [...]struct {
	name   string
	blocks bool
	run    func(*Handler, *flow.Exchange) verdict
}{
	{"route", false, (*Handler).route},     // host to site, else 404
	{"admit", false, (*Handler).admit},     // active zone, path, method, prefixes
	{"lookup", false, (*Handler).lookup},   // cache key, then hit, stale or miss
	{"fill", true, (*Handler).fill},        // miss: one origin request for all
	{"deliver", false, (*Handler).deliver}, // conditions, range, fields: fills the Reply
}

const deliverStep = len(steps) - 1

// A Handler takes requests through the steps. It implements flow.Handler and
// is safe for concurrent use.
type Handler struct {
	table   atomic.Pointer[route.Table]
	store   fill.Store
	filler  *fill.Filler
	journal *journal.Journal
}

var _ flow.Handler = (*Handler)(nil)

// Start implements flow.Handler.
func (h *Handler) Start(x *flow.Exchange) bool {
	for i := 0; i < len(steps); i++ {
		if steps[i].blocks {
			x.Step = i
			return false
		}
		switch steps[i].run(h, x) {
		case found:
			i = deliverStep - 1
		case answered:
			return true
		}
	}
	return true
}

// Finish implements flow.Handler.
func (h *Handler) Finish(x *flow.Exchange) {
	for i := x.Step; i < len(steps); i++ {
		if steps[i].run(h, x) == answered {
			return
		}
	}
}

// Done implements flow.Handler.
func (h *Handler) Done(x *flow.Exchange, sent int64, err error) {
	h.journal.Record(x, sent, err)
	x.Release()
}

func (h *Handler) route(x *flow.Exchange) verdict {
	x.Host, _ = httpmsg.SplitAuthority(x.Host[:0], x.Request.Authority)
	if x.Site = h.table.Load().Site(x.Host); x.Site == nil {
		refuse(x, 404, catalog.AccessZoneUnknown)
		return answered
	}
	return next
}

func (h *Handler) admit(x *flow.Exchange) verdict {
	r := admit.Check(x)
	if r == nil {
		return next
	}
	switch {
	case r.Status == 204:
		deliver.Options(x, r.Allow)
	case r.Sentence != "":
		deliver.Refuse(x, r.Status, r.Code, r.Sentence)
	case r.Allow != "":
		refuse(x, r.Status, r.Code, httpmsg.Field{Name: []byte("Allow"), Value: []byte(r.Allow)})
	default:
		refuse(x, r.Status, r.Code)
	}
	return answered
}

// lookup finds the object that answers. A HEAD is answered by what a GET has
// stored, or by an earlier HEAD's headers (RFC 9111, 4); never the reverse.
func (h *Handler) lookup(x *flow.Exchange) verdict {
	if x.Through {
		return next
	}
	if !x.Site.Cached {
		x.Status.Fwd = cdnfield.FwdBypass
		return onlyIfCached(x)
	}
	x.Key = x.AppendKey(x.Key[:0])
	o := h.find(x)
	if x.Head && !answers(x, o) {
		x.Key[0] = flow.KeyHEAD
		if own := h.find(x); o == nil || answers(x, own) {
			o, own = own, o
			unpin(own)
		} else {
			unpin(own)
		}
	}
	if o == nil {
		return onlyIfCached(x)
	}
	x.Find(o)
	fresh := o.Meta().Verdict.Fresh(x.Seconds())
	switch {
	case fresh && x.Usable(o):
		x.Result, x.Status.Hit = flow.ResultHit, true
		return found
	case x.Usable(o):
		x.Result, x.Status.Hit = flow.ResultStale, true
		return found
	case x.UsableMeanwhile(o):
		h.filler.Refresh(x)
		x.Result, x.Status.Hit = flow.ResultStale, true
		return found
	case fresh:
		x.Status.Fwd = cdnfield.FwdRequest
	default:
		x.Status.Fwd = cdnfield.FwdStale
	}
	return onlyIfCached(x)
}

// find returns what is stored under the key of x, pinned, or nil.
func (h *Handler) find(x *flow.Exchange) *flow.Object {
	o, other := h.store.Get(x.Key, x.Selecting())
	if o != nil && x.Void(o) {
		o.Unpin()
		o = nil
	}
	x.Status.Fwd = cdnfield.FwdURIMiss
	if other {
		x.Status.Fwd = cdnfield.FwdVaryMiss
	}
	return o
}

// answers reports whether o, which may be nil, can answer x at once.
func answers(x *flow.Exchange, o *flow.Object) bool {
	return o != nil && (x.Usable(o) || x.UsableMeanwhile(o))
}

func unpin(o *flow.Object) {
	if o != nil {
		o.Unpin()
	}
}

// onlyIfCached ends a request that must not be forwarded.
func onlyIfCached(x *flow.Exchange) verdict {
	if !httpcache.ParseRequest(x.Request.Fields).OnlyIfCached {
		return next
	}
	deliver.OnlyIfCached(x)
	return answered
}

func (h *Handler) fill(x *flow.Exchange) verdict {
	if x.Through {
		h.filler.Through(x)
	} else {
		h.filler.Fill(x)
	}
	if x.Fault != nil {
		deliver.Fault(x)
		return answered
	}
	return next
}

func (h *Handler) deliver(x *flow.Exchange) verdict {
	deliver.Object(x)
	return answered
}

// refuse turns a request down with the catalogue's sentence.
func refuse(x *flow.Exchange, status int, code catalog.Access, extra ...httpmsg.Field) {
	deliver.Refuse(x, status, code, code.Row().Meaning, extra...)
}
