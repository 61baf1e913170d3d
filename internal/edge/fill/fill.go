// Package fill answers what the cache could not: it asks the origin once for
// all who wait, lets them read the body while it arrives, and stores it.
//
// A fetch belongs to a flight, which runs on a goroutine of its own, so that
// a viewer who leaves harms nobody.
package fill

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Store keeps objects. Its methods must be safe for concurrent use.
type Store interface {
	flow.Memory
	// Get returns the object that answers a request, pinned, or nil.
	Get(key []byte, request httpmsg.Fields) (o *flow.Object, other bool)
	// Variants appends to dst objects stored under key, pinned, as far as dst
	// has room.
	Variants(dst []*flow.Object, key []byte) []*flow.Object
	// Put keeps a complete object instead of an older one.
	Put(o *flow.Object)
	// Remove drops all that is stored under key.
	Remove(key string) (objects, bytes int64)
	// Limit returns the size in bytes of the largest body worth keeping.
	Limit() int64
}

// An Origin fetches. Fetch must be safe for concurrent use, and end when ctx
// does. Exactly one of its results is not nil.
type Origin interface {
	Fetch(ctx context.Context, f *flow.Fetch) (*flow.Answer, *flow.Fault)
}

// A Generation is a fetch as purges see it: what it brings is as old as its
// beginning. Its methods must be safe for concurrent use.
type Generation interface {
	// Own stamps an object that the fetch brings, and its metadata; Stamp
	// stamps metadata that is to replace other. They come before anyone else
	// sees it.
	Own(o *flow.Object)
	Stamp(m *flow.Meta)
	// Refresh gives a stored object the stamped metadata of a validation, and
	// reports whether it is still usable.
	Refresh(o *flow.Object, m *flow.Meta) bool
	// Current reports whether nothing of the fetch was purged since it began,
	// so that it answers requests that come now.
	Current() bool
	// Usable reports whether a stored object for the fetch's target may be
	// validated, or served although it is stale: no hard purge names it.
	Usable(o *flow.Object) bool
	// Release ends the fetch: what it brought is stored, or will not be.
	// Usable may be called afterwards.
	Release()
}

// Options configures a Filler. Store, Origin and Begin are required.
type Options struct {
	Store  Store
	Origin Origin
	// Begin is called at the beginning of a fetch for a cache key of a zone.
	Begin func(zoneUUID, key string) Generation

	// Key returns the cache key of a GET for a target of the site, nil if there
	// can be none. Drop drops all that is stored for the targets of keys,
	// whatever else their own keys hold. Only Through needs them.
	Key  func(site *flow.Site, target string) []byte
	Drop func(site *flow.Site, keys [][]byte)

	// Budget bounds all attempts of one fetch together, up to the response
	// header. Zero means 60 s.
	Budget time.Duration

	// Fetched, if set, is called after each fetch with its fault, if any, and
	// the body bytes received. It may be called concurrently.
	Fetched func(site *flow.Site, fault *flow.Fault, bytes int64)
	// Damaged, if set, is called for each object that is not stored, as it
	// differs from a digest by this algorithm that came with it. It may be
	// called concurrently.
	Damaged func(site *flow.Site, path []byte, algorithm string)
}

const (
	// passTime is how long a key whose answer could not be shared is fetched
	// by each viewer alone, so that nobody queues for it.
	passTime = 10 * time.Second
	// maxPassed bounds the keys remembered so; beyond it all are forgotten.
	maxPassed = 100_000
	// finishBytes is how much of a storable body is still fetched when nobody
	// waits for it, and finishTime for how long if its length is unknown.
	finishBytes = 64 << 20
	finishTime  = 30 * time.Second
)

// A Filler runs the flights of an edge.
type Filler struct {
	Options
	ctx  context.Context // ends with Close; the life of every flight
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex // guards what follows; taken before the store's locks
	flights map[string]*flight
	passed  map[string]int64 // key → Unix nanoseconds until when it is passed
	failed  map[string]retry // keys whose background refresh has failed
	begun   int64            // number of the newest flight
	// Numbers of flights up to which nothing may be stored: for a target, and
	// for all.
	invalid       map[string]int64
	invalidBefore int64
}

