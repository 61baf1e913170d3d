package httpcache

import (
	"bytes"
	"slices"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Filter tells which fields of a response are stored (RFC 9111, 3.1, and
// 5.2.2.4, 5.2.2.7): all but those of the connection and those that no-cache
// or private name in a list. Make one with [NewFilter] for each response.
type Filter struct {
	fields       httpmsg.Fields
	control      control
	stripCookies bool
}

// NewFilter returns the filter for a response. It reads fields as long as it
// is in use.
func NewFilter(fields httpmsg.Fields, p *Policy) Filter {
	return Filter{fields: fields, control: readControl(fields), stripCookies: p.SetCookie == CookieStrip}
}

// Keep reports whether a field of this name is stored.
func (f *Filter) Keep(name []byte) bool {
	return f.passes(name) && !f.lists(name)
}

// Once reports whether a field of this name is for nobody but the viewer
// whose request the response answers, as no-cache or private names it in a
// list: it is passed on, and not stored.
func (f *Filter) Once(name []byte) bool {
	return f.lists(name) && f.passes(name)
}

func (f *Filter) lists(name []byte) bool {
	return f.control.nLists > 0 && f.control.excludes(name)
}

// passes reports whether a field of this name goes beyond this hop.
func (f *Filter) passes(name []byte) bool {
	if ofConnection(name) || f.stripCookies && httpmsg.EqualFold(name, "Set-Cookie") {
		return false
	}
	for i := range f.fields {
		if httpmsg.EqualFold(f.fields[i].Name, "Connection") && listHas(f.fields[i].Value, name) {
			return false
		}
	}
	return true
}

// ofConnection reports whether a field is for one connection only or for a
// proxy on the way.
func ofConnection(name []byte) bool {
	for _, s := range [...]string{
		"Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade",
		"Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info",
		"Proxy-Authorization",
	} {
		if httpmsg.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// StoredFields appends to dst the fields of a response that are stored, in
// their order, and a Date if the response has none or an invalid one (RFC
// 9110, 6.6.1). The result shares names and values with fields.
func StoredFields(dst, fields httpmsg.Fields, p *Policy, responseTime int64) httpmsg.Fields {
	f := NewFilter(fields, p)
	_, dated := parseDate(fields.Get("Date"), responseTime)
	for i := range fields {
		if f.Keep(fields[i].Name) && (dated || !httpmsg.EqualFold(fields[i].Name, "Date")) {
			dst = append(dst, fields[i])
		}
	}
	if !dated {
		dst = append(dst, httpmsg.Field{Name: []byte("Date"), Value: httpmsg.AppendDate(nil, responseTime)})
	}
	return dst
}

// OnceFields appends to dst the fields of a response that are passed on and
// not stored (see [Filter.Once]), in their order: usually none. The lists are
// read in stored, what is stored then, as a 304 may leave them out. The result
// shares names and values with fields.
func OnceFields(dst, fields, stored httpmsg.Fields, p *Policy) httpmsg.Fields {
	f, lists := NewFilter(fields, p), readControl(stored)
	f.control = lists
	for i := range fields {
		if f.Once(fields[i].Name) {
			dst = append(dst, fields[i])
		}
	}
	return dst
}

// SelectedBy reports whether a 304 is about the stored response (RFC 9111,
// 4.3.4): what it has of validators agrees with the stored ones. A strong ETag
// must match strongly. If it is not, the entry is dropped and the object
// fetched again without conditions.
func SelectedBy(stored, from304 httpmsg.Fields) bool {
	if tag := from304.Get("ETag"); len(tag) > 0 {
		have := stored.Get("ETag")
		if _, weak, ok := ParseETag(tag); ok && !weak {
			return StrongMatch(have, tag)
		}
		return WeakMatch(have, tag)
	}
	if modified := from304.Get("Last-Modified"); len(modified) > 0 {
		return sameDate(stored.Get("Last-Modified"), modified)
	}
	// A 304 should repeat the ETag; from one that does not, the condition
	// that was sent is all there is to go by.
	return true
}

// sameDate reports whether both dates are the same text or the same second.
// The century of a two-digit year is that in which the other date lies.
func sameDate(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, ok := parseDate(a, 0)
	y, valid := parseDate(b, x)
	x, _ = parseDate(a, y)
	return ok && valid && x == y
}

// Update returns the fields of a stored response after a 304 about it (RFC
// 9111, 3.2 and 4.3.4): fields that the 304 has replace all stored lines of
// their name; those that it lacks stay. Of the 304 are left out
// Content-Length, Content-Encoding and Content-Range, which describe the
// stored bytes, and what [Filter] does not keep; also what lists of no-cache
// or private name in the stored response, if the 304 does not replace them.
// Age and Date are always the 304's, at responseTime, as the age counts from
// it.
//
// The result shares names and values with both lists. The caller judges it
// anew, with the status of the stored response and the times of the 304; and
// as Vary may have changed, the variant key is made anew too.
func Update(stored, from304 httpmsg.Fields, p *Policy, responseTime int64) httpmsg.Fields {
	fresh := StoredFields(make(httpmsg.Fields, 0, len(from304)+1), from304, p, responseTime)
	fresh = fresh.Drop("Content-Length", "Content-Encoding", "Content-Range")
	out := make(httpmsg.Fields, 0, len(stored)+len(fresh))
	for i := range stored {
		if !has(fresh, stored[i].Name) && !httpmsg.EqualFold(stored[i].Name, "Age") {
			out = append(out, stored[i])
		}
	}
	out = append(out, fresh...)
	if f := NewFilter(out, p); f.control.nLists > 0 {
		out = slices.DeleteFunc(out, func(field httpmsg.Field) bool { return f.lists(field.Name) })
	}
	return out
}

func has(fields httpmsg.Fields, name []byte) bool {
	for i := range fields {
		if equalFold(fields[i].Name, name) {
			return true
		}
	}
	return false
}

// HeadAgrees reports whether a 200 to HEAD is about the same representation as
// the stored response to GET (RFC 9111, 4.3.5): Content-Length, ETag and
// Last-Modified are the same as far as it has them. If so, [Update] refreshes
// the stored response with it; if not, the stored response is stale from now
// on (see [Verdict.Expire]).
func HeadAgrees(stored, head httpmsg.Fields) bool {
	for _, name := range [...]string{"Content-Length", "ETag", "Last-Modified"} {
		if value := head.Get(name); value != nil && !bytes.Equal(value, stored.Get(name)) {
			return false
		}
	}
	return true
}

// Combinable reports whether parts of two responses may be put together: both
// have the same strong ETag (RFC 9111, 3.4).
func Combinable(a, b httpmsg.Fields) bool {
	return StrongMatch(a.Get("ETag"), b.Get("ETag"))
}
