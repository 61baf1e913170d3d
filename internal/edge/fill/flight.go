package fill

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/digest"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A flight is one fetch, with all who wait for it.
type flight struct {
	filler *Filler
	key    string
	fetch  *flow.Fetch
	stale  *flow.Object // what was found and cannot be used as it is, pinned; nil: nothing
	vary   httpmsg.Fields
	passed bool // the key is fetched by each viewer alone
	input  httpcache.Input
	// generation tells what purges leave of the fetch. It changes only before
	// ready is closed, with Filler.mu held.
	generation Generation

	// Stored objects that the origin is asked about, pinned: the stale one if
	// it has a validator, and others of the key.
	base     *flow.Object
	variants []*flow.Object
	selected *flow.Object // the one of them that the origin's 304 is about

	background bool   // nobody waits for it
	leads      bool   // somebody leads it
	private    bool   // nothing of it may be stored
	target     string // of a request that goes through, as the viewer sent it
	number     int64  // counts flights

	cancel context.CancelCauseFunc

	// Guarded by Filler.mu.
	done    bool          // what is stored is as new as the origin's
	waiting int           // viewers who joined, and do not read yet
	left    int           // how often nobody was left
	heard   []interim     // interim responses so far
	news    chan struct{} // closed when there are more

	// The outcome; it does not change once ready is closed.
	ready     chan struct{}
	status    int // of the origin's answer; 0: none
	fault     *flow.Fault
	withheld  bool         // fault is an answer, kept back for those who have something stale
	refreshed bool         // base was confirmed, or another variant:
	adopted   *flow.Object // then this is its body for requests like this; nil: base is
	object    *flow.Object
	growth    *flow.Growth
	lead      *flow.Reader   // for the viewer who leads
	once      httpmsg.Fields // and fields for that one alone
	shared    bool           // others may have it, and it is stored
	check     *digest.Check  // of the content, if it is to be stored
}

// newFlight builds the fetch for x. It owns its memory. f.mu is held.
func (f *Filler) newFlight(x *flow.Exchange, head bool) *flight {
	req := &x.Request
	fl := &flight{
		filler: f, key: string(x.Key), ready: make(chan struct{}),
		generation: f.Begin(x.Site.Zone.UUID, string(x.Key)),
		fetch: &flow.Fetch{
			Site: x.Site, Path: append([]byte(nil), x.Path...), Head: head,
			ViewerAddr: x.Peer.String(), ViewerHost: string(req.Authority), Scheme: x.Scheme(),
			Query: append([]byte(nil), x.Query...), HasQ: x.HasQuery,
		},
		input: httpcache.Input{
			Head:          head,
			Authorization: x.Fields.Get("Authorization") != nil,
			Cookie:        !x.Site.Signed && !x.Site.KeyCookies && x.Fields.Get("Cookie") != nil,
		},
		private: !x.Site.Cached || x.Private() || x.Through,
	}
	if x.Site.Signed {
		if loop := req.Fields.AppendJoined(nil, "CDN-Loop"); loop != nil {
			fl.fetch.Viewer = httpmsg.Fields{{Name: []byte("CDN-Loop"), Value: loop}}
		}
	} else {
		fl.fetch.Viewer = normalCodings(x.Fields.Clone())
		fl.vary = fl.fetch.Viewer
		fl.news = make(chan struct{})
		fl.fetch.Interim = fl.hear
	}
	if !fl.private {
		fl.validate(x)
	}
	return fl
}

// launch starts the flight; others may join it if they may know of it. f.mu is
// held.
func (f *Filler) launch(fl *flight, known bool) {
	if known {
		f.flights[fl.key] = fl
	}
	fl.leads = !fl.background
	f.begun++
	fl.number = f.begun
	f.wg.Go(fl.run)
}

var (
	errBudget  = errors.New("no response header within the fill budget")
	errUnread  = errors.New("all viewers have left")
	errUnasked = errors.New("origin answered a condition or a range that was not sent")
)

