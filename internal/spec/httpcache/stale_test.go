package httpcache

import "testing"

func TestStaleWindows(t *testing.T) {
	zone := Policy{StaleWhileRevalidate: 20, StaleIfError: 30}
	tests := []struct {
		name   string
		in     Input
		policy Policy
		fields []string
		while  int64 // the windows expected
		own    int64
		zone   int64
	}{
		{name: "none", fields: []string{"Cache-Control: max-age=10"}},
		{name: "of the response", fields: []string{"Cache-Control: max-age=10, stale-while-revalidate=5, stale-if-error=6"}, while: 5, own: 6},
		{name: "of the zone", policy: zone, fields: []string{"Cache-Control: max-age=10"}, while: 20, zone: 30},
		{name: "of both, the zone's longer", policy: zone, fields: []string{"Cache-Control: max-age=10, stale-while-revalidate=5, stale-if-error=6"}, while: 20, own: 6, zone: 30},
		{name: "of both, the response's longer", policy: zone, fields: []string{"Cache-Control: max-age=10, stale-while-revalidate=50"}, while: 50, zone: 30},
		{name: "invalid", fields: []string{"Cache-Control: max-age=10, stale-while-revalidate=x, stale-if-error"}},
		{name: "repeated with differing values", fields: []string{"Cache-Control: max-age=10, stale-if-error=5, stale-if-error=6"}},
		{name: "must-revalidate", policy: zone, fields: []string{"Cache-Control: max-age=10, must-revalidate, stale-if-error=5, stale-while-revalidate=5"}},
		{name: "proxy-revalidate", policy: zone, fields: []string{"Cache-Control: max-age=10, proxy-revalidate, stale-if-error=5"}},
		{name: "s-maxage", policy: zone, fields: []string{"Cache-Control: s-maxage=10, stale-if-error=5"}},
		{name: "invalid s-maxage", policy: zone, fields: []string{"Cache-Control: s-maxage=x, stale-if-error=5", `ETag: "a"`}},
		{name: "s-maxage under an override", policy: Policy{Override: []StatusTTL{{200, 5}}, StaleIfError: 30}, fields: []string{"Cache-Control: s-maxage=10"}},
		{name: "no-cache", policy: zone, fields: []string{"Cache-Control: no-cache, stale-if-error=5", `ETag: "a"`}},
		{name: "no-cache with names", policy: zone, fields: []string{`Cache-Control: no-cache="Foo", max-age=10`}, while: 20, zone: 30},
		{name: "only a validator", policy: zone, fields: []string{`ETag: "a"`}, zone: 30},
		{name: "negative", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, NegativeTTL: 10, StaleIfError: 30, StaleWhileRevalidate: 20}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Fields = lines(tt.fields...)
			got := judged(tt.in, tt.policy)
			if !got.Storable {
				t.Fatalf("Judge(%q) is not storable: %v", tt.fields, got.Reason)
			}
			if got.StaleWhileRevalidate != tt.while || got.StaleIfError != tt.own || got.ZoneStaleIfError != tt.zone {
				t.Errorf("Judge(%q): windows %d, %d, %d; want %d, %d, %d", tt.fields,
					got.StaleWhileRevalidate, got.StaleIfError, got.ZoneStaleIfError, tt.while, tt.own, tt.zone)
			}
		})
	}
}

func TestServeStale(t *testing.T) {
	v := Verdict{Storable: true, Born: epoch, Lifetime: 10, StaleWhileRevalidate: 5, StaleIfError: 20, ZoneStaleIfError: 30}
	tests := []struct {
		after               int64
		fresh, while        bool
		server, zone, other bool
	}{
		{after: 9, fresh: true, while: true, server: true, zone: true},
		{after: 10, while: true, server: true, zone: true},
		{after: 14, while: true, server: true, zone: true},
		{after: 15, server: true, zone: true},
		{after: 29, server: true, zone: true},
		{after: 30, zone: true},
		{after: 39, zone: true},
		{after: 40},
	}
	for _, tt := range tests {
		now := epoch + tt.after
		if v.Fresh(now) != tt.fresh || v.ServeWhileRevalidating(now) != tt.while {
			t.Errorf("after %d s: fresh %v, while revalidating %v", tt.after, v.Fresh(now), v.ServeWhileRevalidating(now))
		}
		if got := v.ServeOnFault(Fault{Server: true}, now); got != tt.server {
			t.Errorf("after %d s: on 503 %v", tt.after, got)
		}
		if got := v.ServeOnFault(Fault{Zone: true}, now); got != tt.zone {
			t.Errorf("after %d s: on a fault of the zone %v", tt.after, got)
		}
		if v.ServeOnFault(Fault{}, now) {
			t.Errorf("after %d s: on another fault", tt.after)
		}
	}
	if v.StaleUntil() != epoch+40 {
		t.Errorf("StaleUntil = %d after the beginning; want 40", v.StaleUntil()-epoch)
	}
	v.MustRevalidate = true
	if v.ServeWhileRevalidating(epoch+11) || v.ServeOnFault(Fault{Server: true, Zone: true}, epoch+11) || v.StaleUntil() != epoch+10 {
		t.Error("must-revalidate is served stale")
	}
}

