package fill

import (
	"slices"
	"strconv"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

const (
	// A background refresh that failed is tried again after firstRetry, and
	// after twice the time whenever it fails again, up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
	// maxFailed bounds the keys whose refreshes are held back; beyond it all
	// are forgotten.
	maxFailed = 100_000
)

// A retry is when a key may be refreshed in the background again.
type retry struct {
	at    int64 // Unix nanoseconds
	pause time.Duration
}

// Refresh begins to fetch the stale x.Found anew, unless somebody does so
// already or it has failed a short while ago. It does not block, and leaves x
// as it is.
func (f *Filler) Refresh(x *flow.Exchange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.flights[string(x.Key)]; fl != nil && fl.generation.Current() || x.Now < f.failed[string(x.Key)].at || f.ctx.Err() != nil {
		return
	}
	fl := f.newFlight(x, x.Key[0] == flow.KeyHEAD)
	fl.background = true
	f.launch(fl, true)
}

// succeeded lifts what holds back the flight's key. f.mu is held.
func (fl *flight) succeeded() {
	fl.done = true
	delete(fl.filler.failed, fl.key)
	delete(fl.filler.passed, fl.key)
}

// holdBack keeps the key from being refreshed again at once. f.mu is held.
func (fl *flight) holdBack() {
	f := fl.filler
	pause := min(max(2*f.failed[fl.key].pause, firstRetry), lastRetry)
	if len(f.failed) >= maxFailed {
		clear(f.failed)
	}
	f.failed[fl.key] = retry{at: time.Now().Add(pause).UnixNano(), pause: pause}
}

// severity tells what a failure means for serving stale. A response's own
// window is for servers that fail, and not for a bucket that refuses us (RFC
// 5861, 4). The zone's is for the classes it lists; of those, "error" and
// "timeout" mean here that the origin gave no answer at all.
func severity(site *flow.Site, fault *flow.Fault) httpcache.Fault {
	out := httpcache.Fault{Server: fault.CutOff || serverError(fault.Received)}
	switch fault.Class {
	case "error", "timeout":
		out.Zone = fault.CutOff
	default:
		out.Zone = true
	}
	out.Zone = out.Zone && slices.Contains(site.Zone.Cache.StaleOn, fault.Class)
	return out
}

// serverError reports whether a status is that of a server that fails.
func serverError(status int) bool {
	return status == 500 || status == 502 || status == 503 || status == 504
}

// statusFault is an answer in whose stead something stale may be served.
func statusFault(status int) *flow.Fault {
	return &flow.Fault{Status: status, Received: status, Class: "http_" + strconv.Itoa(status)}
}

// keepsStale reports whether the stored object is served rather than an
// answer of this status.
func (fl *flight) keepsStale(status int) bool {
	return fl.stale != nil && fl.generation.Usable(fl.stale) && fl.stale.Meta().Verdict.ServeOnFault(severity(fl.fetch.Site, statusFault(status)), time.Now().Unix())
}

// outdated reports whether an answer of this status, which is not stored,
// nevertheless takes the place of what is.
func outdated(status int) bool {
	return status < 400 || status == 404 || status == 410
}
