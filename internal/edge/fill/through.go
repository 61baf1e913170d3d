package fill

import (
	"net/url"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

// maxInvalid bounds the targets that fetches under way must not store; beyond
// it no fetch that has begun may.
const maxInvalid = 10_000

// Through sends the request of x, whose method is not the cache's business, to
// the origin, once, with its content as it arrives. x reads the answer, which
// is not stored, or has a fault. Through blocks until the response header is
// there.
func (f *Filler) Through(x *flow.Exchange) {
	x.Result, x.Status.Fwd = flow.ResultBypass, cdnfield.FwdMethod
	if x.Content != nil {
		if fault := x.Content.Fault(); fault != nil { // too long, as was announced
			x.Fault = &flow.Fault{Status: fault.Status, Proxy: cdnfield.HTTPRequestError, Err: fault}
			return
		}
	}
	x.Key = x.AppendKey(x.Key[:0])
	f.mu.Lock()
	fl := f.newFlight(x, false)
	fl.fetch.Method = string(x.Request.Method)
	fl.fetch.Content = x.Content
	fl.target = string(x.Request.Path)
	if x.Request.HasQuery {
		fl.target += "?" + string(x.Request.Query)
	}
	f.launch(fl, false)
	f.mu.Unlock()
	f.await(x, fl)
	f.take(x, fl, true)
}

// A timed content tells when it is first read: from then on its own limits
// hold, and not those of waiting for an origin.
type timed struct {
	flow.Content
	begun func()
}

// Read implements flow.Content.
func (t *timed) Read(p []byte) (int, error) {
	t.begun()
	return t.Content.Read(p)
}

// invalidate makes unusable what the answer says has changed: the target of
// the request, and what Location and Content-Location name of the same origin
// (RFC 9111, 4.4).
func (fl *flight) invalidate(answer *flow.Answer) {
	f, fe := fl.filler, fl.fetch
	if !httpcache.Invalidates([]byte(fe.Method), answer.Status) {
		return
	}
	targets := []string{fl.target}
	request, err := url.Parse(fe.Scheme + "://" + fe.ViewerHost + fl.target)
	for _, name := range [...]string{"Location", "Content-Location"} {
		ref := answer.Fields.Get(name)
		if err != nil || ref == nil {
			continue
		}
		if target, ok := httpcache.InvalidatedTarget(request, string(ref)); ok {
			targets = append(targets, target)
		}
	}
	var keys [][]byte
	for _, target := range targets {
		if key := f.Key(fe.Site, target); key != nil {
			keys = append(keys, key)
		}
	}
	f.mu.Lock()
	if len(f.invalid)+len(keys) > maxInvalid {
		clear(f.invalid)
		f.invalidBefore = f.begun
	}
	for _, key := range keys {
		f.invalid[string(flow.KeyTarget(key))] = f.begun
	}
	for key, other := range f.flights {
		if !f.valid(other) {
			delete(f.flights, key) // who comes now starts anew
		}
	}
	f.mu.Unlock()
	f.Drop(fe.Site, keys)
}

// valid reports whether what the flight brings is still the answer, as far as
// requests that went through tell. f.mu is held.
func (f *Filler) valid(fl *flight) bool {
	if fl.number <= f.invalidBefore {
		return false
	}
	since, ok := f.invalid[string(flow.KeyTarget([]byte(fl.key)))]
	return !ok || fl.number > since
}