func TestExpire(t *testing.T) {
	v := Verdict{Storable: true, Born: epoch, Lifetime: 100, ZoneStaleIfError: 30}
	v.Expire(epoch + 10)
	if v.Fresh(epoch + 10) {
		t.Error("fresh after Expire")
	}
	if fault := (Fault{Zone: true}); !v.ServeOnFault(fault, epoch+39) || v.ServeOnFault(fault, epoch+40) {
		t.Error("the window of 30 s does not begin with Expire")
	}
	v.Expire(epoch + 50)
	if v.Lifetime != 10 {
		t.Errorf("Expire of a stale response: lifetime %d; want 10", v.Lifetime)
	}
}

func TestImmutable(t *testing.T) {
	for _, line := range []string{"max-age=60, immutable", "IMMUTABLE, max-age=60", `max-age=60, immutable="x"`} {
		if v := judged(Input{Fields: lines("Cache-Control: " + line)}, Policy{}); !v.Immutable {
			t.Errorf("Judge(%q) is not immutable", line)
		}
	}
}

func TestRequestDirectives(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   RequestDirectives
	}{
		{"none", nil, RequestDirectives{MaxAge: -1}},
		{"all", []string{"Cache-Control: no-store, no-cache, no-transform", "Cache-Control: Only-If-Cached, max-age=1, min-fresh=2, max-stale=3"},
			RequestDirectives{NoStore: true, NoCache: true, NoTransform: true, OnlyIfCached: true, MaxAge: 1, MinFresh: 2, MaxStale: 3}},
		{"max-stale without argument", []string{"Cache-Control: max-stale"}, RequestDirectives{MaxAge: -1, MaxStale: MaxDelta}},
		{"strictest counts", []string{"Cache-Control: max-age=5, max-age=3, max-age=4, max-stale, max-stale=7, min-fresh=1, min-fresh=2"},
			RequestDirectives{MaxAge: 3, MinFresh: 2, MaxStale: 7}},
		{"invalid", []string{"Cache-Control: max-age=x, max-stale=-1, min-fresh"}, RequestDirectives{MaxAge: -1}},
		{"in a quoted string", []string{`Cache-Control: a="only-if-cached"`}, RequestDirectives{MaxAge: -1}},
		{"Pragma", []string{"Pragma: x, No-Cache"}, RequestDirectives{NoCache: true, MaxAge: -1}},
		{"Pragma beside Cache-Control", []string{"Pragma: no-cache", "Cache-Control: max-age=9"}, RequestDirectives{MaxAge: 9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseRequest(lines(tt.fields...)); got != tt.want {
				t.Errorf("ParseRequest(%q) = %+v; want %+v", tt.fields, got, tt.want)
			}
		})
	}
}

func TestSatisfies(t *testing.T) {
	plain := Verdict{Storable: true, Born: epoch, Lifetime: 10}
	immutable := Verdict{Storable: true, Born: epoch, Lifetime: 10, Immutable: true}
	final := Verdict{Storable: true, Born: epoch, Lifetime: 10, MustRevalidate: true}
	validate := Verdict{Storable: true, Born: epoch, Lifetime: 10, Validate: true}
	tests := []struct {
		name  string
		v     Verdict
		ask   string
		after int64
		want  bool
	}{
		{"fresh", plain, "", 5, true},
		{"stale", plain, "", 10, false},
		{"no-cache", plain, "no-cache", 5, false},
		{"max-age above the age", plain, "max-age=6", 5, true},
		{"max-age is the age", plain, "max-age=5", 5, true},
		{"max-age below the age", plain, "max-age=4", 5, false},
		{"min-fresh left", plain, "min-fresh=5", 5, true},
		{"min-fresh not left", plain, "min-fresh=6", 5, false},
		{"max-stale", plain, "max-stale=5", 15, true},
		{"max-stale exceeded", plain, "max-stale=5", 16, false},
		{"any max-stale", plain, "max-stale", 100000, true},
		{"max-stale and max-age", plain, "max-stale=5, max-age=12", 13, false},
		{"max-stale and min-fresh", plain, "max-stale=5, min-fresh=1", 13, false},
		{"max-stale and no-cache", plain, "max-stale=5, no-cache", 13, false},
		{"max-stale of must-revalidate", final, "max-stale=5", 13, false},
		{"max-stale of a fresh one", final, "max-stale=5", 5, true},
		{"reload of an immutable one", immutable, "no-cache, max-age=0", 5, true},
		{"reload of a stale immutable one", immutable, "no-cache, max-age=0", 10, false},
		{"min-fresh of an immutable one", immutable, "min-fresh=6", 5, false},
		{"to be validated", validate, "max-stale", 5, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := ParseRequest(lines("Cache-Control: " + tt.ask))
			if got := tt.v.Satisfies(&r, epoch+tt.after); got != tt.want {
				t.Errorf("Satisfies(%q) after %d s = %v; want %v", tt.ask, tt.after, got, tt.want)
			}
		})
	}
}