// New returns a Filler.
func New(o Options) *Filler {
	if o.Budget <= 0 {
		o.Budget = 60 * time.Second
	}
	if o.Fetched == nil {
		o.Fetched = func(*flow.Site, *flow.Fault, int64) {}
	}
	if o.Damaged == nil {
		o.Damaged = func(*flow.Site, []byte, string) {}
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Filler{
		Options: o, ctx: ctx, stop: stop,
		flights: make(map[string]*flight),
		passed:  make(map[string]int64),
		failed:  make(map[string]retry),
		invalid: make(map[string]int64),
	}
}

// Abort cancels all flights, and those that begin later: whoever waits gets
// a fault at once. It is for the end of a drain time; Close comes after it.
func (f *Filler) Abort() { f.stop() }

// Close cancels all flights and waits for them.
func (f *Filler) Close() {
	f.stop()
	f.wg.Wait()
}

// Fill finds the object that answers x and sets x.Result and x.Status, or
// sets x.Fault. x.Found may hold a stale object: it is validated, and served
// if the origin fails and that is permitted. Fill blocks until the response
// header is there.
func (f *Filler) Fill(x *flow.Exchange) {
	x.Result = flow.ResultMiss
	for alone := !x.Site.Cached || x.Private(); ; alone = true {
		fl, leads := f.join(x, alone)
		if fl == nil {
			// Stored since the lookup.
			x.Result, x.Status.Hit, x.Status.Fwd = flow.ResultHit, true, ""
			return
		}
		f.await(x, fl)
		taken := f.take(x, fl, leads)
		if !leads {
			f.waited(fl)
		}
		if taken {
			return
		}
		// Not for us: not shareable, another variant, withheld, or gone.
	}
}

// take answers x with the outcome of the flight, and reports whether that is
// possible.
func (f *Filler) take(x *flow.Exchange, fl *flight, leads bool) bool {
	x.Status.FwdStatus = fl.status
	if leads {
		x.Once = fl.once
	}
	switch {
	case fl.fault != nil:
		return f.fail(x, fl)
	case fl.refreshed:
		return f.revalidated(x, fl, leads)
	}
	return f.follow(x, fl, leads)
}

// waited tells that one who joined the flight reads it now, or never will.
func (f *Filler) waited(fl *flight) {
	f.mu.Lock()
	fl.waiting--
	f.mu.Unlock()
	if fl.growth != nil {
		fl.unread()
	}
}

// fail serves the stale object if that is permitted, else sets x.Fault. It
// reports false if there was an answer that x should have.
func (f *Filler) fail(x *flow.Exchange, fl *flight) bool {
	if o := x.Found; o != nil && fl.generation.Usable(o) && x.UsableOnFault(o, severity(x.Site, fl.fault)) {
		x.Result = flow.ResultStale
		return true
	}
	x.Release()
	if fl.withheld {
		return false
	}
	x.Fault = fl.fault
	x.Result = flow.ResultError
	return true
}

// revalidated serves the object that the origin has confirmed.
func (f *Filler) revalidated(x *flow.Exchange, fl *flight, leads bool) bool {
	switch o := fl.adopted; {
	case leads && o != nil:
		x.Find(o) // pinned for it
	case leads:
	case !fl.shared:
		return false
	case o == nil && (x.Found == nil || x.Found != fl.base):
		return false
	case o != nil:
		if !fits(o, x) || !o.TryPin() {
			return false
		}
		x.Find(o)
	}
	x.Result = flow.ResultRevalidated
	return true
}

// follow serves the object that the flight brings.
func (f *Filler) follow(x *flow.Exchange, fl *flight, leads bool) bool {
	var r *flow.Reader
	switch {
	case leads:
		r = fl.lead
	case !fl.shared || !fits(fl.object, x):
		return false
	default:
		if r = fl.growth.Read(0); r == nil {
			return false
		}
		x.Status.Collapsed = true
	}
	x.Status.Stored = fl.shared && fl.growth.Kept() && fl.generation.Current()
	switch {
	case x.Through:
		// Fwd says so.
	case fl.private && x.Site.Cached:
		x.Result, x.Status.Fwd = flow.ResultBypass, cdnfield.FwdRequest
	case fl.private, fl.passed:
		x.Result, x.Status.Fwd = flow.ResultBypass, cdnfield.FwdBypass
	}
	x.Follow(r)
	return true
}

// join returns the flight that answers x, and whether x leads it: then only x
// may read what cannot be shared. It returns nil if x.Found is fresh now.
func (f *Filler) join(x *flow.Exchange, alone bool) (fl *flight, leads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	passed := f.isPassed(x)
	if !alone && !passed {
		if fl := f.flights[string(x.Key)]; fl != nil && fl.generation.Current() {
			fl.waiting++
			return fl, false
		}
	}
	if !alone {
		if o, _ := f.Store.Get(x.Key, x.Selecting()); o != nil {
			if !x.Void(o) && x.Usable(o) {
				x.Find(o)
				return nil, false
			}
			o.Unpin()
		}
	}
	fl = f.newFlight(x, x.Head)
	fl.passed = passed
	f.launch(fl, !alone && !passed)
	return fl, true
}

// isPassed reports whether the last answer for x could not be shared. f.mu is
// held.
func (f *Filler) isPassed(x *flow.Exchange) bool {
	until, ok := f.passed[string(x.Key)]
	if ok && until < x.Now {
		delete(f.passed, string(x.Key))
		return false
	}
	return ok
}

// pass remembers that answers for the flight's key cannot be shared, and lets
// nobody else join. f.mu is held.
func (f *Filler) pass(fl *flight) {
	if len(f.passed) >= maxPassed {
		clear(f.passed)
	}
	f.passed[fl.key] = time.Now().Add(passTime).UnixNano()
	f.leave(fl)
}

// leave takes the flight out of the table, so that nobody else joins. f.mu is
// held.
func (f *Filler) leave(fl *flight) {
	if f.flights[fl.key] == fl {
		delete(f.flights, fl.key)
	}
}

// fits reports whether o answers x as far as Vary goes.
func fits(o *flow.Object, x *flow.Exchange) bool {
	if len(o.Vary) == 0 {
		return true
	}
	variant, ok := httpcache.AppendVariantKey(nil, o.Vary, x.Selecting())
	return ok && bytes.Equal(variant, o.Variant)
}
