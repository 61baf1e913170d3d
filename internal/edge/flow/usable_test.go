package flow

import (
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// An object whose body is another's gives it back once both are gone.
func TestAsSharesTheBody(t *testing.T) {
	for _, order := range []string{"first one first", "second one first"} {
		t.Run(order, func(t *testing.T) {
			l := newLedger(t, 10)
			o := NewObject("G1/a", l, NewMeta(200, nil, httpcache.Verdict{}))
			o.Zone, o.Born = "z", 7
			g := Grow(o, 5, 100, true, func() {})
			copy(g.Space(nil), "hello")
			g.End(5, nil, func(*Object) {})
			o.Pin()
			g.Close()
			meta := NewMeta(200, nil, httpcache.Verdict{})
			as := o.As(meta, []byte("x"), []byte("x:1\n"))
			if as.Held() != 0 || as.Size() != 5 || as.Zone != "z" || as.Born != 7 || as.Key != o.Key || as.Meta() != meta || string(as.Variant) != "x:1\n" {
				t.Errorf("As = %+v", as)
			}
			first, second := o, as
			if order == "second one first" {
				first, second = as, o
			}
			first.Unpin()
			if b, ok := second.Bytes(); !ok || string(b) != "hello" {
				t.Errorf("body of the other = %q, %v; want hello", b, ok)
			}
			second.Unpin()
			l.settled()
		})
	}
}

func TestUsable(t *testing.T) {
	const now = 1000
	fresh := httpcache.Verdict{Storable: true, Born: now - 10, Lifetime: 60}
	stale := httpcache.Verdict{Storable: true, Born: now - 70, Lifetime: 60, StaleWhileRevalidate: 20, ZoneStaleIfError: 20}
	tests := []struct {
		name    string
		verdict httpcache.Verdict
		honor   bool
		control string

		usable, meanwhile, onFault, private bool
	}{
		{name: "fresh", verdict: fresh, usable: true, onFault: true},
		{name: "fresh, reload ignored", verdict: fresh, control: "no-cache, no-store, max-age=0", usable: true, onFault: true},
		{name: "fresh, reload", verdict: fresh, honor: true, control: "no-cache"},
		{name: "fresh, too old", verdict: fresh, honor: true, control: "max-age=5", onFault: true},
		{name: "fresh, young enough", verdict: fresh, honor: true, control: "max-age=10", usable: true, onFault: true},
		{name: "fresh, not for long enough", verdict: fresh, honor: true, control: "min-fresh=51", onFault: true},
		{name: "fresh, secret", verdict: fresh, honor: true, control: "no-store", usable: true, private: true, onFault: true},
		{name: "stale", verdict: stale, meanwhile: true, onFault: true},
		{name: "stale, reload ignored", verdict: stale, control: "no-cache, max-stale", meanwhile: true, onFault: true},
		{name: "stale, reload", verdict: stale, honor: true, control: "no-cache"},
		{name: "stale, young enough", verdict: stale, honor: true, control: "max-age=100", onFault: true},
		{name: "stale, accepted", verdict: stale, honor: true, control: "max-stale=10", usable: true, meanwhile: true, onFault: true},
		{name: "stale, not that", verdict: stale, honor: true, control: "max-stale=9", meanwhile: true, onFault: true},
		{name: "beyond all windows", verdict: httpcache.Verdict{Storable: true, Born: now - 90, Lifetime: 60, StaleWhileRevalidate: 20, ZoneStaleIfError: 20}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := NewObject("G1/a", newLedger(t, 0), NewMeta(200, nil, tt.verdict))
			x := &Exchange{Now: now * 1e9, Site: &Site{Honor: tt.honor, Group: &zone.Group{}}}
			if tt.control != "" {
				x.Request.Fields = httpmsg.Fields{line("Cache-Control", tt.control)}
			}
			usable, meanwhile, onFault, private := x.Usable(o), x.UsableMeanwhile(o), x.UsableOnFault(o, httpcache.Fault{Zone: true}), x.Private()
			if usable != tt.usable || meanwhile != tt.meanwhile || onFault != tt.onFault || private != tt.private {
				t.Errorf("usable %v, meanwhile %v, on fault %v, private %v; want %v, %v, %v, %v",
					usable, meanwhile, onFault, private, tt.usable, tt.meanwhile, tt.onFault, tt.private)
			}
		})
	}
}
