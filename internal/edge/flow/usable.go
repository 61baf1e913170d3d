package flow

import "github.com/cistern-cdn/cistern/internal/spec/httpcache"

// Void reports whether o says that an object is missing, as of settings that
// were changed since: then it answers nothing, stale or not.
func (x *Exchange) Void(o *Object) bool {
	return o.Negative && o.Epoch != x.Site.Group.NegativeEpoch
}

// Usable reports whether o, which is not void, may answer x without the
// origin: it is fresh, or what the viewer demands says so where the site
// honours that.
func (x *Exchange) Usable(o *Object) bool {
	v := &o.Meta().Verdict
	if !x.Site.Honor {
		return v.Fresh(x.Seconds())
	}
	d := httpcache.ParseRequest(x.Request.Fields)
	return v.Satisfies(&d, x.Seconds())
}

// UsableMeanwhile reports whether o, which is not usable, may nevertheless
// answer x while it is fetched anew in the background (RFC 5861, 3).
func (x *Exchange) UsableMeanwhile(o *Object) bool {
	v := &o.Meta().Verdict
	if !v.ServeWhileRevalidating(x.Seconds()) || v.Fresh(x.Seconds()) {
		return false
	}
	if !x.Site.Honor {
		return true
	}
	d := httpcache.ParseRequest(x.Request.Fields)
	return !d.NoCache && d.MaxAge < 0 && d.MinFresh == 0
}

// UsableOnFault reports whether o, which is not void, may answer x because a
// fetch failed.
func (x *Exchange) UsableOnFault(o *Object, f httpcache.Fault) bool {
	if x.Site.Honor && httpcache.ParseRequest(x.Request.Fields).NoCache {
		return false
	}
	return o.Meta().Verdict.ServeOnFault(f, x.Seconds())
}

// Private reports whether the viewer's request, and so its answer, must not be
// stored (RFC 9111, 5.2.1.5).
func (x *Exchange) Private() bool {
	return x.Site.Honor && httpcache.ParseRequest(x.Request.Fields).NoStore
}
