package origin

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

const (
	logEvery   = 10 * time.Second
	maxLogged  = 4096
	maxMessage = 256 // bytes of an origin's message that are logged
)

// quiet holds back repetitions of a log line.
type quiet struct {
	mu   sync.Mutex
	last map[faultID]*repeat // guarded by mu
}

type faultID struct {
	zone, origin string // UUIDs
	code         catalog.Origin
	proxy        string
}

type repeat struct {
	written time.Time
	held    int // lines since
}

// pass reports whether a line about id is due, and how many were held back
// before.
func (q *quiet) pass(id faultID, now time.Time) (held int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.last[id]
	if r != nil && now.Sub(r.written) < logEvery {
		r.held++
		return 0, false
	}
	if r != nil {
		held = r.held
	}
	if q.last == nil || len(q.last) >= maxLogged {
		q.last = make(map[faultID]*repeat)
	}
	q.last[id] = &repeat{written: now}
	return held, true
}

// log writes what an operator needs to mend the fault. That an object is
// missing is no fault, and not written.
func (c *Client) log(t *try, f *flow.Fault) {
	if !worthy(f) {
		return
	}
	id := faultID{zone: t.fetch.Site.Zone.UUID, code: f.Code, proxy: f.Proxy}
	if t.member != nil {
		id.origin = t.member.Origin.UUID
	}
	held, ok := c.quiet.pass(id, time.Now())
	if !ok {
		return
	}
	attrs := t.describe(f)
	if held > 0 {
		attrs = append(attrs, "repeated", held)
	}
	level := slog.LevelWarn
	if t.said.credential {
		level = slog.LevelError
	}
	c.Log.Log(context.Background(), level, "origin fault", attrs...)
}

// worthy reports whether somebody may want to mend f. Refusals of a single
// object may come from a policy that is too narrow.
func worthy(f *flow.Fault) bool {
	switch f.Code {
	case catalog.OriginAccessDenied, catalog.OriginObjectArchived, catalog.OriginBucketMissing:
		return true
	}
	return f.Status != 403 && f.Status != 404 && f.Status != 416
}

// describe returns the attributes of the line about f. What is empty has none.
func (t *try) describe(f *flow.Fault) (attrs []any) {
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, value)
		}
	}
	row := f.Code.Row()
	s := &t.said
	message := s.message
	add("zone", t.fetch.Site.Zone.Name)
	if t.member != nil {
		add("origin", t.member.Origin.Name)
		if cr := t.member.Credential; cr != nil {
			message = scrub(message, cr.Secret.Reveal(), cr.Token.Reveal())
		}
	}
	add("code", string(f.Code))
	add("title", row.Title)
	add("fix", row.Fix)
	attrs = append(attrs, "status", f.Status)
	add("proxy_error", f.Proxy)
	if f.Err != nil {
		attrs = append(attrs, "error", f.Err)
	}
	if f.Received == 0 {
		return attrs
	}
	attrs = append(attrs, "received", f.Received)
	add("host", t.member.Endpoint.HostHeader)
	add("path", t.wire[:min(len(t.wire), maxMessage)])
	add("s3_code", s.code)
	add("message", message[:min(len(message), maxMessage)])
	add("origin_request_id", s.requestID)
	add("ec", s.ec)
	add("region", s.region)
	if t.signer != nil && (s.credential || s.region != "") {
		add("region_used", t.member.Endpoint.Region)
	}
	add("server_time", s.serverTime)
	return attrs
}
