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

// log writes what an operator needs to mend the fault. A refusal of a single
// object is no fault of the configuration and not written, nor is a fetch that
// its viewers gave up.
func (c *Client) log(t *try, f *flow.Fault) {
	if f.Status == 403 || f.Status == 404 || f.Status == 416 {
		return
	}
	id := faultID{zone: t.fetch.Site.Zone.UUID, code: f.Code, proxy: f.Proxy}
	name := ""
	if t.member != nil {
		id.origin, name = t.member.Origin.UUID, t.member.Origin.Name
	}
	held, ok := c.quiet.pass(id, time.Now())
	if !ok {
		return
	}
	row := f.Code.Row()
	attrs := []any{
		"zone", t.fetch.Site.Zone.Name, "origin", name,
		"code", string(f.Code), "title", row.Title, "fix", row.Fix,
		"status", f.Status, "proxy_error", f.Proxy, "error", f.Err,
	}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, value)
		}
	}
	if f.Received != 0 {
		attrs = append(attrs, "received", f.Received)
	}
	s := &t.said
	message := s.message
	if t.member != nil && t.member.Credential != nil {
		cr := t.member.Credential
		message = scrub(message, cr.Secret.Reveal(), cr.Token.Reveal())
	}
	add("s3_code", s.code)
	add("message", message[:min(len(message), maxMessage)])
	add("origin_request_id", s.requestID)
	add("ec", s.ec)
	add("region", s.region)
	add("server_time", s.serverTime)
	if held > 0 {
		attrs = append(attrs, "repeated", held)
	}
	level := slog.LevelWarn
	if s.credential {
		level = slog.LevelError
	}
	c.Log.Log(context.Background(), level, "origin fault", attrs...)
}
