package httpcache

import "testing"

func TestTargetedFields(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   int64
		source Source
		reason Reason
	}{
		{name: "beats Cache-Control", fields: []string{"CDN-Cache-Control: max-age=60", "Cache-Control: max-age=1"}, want: 60, source: FromTargeted},
		{name: "is beaten by the one for Cistern", fields: []string{"CDN-Cache-Control: max-age=60", "Cistern-CDN-Cache-Control: max-age=30"}, want: 30, source: FromTargeted},
		{name: "beats s-maxage", fields: []string{"CDN-Cache-Control: max-age=60", "Cache-Control: s-maxage=1"}, want: 60, source: FromTargeted},
		{name: "beats Expires", fields: []string{"CDN-Cache-Control: max-age=60", "Expires: @1"}, want: 60, source: FromTargeted},
		{name: "beats invalid Expires", fields: []string{"CDN-Cache-Control: max-age=60", "Expires: 0"}, want: 60, source: FromTargeted},
		{name: "beats no-store", fields: []string{"CDN-Cache-Control: max-age=60", "Cache-Control: no-store"}, want: 60, source: FromTargeted},
		{name: "beats private", fields: []string{"CDN-Cache-Control: max-age=60", "Cache-Control: private"}, want: 60, source: FromTargeted},
		{name: "beats Surrogate-Control", fields: []string{"CDN-Cache-Control: max-age=60", "Surrogate-Control: no-store, max-age=1"}, want: 60, source: FromTargeted},
		{name: "s-maxage in it beats its max-age", fields: []string{"CDN-Cache-Control: max-age=60, s-maxage=30"}, want: 30, source: FromTargeted},
		{name: "max-age 0", fields: []string{"CDN-Cache-Control: max-age=0", "Cache-Control: max-age=60"}, source: FromTargeted},
		{name: "negative max-age is stale", fields: []string{"CDN-Cache-Control: max-age=-1", "Cache-Control: max-age=60"}, source: FromTargeted},
		{name: "max-age over 2^31", fields: []string{"CDN-Cache-Control: max-age=99999999999"}, want: 1 << 31, source: FromTargeted},
		{name: "two lines", fields: []string{"CDN-Cache-Control: public", "CDN-Cache-Control: max-age=60"}, want: 60, source: FromTargeted},
		{name: "last of repeated members", fields: []string{"CDN-Cache-Control: max-age=1, max-age=60"}, want: 60, source: FromTargeted},
		{name: "unknown members", fields: []string{`CDN-Cache-Control: a, b="max-age=1", c=(1 2), max-age=60`}, want: 60, source: FromTargeted},
		{name: "parameters", fields: []string{"CDN-Cache-Control: max-age=60;a=1"}, want: 60, source: FromTargeted},
		{name: "unknown members only, Expires is ignored", fields: []string{"CDN-Cache-Control: foo", "Expires: @60", "Cache-Control: max-age=60"}, source: FromNothing},
		{name: "no-store", fields: []string{"CDN-Cache-Control: no-store", "Cache-Control: max-age=60"}, reason: ReasonNoStore},
		{name: "private", fields: []string{"CDN-Cache-Control: private", "Cache-Control: max-age=60"}, reason: ReasonPrivate},
		{name: "no-store, must-understand", fields: []string{"CDN-Cache-Control: no-store, must-understand, max-age=60"}, want: 60, source: FromTargeted},

		{name: "empty", fields: []string{"CDN-Cache-Control:", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "the one for Cistern is empty", fields: []string{"Cistern-CDN-Cache-Control:", "CDN-Cache-Control: max-age=60", "Cache-Control: max-age=1"}, want: 60, source: FromTargeted},
		{name: "no dictionary", fields: []string{"CDN-Cache-Control: max-age=60, &", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "upper case", fields: []string{"CDN-Cache-Control: MaX-aGe=60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "blank before =", fields: []string{"CDN-Cache-Control: max-age =60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "blank after =", fields: []string{"CDN-Cache-Control: max-age= 60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "comma at the end", fields: []string{"CDN-Cache-Control: max-age=60,", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "max-age as string", fields: []string{`CDN-Cache-Control: max-age="60"`, "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "max-age as decimal", fields: []string{"CDN-Cache-Control: max-age=60.0", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "max-age as token", fields: []string{"CDN-Cache-Control: max-age=a60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "max-age without value", fields: []string{"CDN-Cache-Control: max-age", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "max-age as list", fields: []string{"CDN-Cache-Control: max-age=(60)", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "stale-if-error as string", fields: []string{`CDN-Cache-Control: max-age=60, stale-if-error="1"`, "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "no-store false", fields: []string{"CDN-Cache-Control: no-store=?0, max-age=60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "no-store with a value", fields: []string{"CDN-Cache-Control: max-age=60, no-store=1", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "private with names", fields: []string{`CDN-Cache-Control: private="a", max-age=60`, "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "no-cache as token", fields: []string{"CDN-Cache-Control: no-cache=a, max-age=60", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "an ignored field leaves nothing behind", fields: []string{`Cistern-CDN-Cache-Control: no-store, max-age="1"`, "CDN-Cache-Control: max-age=60"}, want: 60, source: FromTargeted},

		{name: "Surrogate-Control beats s-maxage", fields: []string{"Surrogate-Control: max-age=60", "Cache-Control: s-maxage=1"}, want: 60, source: FromSurrogate},
		{name: "Surrogate-Control beats Expires", fields: []string{`Surrogate-Control: content="ESI/1.0", max-age=60`, "Expires: 0"}, want: 60, source: FromSurrogate},
		{name: "Surrogate-Control no-store", fields: []string{"Surrogate-Control: no-store", "Cache-Control: max-age=60"}, reason: ReasonNoStore},
		{name: "Surrogate-Control does not lift private", fields: []string{"Surrogate-Control: max-age=60", "Cache-Control: private"}, reason: ReasonPrivate},
		{name: "Surrogate-Control invalid", fields: []string{"Surrogate-Control: max-age=x", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judged(Input{Fields: append(lines(tt.fields...), lines(`ETag: "a"`)...)}, Policy{})
			if got.Reason != tt.reason || got.Lifetime != tt.want || got.Source != tt.source {
				t.Errorf("Judge(%q) = %d from %v, reason %q; want %d from %v, reason %q",
					tt.fields, got.Lifetime, got.Source, got.Reason, tt.want, tt.source, tt.reason)
			}
		})
	}
}

func TestTargetedFieldDecidesAlone(t *testing.T) {
	got := judged(Input{Fields: lines("CDN-Cache-Control: max-age=60, stale-while-revalidate=5",
		"Cache-Control: s-maxage=1, must-revalidate, immutable", "Age: 20")}, Policy{})
	if got.MustRevalidate || got.Immutable || got.StaleWhileRevalidate != 5 {
		t.Errorf("Cache-Control acts beside CDN-Cache-Control: %+v", got)
	}
	if got.Age(epoch) != 20 {
		t.Errorf("Age = %d; want 20, as Age still counts", got.Age(epoch))
	}
	got = judged(Input{Authorization: true, Fields: lines("CDN-Cache-Control: max-age=60", "Cache-Control: public")}, Policy{})
	if got.Storable {
		t.Error("public in Cache-Control permits what CDN-Cache-Control does not")
	}
	got = judged(Input{Fields: lines("CDN-Cache-Control: max-age=60, must-revalidate, no-cache", `ETag: "a"`)}, Policy{})
	if !got.MustRevalidate || !got.Validate {
		t.Errorf("no-cache in CDN-Cache-Control: Validate %v, MustRevalidate %v", got.Validate, got.MustRevalidate)
	}
	for name, want := range map[string]bool{"cistern-cdn-cache-control": true, "Surrogate-Control": true, "CDN-Cache-Control": false, "Cache-Control": false} {
		if Withheld([]byte(name)) != want {
			t.Errorf("Withheld(%s) = %v", name, !want)
		}
	}
}