// run fetches, and tells those who wait.
func (fl *flight) run() {
	f := fl.filler
	ctx, cancel := context.WithCancelCause(f.ctx)
	fl.cancel = cancel
	defer cancel(nil)
	answer, fault := fl.ask(ctx)

	var got int64
	switch {
	case fault != nil:
		fl.status, fl.fault = fault.Received, fault
		f.mu.Lock()
		f.leave(fl) // first: who learns of the fault and asks again starts anew
		f.mu.Unlock()
		close(fl.ready)
	case answer.Status == 304 && fl.fetch.Method == "":
		fl.status = 304
		fl.refresh(fl.selected, answer)
	default:
		fl.status = answer.Status
		if fl.fetch.Method != "" {
			fl.invalidate(answer)
		}
		fl.receive(ctx, answer)
		got, _ = fl.growth.Filled()
	}
	if answer != nil {
		_ = answer.Body.Close()
	}
	f.mu.Lock()
	f.leave(fl)
	if fl.background && !fl.done {
		fl.holdBack()
	}
	f.mu.Unlock()
	fl.generation.Release()
	if fl.growth != nil {
		fl.growth.Close()
	}
	if fl.adopted != nil {
		fl.adopted.Unpin()
	}
	if fl.stale != nil {
		fl.stale.Unpin()
	}
	fl.unpinBases()
	fault = fl.fault
	var content *flow.ContentFault
	if fault != nil && errors.As(fault.Err, &content) {
		fault = nil // the viewer's, and not the origin's
	}
	f.Fetched(fl.fetch.Site, fault, got)
}

// ask sends the request, again without conditions if a 304 is not about the
// base. A 304 that it returns confirms the base.
func (fl *flight) ask(ctx context.Context) (*flow.Answer, *flow.Fault) {
	f := fl.filler
	budget := time.AfterFunc(f.Budget, func() { fl.cancel(errBudget) })
	defer budget.Stop()
	if fl.fetch.Content != nil {
		fl.fetch.Content = &timed{fl.fetch.Content, func() { budget.Stop() }}
	}
	answer, fault := f.Origin.Fetch(ctx, fl.fetch)
	if fault == nil && answer.Status == 304 && fl.conditional() {
		fl.selected = fl.confirmed(answer)
	}
	if fault == nil && answer.Status == 304 && fl.conditional() && fl.selected == nil {
		_ = answer.Body.Close()
		if fl.base != nil {
			expire(fl.base)
		}
		fl.unvalidated()
		fl.renew()
		answer, fault = f.Origin.Fetch(ctx, fl.fetch)
	}
	switch {
	case fault != nil:
		return nil, fault
	case fl.fetch.Method != "":
		return answer, nil
	case answer.Status == 304 && !fl.conditional(), answer.Status == 206:
		fault = &flow.Fault{Status: 502, Proxy: cdnfield.HTTPProtocolError, Class: "invalid_header", Err: errUnasked}
	case fl.keepsStale(answer.Status):
		fault, fl.withheld = statusFault(answer.Status), true
	default:
		return answer, nil
	}
	fault.Received, fault.Code = answer.Status, catalog.OriginOriginError
	_ = answer.Body.Close()
	return nil, fault
}

// renew makes the flight as young as what it asks for from now on: until now
// it may have been purged.
func (fl *flight) renew() {
	f, old := fl.filler, fl.generation
	young := f.Begin(fl.fetch.Site.Zone.UUID, fl.key)
	f.mu.Lock()
	fl.generation = young
	f.mu.Unlock()
	old.Release()
}

// conditional reports whether the origin is asked about something stored.
func (fl *flight) conditional() bool {
	return fl.fetch.IfNoneMatch != "" || fl.fetch.IfModifiedSince != ""
}

// judge decides on a response with these fields.
func (fl *flight) judge(status int, fields httpmsg.Fields, answer *flow.Answer) httpcache.Verdict {
	in := fl.input
	in.Status, in.Fields, in.Negative = status, fields, answer.Negative
	in.RequestTime, in.ResponseTime = answer.RequestTime, answer.ResponseTime
	v := httpcache.Judge(&in, &fl.fetch.Site.Policy)
	v.Storable = v.Storable && fl.fetch.Method == ""
	return v
}

