// Package deliver turns what was found, or not found, into a Reply: viewer
// conditions, ranges, response fields, and the pages of the edge itself.
package deliver

import (
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/httprange"
)

// Object fills the reply from x.Found. For a complete object it allocates
// nothing but what a Range or a first rendering needs.
func Object(x *flow.Exchange) {
	m := x.Found.Meta()
	now := leaving(x)
	r := &x.Reply
	r.Status, r.Age, r.NoBody = m.Status, -1, x.Head
	switch x.Result {
	case flow.ResultHit, flow.ResultStale:
		r.Age = m.Verdict.Age(now)
		x.Status.HasTTL, x.Status.TTL = true, m.Verdict.TTL(now)
	case flow.ResultRevalidated:
		r.Age = m.Verdict.Age(now)
	default:
		if m.Fields.Get("Age") != nil {
			r.Age = m.Verdict.Age(now)
		}
	}
	if x.Found.Negative {
		negative(x, m)
		return
	}
	object(x, m, now)
	if r.Block != nil {
		once(x)
	}
	if r.Block != nil && r.Block.Control {
		control(x, m)
	}
}

// object answers with the object, or with what its conditions and ranges make
// of it.
func object(x *flow.Exchange, m *flow.Meta, now int64) {
	r := &x.Reply
	length := bodyLength(x, m)
	r.Body = flow.Body{Len: length}
	if x.Through {
		// Conditions and ranges were the origin's to judge.
		if r.Block = render(x.Site, m, false); !r.NoBody {
			body(x)
		}
		return
	}
	r.Block = block(x.Site, m, length >= 0 || x.Reader == nil)
	if m.Status/100 == 2 && !conditions(x, m, now) {
		return
	}
	if m.Status == 200 && length >= 0 && !x.Head && !ranges(x, m, now) {
		return
	}
	if r.NoBody {
		return
	}
	body(x)
}

// once tells the viewer what is for nobody else.
func once(x *flow.Exchange) {
	for _, f := range x.Once {
		if !hidden(f.Name) && x.Reply.Status != 304 {
			x.Reply.Extra = append(x.Reply.Extra, f)
		}
	}
}

// control tells browsers the zone's lifetime, from now on.
func control(x *flow.Exchange, m *flow.Meta) {
	x.Control, _ = httpcache.AppendBrowserControl(x.Control[:0], m.Fields, x.Site.BrowserTTL, max(x.Reply.Age, 0))
	x.Reply.Extra = append(x.Reply.Extra, httpmsg.Field{Name: nameCacheControl, Value: x.Control})
}

// leaving returns when the reply leaves, in Unix seconds: that from which ages
// are told. A hit leaves when its request came; an origin took its time.
func leaving(x *flow.Exchange) int64 {
	if x.Result == flow.ResultHit {
		return x.Seconds()
	}
	return max(x.Seconds(), time.Now().Unix())
}

// bodyLength returns the length of the whole body, -1 if it is not known yet.
func bodyLength(x *flow.Exchange, m *flow.Meta) int64 {
	if m.Length >= 0 {
		return m.Length
	}
	var n int64
	if x.Reader != nil {
		n = x.Reader.Length()
	} else {
		n = x.Found.Size()
	}
	if x.Head && n == 0 {
		// Maybe an answer to HEAD without Content-Length, which has no body
		// either. A HEAD need not be told a length (RFC 9110, 8.6).
		return -1
	}
	return n
}

// body sets the source of the Len bytes at Off.
func body(x *flow.Exchange) {
	b := &x.Reply.Body
	if x.Reader != nil {
		b.Src = x.Reader
		// A body that is not kept moves on with its readers: nobody may wait
		// for what comes before the range.
		x.Reader.Sent(b.Off)
		return
	}
	if mem, ok := x.Found.Bytes(); ok {
		b.Mem = mem[b.Off : b.Off+b.Len]
		return
	}
	b.Src = x.Found
}

// conditions evaluates the viewer's conditional fields and reports whether
// the body is to be sent.
func conditions(x *flow.Exchange, m *flow.Meta, now int64) bool {
	v := validators(m)
	switch httpcache.Evaluate(x.Request.Fields, true, &v, now) {
	case httpcache.NotModified:
		x.Reply.Status, x.Reply.NoBody = 304, true
		x.Reply.Body = flow.Body{Len: -1}
		return false
	case httpcache.PreconditionFailed:
		text(x, 412, "Precondition failed.")
		return false
	}
	return true
}

// ranges narrows the reply to the range asked for (RFC 9110, 14.2) and
// reports whether there is a body to send.
func ranges(x *flow.Exchange, m *flow.Meta, now int64) bool {
	fields := x.Request.Fields
	header := fields.Get("Range")
	if header == nil || fields.Count("Range") > 1 {
		return true
	}
	if v := validators(m); !httpcache.IfRange(fields, &v, now) {
		return true
	}
	r := &x.Reply
	spans, err := httprange.ParseSet(header, r.Body.Len)
	switch {
	case err == httprange.ErrUnsatisfiable:
		value := httprange.AppendUnsatisfied(nil, r.Body.Len)
		r.Extra = append(r.Extra, httpmsg.Field{Name: nameContentRange, Value: value})
		text(x, 416, "The range asked for lies outside of the object.")
		return false
	case err != nil:
		return true // as if the field were absent
	case len(spans) == 1:
		span := spans[0]
		value := httprange.AppendContentRange(nil, span, r.Body.Len)
		r.Extra = append(r.Extra, httpmsg.Field{Name: nameContentRange, Value: value})
		r.Status = 206
		r.Body.Off, r.Body.Len = span.First, span.Len()
	case x.Reader == nil:
		parts(x, m, spans)
		return false
	}
	return true // of what still grows several ranges are sent as the whole
}

func validators(m *flow.Meta) httpcache.Validators {
	return httpcache.Validators{ETag: m.ETag, LastModified: m.LastModified, Date: m.Date}
}

var (
	nameContentRange = []byte("Content-Range")
	nameCacheControl = []byte("Cache-Control")
)
