package flow

import (
	"io"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Fetch is one request towards the origin of a site. It owns its memory:
// the viewer who caused it may leave.
type Fetch struct {
	Site  *Site
	Path  []byte // viewer path, decoded (Exchange.Path)
	Query []byte // to send, in the form that is signed if anything is
	HasQ  bool
	Head  bool // HEAD instead of GET

	// Method is any other one, which only plain origins get, once and
	// unsigned; empty: GET or HEAD. Content goes with it, if it is not nil.
	Method  string
	Content Content

	// Interim, if set, is told of interim responses of a plain origin, in
	// their order, before Fetch returns.
	Interim func(status int, fields httpmsg.Fields)

	// Validators of the stored object that is revalidated; empty: none.
	IfNoneMatch     string
	IfModifiedSince string

	// Viewer holds the viewer's fields for plain origins, from which the
	// client drops what must not travel. Signed origins get none of them but
	// CDN-Loop, which is read from here.
	Viewer     httpmsg.Fields
	ViewerHost string // authority of the viewer's request
	ViewerAddr string // for X-Forwarded-For; plain origins only
	Scheme     string // the viewer's, "http" or "https"
}

// An Answer is an origin's response that may be passed on to viewers.
type Answer struct {
	Status int
	Fields httpmsg.Fields // end-to-end fields, order kept, memory owned by the Answer
	Length int64          // of the body that follows; -1: unknown
	Body   io.ReadCloser  // never nil; a read error means that the body is cut
	// Negative marks the answer of a signed origin that the object does not
	// exist, or lies in an archive: Status is what viewers get, Body is empty.
	Negative bool
	Code     catalog.Origin // of a negative answer, for the log

	RequestTime  int64 // Unix seconds when the request was sent
	ResponseTime int64 // and when the head of the response was complete
}

// A Fault is an attempt that gave nothing to pass on: the origin could not be
// reached, or what it said must not reach a viewer. It holds no secret and no
// signed field.
type Fault struct {
	Status     int            // for the viewer
	Proxy      string         // error type of RFC 9209, "connection_refused"
	Received   int            // status the origin sent; 0: none
	Code       catalog.Origin // row of the catalogue
	RetryAfter int            // seconds for Retry-After; 0: no field

	// Class is the failure's class for failover and stale_on: "error",
	// "timeout", "invalid_header", "http_503", …
	Class string
	// CutOff reports that the origin could not be reached or closed before a
	// response header: the classes in which a zone serves stale by default.
	CutOff bool
	Err    error // for the log
}

// Error returns the cause, for logs.
func (f *Fault) Error() string {
	if f.Err != nil {
		return f.Err.Error()
	}
	return string(f.Code)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