// receive makes an object of the answer, lets waiters read it as it grows,
// and stores it.
func (fl *flight) receive(ctx context.Context, answer *flow.Answer) {
	f := fl.filler
	site := fl.fetch.Site
	fields := httpcache.StoredFields(nil, answer.Fields, &site.Policy, answer.ResponseTime).Clone()
	meta := flow.NewMeta(answer.Status, fields, fl.judge(answer.Status, answer.Fields, answer))
	fl.once = httpcache.OnceFields(nil, answer.Fields, answer.Fields, &site.Policy).Clone()
	length := answer.Length
	if fl.fetch.Head {
		meta.Length, length = answer.Length, 0
	}
	o := flow.NewObject(fl.key, f.Store, meta)
	o.Zone = site.Zone.UUID
	o.Negative, o.Epoch = answer.Negative, site.Group.NegativeEpoch
	fl.generation.Own(o)
	o.Vary, fl.shared = fl.selects(answer.Fields)
	fl.shared = fl.shared && meta.Verdict.Storable && !fl.private
	if fl.shared && len(o.Vary) > 0 {
		o.Variant, fl.shared = httpcache.AppendVariantKey(nil, o.Vary, fl.vary)
	}
	fl.object = o
	fl.growth = flow.Grow(o, length, f.Store.Limit(), fl.shared, fl.unread)
	if fl.leads {
		fl.lead = fl.growth.Read(0)
	}
	if fl.fetch.Head {
		fl.headed(answer)
	}
	if !fl.growth.Kept() {
		fl.shared = false
		fl.unshared(answer.Status)
	}
	if fl.shared && answer.Status == 200 && !fl.fetch.Head {
		fl.check = digest.New(answer.Fields)
	}
	if length == 0 {
		fl.growth.End(0, nil, fl.keep)
		close(fl.ready)
		return
	}
	close(fl.ready)
	if fl.background {
		fl.unread() // nobody reads what cannot be kept
	}
	tail, err := fl.copy(ctx, answer.Body, length)
	fl.growth.End(tail, err, fl.keep)
}

// keep stores the complete object, unless it was purged meanwhile: there may
// be a newer one already. What differs from its own digest is not stored.
func (fl *flight) keep(o *flow.Object) {
	f := fl.filler
	wrong := fl.check.Wrong()
	f.mu.Lock()
	f.leave(fl) // who comes now finds it stored, and judges whether it is fresh
	if wrong == "" && fl.generation.Current() && f.valid(fl) {
		f.Store.Put(o)
		fl.succeeded()
	}
	f.mu.Unlock()
	if wrong != "" {
		f.Damaged(fl.fetch.Site, fl.fetch.Path, wrong)
	}
}

// unshared notes that the answer is for its leader only.
func (fl *flight) unshared(status int) {
	f := fl.filler
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.private {
		return
	}
	if fl.stale != nil && outdated(status) && !fl.fetch.Head {
		expire(fl.stale)
		fl.succeeded()
	}
	f.pass(fl)
}

// copy reads the body into the growth: length bytes, or to its end if that
// is -1. It returns how many of the last bytes it has not committed, as with
// them the body is whole.
func (fl *flight) copy(ctx context.Context, body io.Reader, length int64) (tail int, err error) {
	kept := true
	for filled := int64(0); ; {
		space := fl.growth.Space(ctx.Done())
		if space == nil {
			return 0, context.Cause(ctx)
		}
		if length >= 0 {
			space = space[:min(int64(len(space)), length-filled)]
		}
		n, err := body.Read(space)
		fl.check.Write(space[:n])
		filled += int64(n)
		switch {
		case filled == length, err == io.EOF && length < 0:
			return n, nil
		case err == io.EOF:
			return n, io.ErrUnexpectedEOF
		case err != nil:
			return n, err
		}
		fl.growth.Commit(n)
		if kept && fl.shared && !fl.growth.Kept() {
			// It turned out too large to keep; who comes now starts anew.
			kept = false
			fl.filler.mu.Lock()
			fl.filler.pass(fl)
			fl.filler.mu.Unlock()
		}
	}
}

// unread decides, when nobody reads any more, whether the rest of the body is
// worth fetching.
func (fl *flight) unread() {
	f := fl.filler
	f.mu.Lock()
	defer f.mu.Unlock()
	if !fl.deserted() {
		return
	}
	fl.left++
	filled, expect := fl.growth.Filled()
	switch {
	case !fl.generation.Current() || !fl.growth.Kept() || expect >= 0 && expect-filled > finishBytes:
		fl.abandon()
	case expect < 0:
		left := fl.left
		time.AfterFunc(finishTime, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if fl.left == left && fl.deserted() {
				fl.abandon()
			}
		})
	}
}

// deserted reports whether nobody reads the body, or is about to. f.mu is
// held.
func (fl *flight) deserted() bool {
	return fl.waiting == 0 && fl.growth.Idle() && !(fl.background && fl.growth.Kept())
}

// abandon ends the fetch, so that nobody joins it any more. f.mu is held.
func (fl *flight) abandon() {
	fl.filler.leave(fl)
	fl.cancel(errUnread)
}
