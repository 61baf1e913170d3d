// Package edge is the data plane: it joins the phases of a request and takes
// what the control plane publishes.
package edge

import (
	"strings"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/admit"
	"github.com/cistern-cdn/cistern/internal/edge/deliver"
	"github.com/cistern-cdn/cistern/internal/edge/fill"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/edge/journal"
	"github.com/cistern-cdn/cistern/internal/edge/route"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
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
	store   store
	filler  *fill.Filler
	journal *journal.Journal
}

// A store is the cache as the edge uses it.
type store interface {
	fill.Store
	RemoveZone(zone string) (objects, bytes int64)
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
	if r.Allow != "" {
		refuse(x, r.Status, r.Code, httpmsg.Field{Name: []byte("Allow"), Value: []byte(r.Allow)})
	} else {
		refuse(x, r.Status, r.Code)
	}
	return answered
}

// lookup finds the object that answers. A HEAD is answered by what a GET has
// stored, or by an earlier HEAD's headers (RFC 9111, 4); never the reverse.
func (h *Handler) lookup(x *flow.Exchange) verdict {
	x.Key = appendKey(x.Key[:0], x.Site, false, x.Path, x.Request.Query, x.Request.HasQuery)
	o, other := h.store.Get(x.Key, x.Selecting())
	if x.Head && (o == nil || void(o, x) || !o.Meta().Verdict.Fresh(x.Seconds())) {
		if o != nil {
			o.Unpin()
		}
		x.Key[0] = headKey
		o, other = h.store.Get(x.Key, x.Selecting())
	}
	switch {
	case o != nil && void(o, x):
		o.Unpin()
		x.Status.Fwd = "uri-miss"
	case o == nil && other:
		x.Status.Fwd = "vary-miss"
	case o == nil:
		x.Status.Fwd = "uri-miss"
	default:
		x.Find(o)
		if o.Meta().Verdict.Fresh(x.Seconds()) {
			x.Result, x.Status.Hit = flow.ResultHit, true
			return found
		}
		x.Status.Fwd = "stale"
	}
	if httpcache.ParseRequest(x.Request.Fields).OnlyIfCached {
		deliver.OnlyIfCached(x)
		return answered
	}
	return next
}

// void reports whether o says that an object is missing, as of settings that
// were changed since.
func void(o *flow.Object, x *flow.Exchange) bool {
	return o.Negative && o.Epoch != x.Site.Group.NegativeEpoch
}

func (h *Handler) fill(x *flow.Exchange) verdict {
	h.filler.Fill(x)
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

// First bytes of cache keys: what a GET stored, and what a HEAD did.
const (
	getKey  = 'G'
	headKey = 'H'
)

// appendKey appends the cache key of a request: site, the path in its one
// strict form, and the query as far as it is sent to the origin (none to a
// signed one). Equal keys are equal origin requests.
func appendKey(dst []byte, site *flow.Site, head bool, path, query []byte, hasQuery bool) []byte {
	class := byte(getKey)
	if head {
		class = headKey
	}
	dst = append(dst, class)
	dst = append(dst, site.KeyPrefix...)
	dst = objkey.AppendStrict(dst, path)
	if hasQuery && !site.Signed {
		dst = append(dst, '?')
		dst = append(dst, query...)
	}
	return dst
}

// purgeKeys returns the keys of what a purge names with a target: mapped as a
// request for it would be. A target that no request can be made for has none.
func purgeKeys(site *flow.Site, target string) []string {
	raw, query, hasQuery := strings.Cut(target, "?")
	path, err := site.Rules.AppendPath(nil, []byte(raw))
	if err != nil {
		return nil
	}
	return []string{
		string(appendKey(nil, site, false, path, []byte(query), hasQuery)),
		string(appendKey(nil, site, true, path, []byte(query), hasQuery)),
	}
}
