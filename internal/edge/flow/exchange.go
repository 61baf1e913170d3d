// Package flow holds the concrete types that travel through the phases of a
// request: the Exchange with its Reply, the Object that is stored or being
// filled, the Site a request belongs to, and what goes to the origin and
// comes back. Phases know these types and not each other.
package flow

import (
	"net/netip"

	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Handler answers requests. Transports call the three methods for each
// exchange in this order, and pull the Reply between the last two.
type Handler interface {
	// Start runs the phases that cannot block and reports whether the Reply
	// is complete. It is called on the connection's own goroutine.
	Start(x *Exchange) bool

	// Finish completes what Start could not. It may block; the transport
	// chooses the goroutine.
	Finish(x *Exchange)

	// Done releases what the Reply pinned and accounts for the exchange. It
	// is called exactly once, after the last byte or the abort, also if Start
	// or Finish panicked. sent counts the body bytes handed to the kernel, or
	// put behind those of other small replies that leave together; err is nil
	// unless the reply was cut.
	Done(x *Exchange, sent int64, err error)
}

// An Exchange is one request on its way through the phases. A transport
// reuses it for the next request of the connection, so nothing may keep it,
// or a slice that it lends, after Done.
type Exchange struct {
	// Set by the transport.

	Request httpmsg.Request
	Peer    netip.Addr // viewer address
	Secure  bool       // the connection is TLS
	Now     int64      // Unix nanoseconds when the request's head was complete
	Content Content    // of the request; nil: none
	// Interim sends an interim response at once, before the reply, to those
	// who understand it (RFC 9110, 15.2). It is called in Finish, on its
	// goroutine. Nil: the transport has no way to.
	Interim func(status int, fields httpmsg.Fields)

	// Set by the phases.

	Site *Site  // nil: the host is unknown
	Host []byte // authority without port, lower case
	Head bool   // HEAD, the only method besides GET that reaches the cache
	// Through marks a request of any other method, which goes through to the
	// origin.
	Through bool
	Path    []byte // viewer path: decoded once, after objkey's steps 1 to 7
	// Query is what of the viewer's query is sent; HasQuery tells an empty one
	// from none.
	Query    []byte
	HasQuery bool
	// Fields are those of Request, after the site's rules for cookies and
	// Authorization: what the cache goes by, and plain origins get.
	Fields httpmsg.Fields
	Key    []byte  // cache key
	Found  *Object // the object that answers, pinned; nil: none
	Reader *Reader // follows Found's body while it grows, and holds the pin; nil: it is complete
	Result Result
	Status cdnfield.CacheStatus
	Fault  *Fault // why the origin gave nothing that could be passed on
	Code   string // of the catalogue, if the edge itself refused or failed
	ID     string // request id, set when the edge itself answers
	Step   int    // of the phase table, to go on with in Finish
	// Once are fields of the response that are for this viewer alone, and no
	// part of Found.
	Once httpmsg.Fields
	// Control is memory for a Cache-Control of the edge's own.
	Control []byte
	Reply   Reply

	// Memory of Query and Fields, where they are not the request's.
	query, cookies []byte
	fields         httpmsg.Fields
}

// Reset prepares x for the next request, keeping its buffers.
func (x *Exchange) Reset() {
	x.Site, x.Found, x.Reader, x.Fault = nil, nil, nil, nil
	x.Host, x.Path, x.Key = x.Host[:0], x.Path[:0], x.Key[:0]
	x.Query, x.HasQuery, x.Fields = nil, false, nil
	x.Content, x.Through, x.Once = nil, false, nil
	x.Head, x.Code, x.ID, x.Step = false, "", "", 0
	x.Result = ResultNone
	x.Status = cdnfield.CacheStatus{}
	x.Reply = Reply{Extra: x.Reply.Extra[:0]}
}

// Find replaces the object that answers by o, which must be pinned, and
// releases the one before.
func (x *Exchange) Find(o *Object) {
	x.Release()
	x.Found = o
}

// Follow is Find for an object whose body may still grow.
func (x *Exchange) Follow(r *Reader) {
	x.Release()
	x.Found, x.Reader = r.growth.object, r
}

// Release gives back the pin on Found.
func (x *Exchange) Release() {
	switch {
	case x.Reader != nil:
		x.Reader.Unpin()
	case x.Found != nil:
		x.Found.Unpin()
	}
	x.Found, x.Reader = nil, nil
}

// Selecting returns the request's fields as they go to the origin, by which
// variants are told apart: none to a signed one.
func (x *Exchange) Selecting() httpmsg.Fields {
	if x.Site.Signed {
		return nil
	}
	return x.Fields
}

// Scheme returns that of the viewer's connection.
func (x *Exchange) Scheme() string {
	if x.Secure {
		return "https"
	}
	return "http"
}

// Seconds returns the time of the request in Unix seconds.
func (x *Exchange) Seconds() int64 { return x.Now / 1e9 }

// A Result is what the cache did for a request, in the words of X-Cache.
type Result uint8

// The results, of which ResultNone is that of an exchange refused before the
// cache.
const (
	ResultNone        Result = iota
	ResultHit                // fresh entry
	ResultMiss               // fetched
	ResultStale              // a stale entry served as such
	ResultRevalidated        // the origin confirmed the entry
	ResultBypass             // known uncacheable
	ResultError              // made by the edge
	Results                  // their number
)

// String returns the word that X-Cache shows; empty for ResultNone.
func (r Result) String() string {
	return [Results]string{"", "HIT", "MISS", "STALE", "REVALIDATED", "BYPASS", "ERROR"}[r]
}
