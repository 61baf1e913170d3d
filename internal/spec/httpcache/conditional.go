package httpcache

import (
	"bytes"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// Validators are the fields of a stored or just fetched response that a
// viewer's conditions are held against; nil where absent. Date is the field
// Date, which stands in for a missing Last-Modified (RFC 9111, 4.3.2).
type Validators struct {
	ETag         []byte
	LastModified []byte
	Date         []byte
}

// An Outcome is what a viewer's conditions make of an answer.
type Outcome uint8

const (
	Proceed            Outcome = iota // no condition, or all are met
	NotModified                       // 304
	PreconditionFailed                // 412
)

// Evaluate holds the conditions of a request against the response that would
// answer it, in the order of RFC 9110, 13.2.2. get says that the method is GET
// or HEAD; now is needed to read two-digit years. The caller asks only where
// the answer would be 2xx (RFC 9110, 13.2.1), and asks [IfRange] afterwards.
//
// A date that is invalid, and one that is repeated, is as if absent.
func Evaluate(request httpmsg.Fields, get bool, v *Validators, now int64) Outcome {
	var ifMatch, ifNoneMatch, ifUnmodified, ifModified condition
	for i := range request {
		name := request[i].Name
		if len(name) < len("If-Match") || name[0]|0x20 != 'i' || name[2] != '-' {
			continue
		}
		switch {
		case httpmsg.EqualFold(name, "If-None-Match"):
			ifNoneMatch.note(request[i].Value)
			ifNoneMatch.met = ifNoneMatch.met || anyTag(request[i].Value, v.ETag, WeakMatch)
		case httpmsg.EqualFold(name, "If-Modified-Since"):
			ifModified.note(request[i].Value)
		case httpmsg.EqualFold(name, "If-Match"):
			ifMatch.note(request[i].Value)
			ifMatch.met = ifMatch.met || anyTag(request[i].Value, v.ETag, StrongMatch)
		case httpmsg.EqualFold(name, "If-Unmodified-Since"):
			ifUnmodified.note(request[i].Value)
		}
	}
	switch {
	case ifMatch.lines > 0:
		if !ifMatch.met {
			return PreconditionFailed
		}
	case ifUnmodified.lines == 1:
		if at, ok := parseDate(ifUnmodified.value, now); ok {
			if modified, ok := parseDate(v.LastModified, now); ok && modified > at {
				return PreconditionFailed
			}
		}
	}
	switch {
	case ifNoneMatch.lines > 0:
		if ifNoneMatch.met && get {
			return NotModified
		}
		if ifNoneMatch.met {
			return PreconditionFailed
		}
	case ifModified.lines == 1 && get:
		if unmodifiedSince(ifModified.value, v, now) {
			return NotModified
		}
	}
	return Proceed
}

// A condition is one field of a request, over all its lines.
type condition struct {
	value []byte // of the last line
	lines int
	met   bool // a line of entity tags has one that matches
}

func (c *condition) note(value []byte) {
	c.value = value
	c.lines++
}

// anyTag reports whether a list of entity tags is "*" or holds one that
// matches etag.
func anyTag(list, etag []byte, match func(a, b []byte) bool) bool {
	if len(list) == 1 && list[0] == '*' {
		return true
	}
	for {
		tag, rest, ok := cutETag(list)
		if !ok {
			return false
		}
		if match(etag, tag) {
			return true
		}
		list = rest
	}
}

// unmodifiedSince reports whether the response is not newer than the date of
// an If-Modified-Since.
func unmodifiedSince(since []byte, v *Validators, now int64) bool {
	at, ok := parseDate(since, now)
	if !ok {
		return false
	}
	modified, ok := parseDate(v.LastModified, now)
	if !ok {
		modified, ok = parseDate(v.Date, now)
	}
	return ok && modified <= at
}

// IfRange reports whether the Range of a request may be obeyed: it has no
// If-Range, or one that names exactly this response by a strong validator (RFC
// 9110, 13.1.5). Otherwise the whole is sent.
func IfRange(request httpmsg.Fields, v *Validators, now int64) bool {
	value := request.Get("If-Range")
	if value == nil {
		return true
	}
	if request.Count("If-Range") > 1 {
		return false
	}
	if bytes.IndexByte(value, '"') >= 0 {
		return StrongMatch(v.ETag, value)
	}
	at, ok := parseDate(value, now)
	if !ok {
		return false
	}
	modified, ok := parseDate(v.LastModified, now)
	if !ok || modified != at {
		return false
	}
	// RFC 9110, 8.8.2.2: within the second of its making, a representation
	// could change again under the same Last-Modified.
	date, ok := parseDate(v.Date, now)
	return ok && date > modified
}

func parseDate(b []byte, now int64) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	return httpmsg.ParseDate(b, time.Unix(now, 0))
}
