package fill

import (
	"strconv"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// maxVariants is the number of stored variants that one request to the origin
// asks about.
const maxVariants = 8

// validate makes the fetch conditional: it asks about base, and about other
// variants of the key, any of which the origin may find to be the answer (RFC
// 9111, 4.3.1).
func (fl *flight) validate(x *flow.Exchange) {
	var tags [maxVariants][]byte
	asked := tags[:0]
	if o := x.Found; o != nil && !o.Negative && fl.generation.Usable(o) {
		o.Pin()
		fl.stale = o
		m := o.Meta()
		if len(m.ETag)+len(m.LastModified) > 0 {
			o.Pin()
			fl.base = o
			fl.fetch.IfModifiedSince = string(m.LastModified)
			asked = append(asked, m.ETag)
		}
	}
	if fl.vary != nil && (fl.base == nil || len(fl.base.Vary) > 0) {
		var room [maxVariants]*flow.Object
		for _, o := range fl.filler.Store.Variants(room[:0], x.Key) {
			m := o.Meta()
			if o == fl.base || o.Negative || len(m.ETag) == 0 || len(asked) == maxVariants {
				o.Unpin()
				continue
			}
			fl.variants = append(fl.variants, o)
			asked = append(asked, m.ETag)
		}
	}
	fl.fetch.IfNoneMatch = string(httpcache.AppendIfNoneMatch(nil, asked...))
}

// unvalidated makes the next fetch unconditional.
func (fl *flight) unvalidated() {
	fl.fetch.IfNoneMatch, fl.fetch.IfModifiedSince = "", ""
	fl.unpinBases()
	fl.base, fl.variants = nil, nil
}

func (fl *flight) unpinBases() {
	if fl.base != nil {
		fl.base.Unpin()
	}
	for _, o := range fl.variants {
		o.Unpin()
	}
}

// confirmed returns the stored object that a 304 is about, nil if it is about
// none that was asked about, or one that was purged meanwhile.
func (fl *flight) confirmed(answer *flow.Answer) *flow.Object {
	candidates := fl.variants
	if fl.base != nil {
		candidates = append([]*flow.Object{fl.base}, candidates...)
	}
	if len(candidates) > 1 && answer.Fields.Get("ETag") == nil {
		return nil // it could be about any of them
	}
	for _, o := range candidates {
		if httpcache.SelectedBy(o.Meta().Fields, answer.Fields) && fl.generation.Usable(o) {
			return o
		}
	}
	return nil
}

// refresh replaces what is known of o by what the 304 about it says. Where
// another request fetched o, or it varies in another way now, a second object
// with the same body answers requests like this one.
func (fl *flight) refresh(o *flow.Object, answer *flow.Answer) {
	f, old := fl.filler, o.Meta()
	fields := httpcache.Update(old.Fields, answer.Fields, &fl.fetch.Site.Policy, answer.ResponseTime).Clone()
	fl.once = httpcache.OnceFields(nil, answer.Fields, fields, &fl.fetch.Site.Policy).Clone()
	meta := flow.NewMeta(old.Status, fields, fl.judge(old.Status, fields, answer))
	meta.Length = old.Length
	vary, ok := fl.selects(fields)
	variant, selects := httpcache.AppendVariantKey(nil, vary, fl.vary)
	meta.Verdict.Storable = meta.Verdict.Storable && ok && selects
	fl.shared = meta.Verdict.Storable
	fl.generation.Stamp(meta)

	f.mu.Lock()
	same := string(vary) == string(o.Vary)
	if o != fl.base || !same {
		fl.adopted = o.As(meta, vary, variant)
		if fl.leads {
			fl.adopted.Pin() // for that viewer
		}
	}
	switch {
	case meta.Verdict.Reason == httpcache.ReasonAuthorization:
		// What one viewer may see says nothing about what others have stored.
	case !fl.shared || !same && o == fl.base:
		expire(o)
	case same:
		// Purged at this moment: it is for those only who came before.
		fl.shared = fl.generation.Refresh(o, meta)
	}
	if fl.shared {
		if fl.adopted != nil && fl.generation.Current() && f.valid(fl) {
			f.Store.Put(fl.adopted)
		}
		fl.succeeded()
	}
	f.leave(fl)
	f.mu.Unlock()
	fl.refreshed = true
	close(fl.ready)
}

// expire makes o unusable but for validation.
func expire(o *flow.Object) {
	m := o.Meta()
	o.SetMeta(m.Judged(httpcache.Verdict{Born: m.Verdict.Born}))
}

// headed applies the answer to a HEAD to the stored answer to a GET: it is
// refreshed, or stale if it is another one now (RFC 9111, 4.3.5).
func (fl *flight) headed(answer *flow.Answer) {
	o := fl.stale
	if o == nil || o.Key[0] != flow.KeyGET || answer.Status != 200 {
		return
	}
	old := o.Meta()
	if old.Status != 200 {
		return
	}
	if !httpcache.HeadAgrees(withLength(old.Fields, o.Size()), withLength(answer.Fields, answer.Length)) {
		v := old.Verdict
		v.Expire(time.Now().Unix())
		o.SetMeta(old.Judged(v))
		return
	}
	fields := httpcache.Update(old.Fields, answer.Fields, &fl.fetch.Site.Policy, answer.ResponseTime).Clone()
	if vary, ok := fl.selects(fields); !ok || string(vary) != string(o.Vary) {
		expire(o)
		return
	}
	if v := fl.judge(old.Status, fields, answer); v.Storable {
		meta := flow.NewMeta(old.Status, fields, v)
		fl.generation.Stamp(meta)
		fl.generation.Refresh(o, meta)
	}
}

// withLength returns fields with a Content-Length, which is kept apart from
// them. A negative one is not known.
func withLength(fields httpmsg.Fields, length int64) httpmsg.Fields {
	if length < 0 {
		return fields
	}
	f := httpmsg.Field{Name: []byte("Content-Length"), Value: strconv.AppendInt(nil, length, 10)}
	return append(fields[:len(fields):len(fields)], f)
}
