package httpcache

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// epoch is when the responses of these tests come.
const epoch = 1_700_000_000

// lines makes a field list of "Name: value" lines. "@-60" in a line stands for
// the date 60 seconds before epoch.
func lines(text ...string) httpmsg.Fields {
	var fields httpmsg.Fields
	for _, line := range text {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if at, ok := strings.CutPrefix(value, "@"); ok {
			n, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				panic(err)
			}
			value = string(httpmsg.AppendDate(nil, epoch+n))
		}
		fields = append(fields, httpmsg.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fields
}

func judged(in Input, p Policy) Verdict {
	if in.Status == 0 {
		in.Status = 200
	}
	if in.ResponseTime == 0 {
		in.ResponseTime = epoch
	}
	if in.RequestTime == 0 {
		in.RequestTime = in.ResponseTime
	}
	return Judge(&in, &p)
}

func TestLifetime(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   int64
		source Source
	}{
		{"max-age", []string{"Cache-Control: max-age=60"}, 60, FromMaxAge},
		{"max-age without case", []string{"cache-control: MaX-aGe=60"}, 60, FromMaxAge},
		{"max-age 0", []string{"Cache-Control: max-age=0"}, 0, FromMaxAge},
		{"leading zeros", []string{"Cache-Control: max-age=0060"}, 60, FromMaxAge},
		{"quoted", []string{`Cache-Control: max-age="60"`}, 60, FromMaxAge},
		{"largest", []string{"Cache-Control: max-age=2147483647"}, 1<<31 - 1, FromMaxAge},
		{"2^31", []string{"Cache-Control: max-age=2147483648"}, 1 << 31, FromMaxAge},
		{"over 2^31", []string{"Cache-Control: max-age=2147483649"}, 1 << 31, FromMaxAge},
		{"over 2^64", []string{"Cache-Control: max-age=99999999999999999999999"}, 1 << 31, FromMaxAge},
		{"unknown directives around", []string{`Cache-Control: a, b=1, c="2", max-age=60, d=`}, 60, FromMaxAge},
		{"empty members", []string{"Cache-Control: ,, max-age=60 ,"}, 60, FromMaxAge},
		{"second line", []string{"Cache-Control: public", "Cache-Control: max-age=60"}, 60, FromMaxAge},
		{"repeated with the same value", []string{"Cache-Control: max-age=60, max-age=060"}, 60, FromMaxAge},

		{"in a quoted string only", []string{`Cache-Control: ext="max-age=60"`, "Expires: @30"}, 30, FromExpires},
		{"after a quoted string", []string{`Cache-Control: ext="max-age=3600", max-age=1`}, 1, FromMaxAge},
		{"before a quoted string", []string{`Cache-Control: max-age=1, ext="max-age=3600"`}, 1, FromMaxAge},
		{"after an escaped quote", []string{`Cache-Control: ext="a\", max-age=3600, b=\"", max-age=1`}, 1, FromMaxAge},
		{"beside a quote that does not end", []string{`Cache-Control: max-age=60, ext="a, b`}, 0, FromMaxAge},
		{"quoted string across lines", []string{`Cache-Control: ext="a`, `Cache-Control: b", max-age=60`}, 0, FromMaxAge},

		{"repeated with differing values", []string{"Cache-Control: max-age=60, max-age=70"}, 0, FromMaxAge},
		{"repeated on another line", []string{"Cache-Control: max-age=60", "Cache-Control: max-age=1"}, 0, FromMaxAge},
		{"without argument", []string{"Cache-Control: max-age"}, 0, FromMaxAge},
		{"empty", []string{"Cache-Control: max-age="}, 0, FromMaxAge},
		{"empty, quoted", []string{`Cache-Control: max-age=""`}, 0, FromMaxAge},
		{"blank in the quotes", []string{`Cache-Control: max-age=" 60"`}, 0, FromMaxAge},
		{"escape in the quotes", []string{`Cache-Control: max-age="\60"`}, 0, FromMaxAge},
		{"negative", []string{"Cache-Control: max-age=-60"}, 0, FromMaxAge},
		{"plus sign", []string{"Cache-Control: max-age=+60"}, 0, FromMaxAge},
		{"fraction", []string{"Cache-Control: max-age=60.0"}, 0, FromMaxAge},
		{"single quotes", []string{"Cache-Control: max-age='60'"}, 0, FromMaxAge},
		{"blank before =", []string{"Cache-Control: max-age =60"}, 0, FromMaxAge},
		{"blank after =", []string{"Cache-Control: max-age= 60"}, 0, FromMaxAge},
		{"letter before", []string{"Cache-Control: max-age=a60"}, 0, FromMaxAge},
		{"letter after", []string{"Cache-Control: max-age=60a"}, 0, FromMaxAge},
		{"text after", []string{"Cache-Control: max-age=60; b"}, 0, FromMaxAge},
		{"text after the quotes", []string{`Cache-Control: max-age="60"0`}, 0, FromMaxAge},
		{"invalid, with a valid Expires", []string{"Cache-Control: max-age=x", "Expires: @60"}, 0, FromMaxAge},

		{"s-maxage before max-age", []string{"Cache-Control: max-age=60, s-maxage=10"}, 10, FromSharedAge},
		{"longer s-maxage before max-age", []string{"Cache-Control: s-maxage=100, max-age=60"}, 100, FromSharedAge},
		{"s-maxage quoted", []string{`Cache-Control: s-maxage="100"`}, 100, FromSharedAge},
		{"s-maxage invalid", []string{"Cache-Control: s-maxage=x, max-age=60"}, 0, FromSharedAge},
		{"s-maxage repeated", []string{"Cache-Control: s-maxage=1, s-maxage=2, max-age=60"}, 0, FromSharedAge},
		{"s-maxage beside an invalid max-age", []string{"Cache-Control: s-maxage=100, max-age=x"}, 0, FromSharedAge},

		{"max-age before Expires", []string{"Cache-Control: max-age=60", "Expires: @3600"}, 60, FromMaxAge},
		{"max-age before past Expires", []string{"Cache-Control: max-age=60", "Expires: @-3600"}, 60, FromMaxAge},
		{"max-age before invalid Expires", []string{"Cache-Control: max-age=60", "Expires: 0"}, 60, FromMaxAge},
		{"max-age 0 before Expires", []string{"Cache-Control: max-age=0", "Expires: @3600"}, 0, FromMaxAge},
		{"Expires counts from Date", []string{"Date: @-100", "Expires: @60"}, 160, FromExpires},
		{"Expires counts from receipt without Date", []string{"Expires: @60"}, 60, FromExpires},
		{"Expires counts from receipt with invalid Date", []string{"Expires: @60", "Date: yesterday"}, 60, FromExpires},
		{"Expires equals Date", []string{"Date: @0", "Expires: @0"}, 0, FromExpires},
		{"Expires before Date", []string{"Date: @0", "Expires: @-10"}, 0, FromExpires},
		{"Expires 0", []string{"Expires: 0"}, 0, FromExpires},
		{"Expires -1", []string{"Expires: -1"}, 0, FromExpires},
		{"Expires empty", []string{"Expires:"}, 0, FromExpires},
		{"Expires in another zone", []string{"Expires: Tue, 14 Nov 2034 22:13:20 CET"}, 0, FromExpires},
		{"Expires repeated", []string{"Expires: @60", "Expires: @60"}, 0, FromExpires},
		{"Expires in the form of RFC 850", []string{"Expires: Tuesday, 14-Nov-23 22:14:20 GMT"}, 60, FromExpires},
		{"Expires of asctime", []string{"Expires: Tue Nov 14 22:14:20 2023"}, 60, FromExpires},
		{"Expires far away", []string{"Expires: Fri, 31 Dec 9999 23:59:59 GMT"}, 1 << 31, FromExpires},
		{"Pragma is no response field", []string{"Pragma: no-cache", "Cache-Control: max-age=60"}, 60, FromMaxAge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// An ETag, so that stale responses are storable too.
			got := judged(Input{Fields: append(lines(tt.fields...), lines(`ETag: "a"`)...)}, Policy{})
			if !got.Storable || got.Lifetime != tt.want || got.Source != tt.source {
				t.Errorf("Judge(%q) = %v %d from %v; want %d from %v", tt.fields, got.Storable, got.Lifetime, got.Source, tt.want, tt.source)
			}
			if !got.Source.Explicit() {
				t.Errorf("Judge(%q): source %v is not explicit", tt.fields, got.Source)
			}
		})
	}
}

func TestStorable(t *testing.T) {
	fresh := "Cache-Control: max-age=60"
	tests := []struct {
		name   string
		in     Input
		policy Policy
		fields []string
		want   Reason
	}{
		{name: "fresh", fields: []string{fresh}},
		{name: "HEAD", in: Input{Head: true}, fields: []string{fresh}},
		{name: "no-store", fields: []string{"Cache-Control: max-age=60, no-store"}, want: ReasonNoStore},
		{name: "no-store on another line", fields: []string{fresh, "Cache-Control: No-Store"}, want: ReasonNoStore},
		{name: "no-store with an argument", fields: []string{"Cache-Control: max-age=60, no-store=1"}, want: ReasonNoStore},
		{name: "no-store with text after it", fields: []string{"Cache-Control: max-age=60, no-store; x"}, want: ReasonNoStore},
		{name: "no-store in a quoted string", fields: []string{`Cache-Control: max-age=60, a="no-store"`}},
		{name: "no-store behind an open quote", fields: []string{`Cache-Control: max-age=60, a="b, no-store`}, want: ReasonNoStore},
		{name: "private", fields: []string{"Cache-Control: private, max-age=60"}, want: ReasonPrivate},
		{name: "private with an empty list", fields: []string{`Cache-Control: private="", max-age=60`}, want: ReasonPrivate},
		{name: "private with names", fields: []string{`Cache-Control: private="Foo, Bar", max-age=60`}},
		{name: "private with a name as token", fields: []string{`Cache-Control: private=foo, max-age=60`}},
		{name: "private with and without names", fields: []string{`Cache-Control: private, private="Foo", max-age=60`}, want: ReasonPrivate},
		{name: "private with what is no name", fields: []string{`Cache-Control: private="F o", max-age=60`}, want: ReasonPrivate},
		{name: "private with a field that must stay", fields: []string{`Cache-Control: private="content-encoding", max-age=60`}, want: ReasonPrivate},
		{name: "unknown directives", fields: []string{`Cache-Control: foo, bar="private", max-age=60`}},

		{name: "interim", in: Input{Status: 103}, fields: []string{fresh}, want: ReasonStatus},
		{name: "304", in: Input{Status: 304}, fields: []string{fresh}, want: ReasonStatus},
		{name: "206 to a request without Range", in: Input{Status: 206}, fields: []string{fresh}, want: ReasonPartial},
		{name: "206", in: Input{Status: 206, Ranged: true}, fields: []string{fresh}},
		{name: "416 to Range", in: Input{Status: 416, Ranged: true}, fields: []string{fresh}, want: ReasonPartial},
		{name: "429", in: Input{Status: 429}, fields: []string{fresh}, want: ReasonStatus},

		{name: "must-understand lifts no-store", fields: []string{"Cache-Control: max-age=60, must-understand, no-store"}},
		{name: "must-understand with unknown status", in: Input{Status: 499}, fields: []string{"Cache-Control: max-age=60, must-understand, no-store"}, want: ReasonMustUnderstand},
		{name: "must-understand alone with unknown status", in: Input{Status: 299}, fields: []string{"Cache-Control: max-age=60, must-understand"}, want: ReasonMustUnderstand},

		{name: "Authorization", in: Input{Authorization: true}, fields: []string{fresh}, want: ReasonAuthorization},
		{name: "Authorization, public", in: Input{Authorization: true}, fields: []string{"Cache-Control: public, max-age=60"}},
		{name: "Authorization, s-maxage", in: Input{Authorization: true}, fields: []string{"Cache-Control: s-maxage=60"}},
		{name: "Authorization, invalid s-maxage", in: Input{Authorization: true}, fields: []string{"Cache-Control: s-maxage=x", `ETag: "a"`}, want: ReasonAuthorization},
		{name: "Authorization, must-revalidate", in: Input{Authorization: true}, fields: []string{"Cache-Control: must-revalidate, max-age=60"}},
		{name: "Authorization, proxy-revalidate", in: Input{Authorization: true}, fields: []string{"Cache-Control: proxy-revalidate, max-age=60"}, want: ReasonAuthorization},
		{name: "Authorization, Expires", in: Input{Authorization: true}, fields: []string{"Expires: @60"}, want: ReasonAuthorization},

		{name: "nothing", want: ReasonNoLifetime},
		{name: "only a date", fields: []string{"Date: @0"}, want: ReasonNoLifetime},
		{name: "only an ETag", fields: []string{`ETag: "a"`}},
		{name: "only a Last-Modified", fields: []string{"Last-Modified: @-10"}},
		{name: "only an invalid Last-Modified", fields: []string{"Last-Modified: x"}, want: ReasonNoLifetime},
		{name: "ETag with a status that needs freshness", in: Input{Status: 500}, fields: []string{`ETag: "a"`}, want: ReasonNoLifetime},
		{name: "ETag with the same status, public", in: Input{Status: 500}, fields: []string{`ETag: "a"`, "Cache-Control: public"}},
		{name: "public without anything to use it by", fields: []string{"Cache-Control: public"}, want: ReasonNoLifetime},
		{name: "no-cache without validator", fields: []string{"Cache-Control: no-cache, max-age=60"}, want: ReasonNoLifetime},
		{name: "no-cache with validator", fields: []string{"Cache-Control: no-cache", `ETag: "a"`}},
		{name: "max-age 0 without validator", fields: []string{"Cache-Control: max-age=0"}, want: ReasonNoLifetime},
		{name: "max-age 0 with a stale window", fields: []string{"Cache-Control: max-age=0, stale-if-error=60"}},
		{name: "max-age 0 with validator", fields: []string{"Cache-Control: max-age=0", "Last-Modified: @-10"}},

		{name: "Vary", fields: []string{fresh, "Vary: Foo"}},
		{name: "Vary star", fields: []string{fresh, "Vary: *"}, want: ReasonVary},
		{name: "Vary star in a list", fields: []string{fresh, "Vary: Foo, *"}, want: ReasonVary},
		{name: "Vary star on another line", fields: []string{fresh, "Vary: Foo", "Vary: , *"}, want: ReasonVary},
		{name: "Vary that names nothing", fields: []string{fresh, "Vary: Foo Bar"}, want: ReasonVary},

		{name: "Set-Cookie with freshness", fields: []string{fresh, "Set-Cookie: a=b"}},
		{name: "Set-Cookie without freshness", fields: []string{"Set-Cookie: a=b", `ETag: "a"`, "Last-Modified: @-1000"}, policy: Policy{DefaultTTL: 10, Heuristic: true}, want: ReasonSetCookie},
		{name: "Set-Cookie stripped", fields: []string{"Set-Cookie: a=b"}, policy: Policy{DefaultTTL: 10, SetCookie: CookieStrip}},
		{name: "Set-Cookie named by no-cache", fields: []string{`Cache-Control: no-cache="Set-Cookie"`, "Set-Cookie: a=b"}, policy: Policy{DefaultTTL: 10}},
		{name: "Set-Cookie bypass", fields: []string{fresh, "Set-Cookie: a=b"}, policy: Policy{SetCookie: CookieBypass}, want: ReasonSetCookie},

		{name: "signed 403", in: Input{Status: 403}, policy: Policy{Signed: true}, fields: []string{fresh}, want: ReasonStatus},
		{name: "signed 500", in: Input{Status: 500}, policy: Policy{Signed: true}, fields: []string{fresh}, want: ReasonStatus},
		{name: "signed 301", in: Input{Status: 301}, policy: Policy{Signed: true}, fields: []string{fresh}, want: ReasonStatus},
		{name: "signed negative", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, NegativeTTL: 10}},
		{name: "signed negative, ttl 0", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true}, want: ReasonNoLifetime},
		{name: "signed negative, ttl 0, with validator", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true}, fields: []string{`ETag: "a"`}, want: ReasonNoLifetime},
		{name: "signed negative, no-store", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, NegativeTTL: 10}, fields: []string{"Cache-Control: no-store"}, want: ReasonNoStore},
		{name: "plain 404 is not negative", in: Input{Status: 404, Negative: true}, policy: Policy{NegativeTTL: 10}, want: ReasonNoLifetime},

		{name: "override 0", fields: []string{fresh}, policy: Policy{Override: []StatusTTL{{200, 0}}}, want: ReasonOverride},
		{name: "override 0 with validator", fields: []string{fresh, `ETag: "a"`}, policy: Policy{Override: []StatusTTL{{AnyStatus, 0}}}, want: ReasonOverride},
		{name: "override does not lift no-store", fields: []string{"Cache-Control: no-store"}, policy: Policy{Override: []StatusTTL{{200, 60}}}, want: ReasonNoStore},
		{name: "override does not lift private", fields: []string{"Cache-Control: private"}, policy: Policy{Override: []StatusTTL{{200, 60}}}, want: ReasonPrivate},
		{name: "min_ttl does not lift no-cache", fields: []string{"Cache-Control: no-cache"}, policy: Policy{MinTTL: 60}, want: ReasonNoLifetime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Fields = lines(tt.fields...)
			got := judged(tt.in, tt.policy)
			if got.Reason != tt.want || got.Storable != (tt.want == ReasonNone) {
				t.Errorf("Judge(%d %q) = storable %v, reason %q; want reason %q", tt.in.Status, tt.fields, got.Storable, got.Reason, tt.want)
			}
		})
	}
}

func TestEveryFinalStatusWithFreshnessIsStorable(t *testing.T) {
	never := map[int]bool{206: true, 304: true, 428: true, 429: true, 431: true, 511: true}
	for status := 200; status <= 599; status++ {
		got := judged(Input{Status: status, Fields: lines("Cache-Control: max-age=60")}, Policy{})
		if got.Storable == never[status] {
			t.Errorf("Judge(%d, max-age=60) = storable %v, %v", status, got.Storable, got.Reason)
		}
		if got.Storable && !got.Fresh(epoch+59) {
			t.Errorf("Judge(%d, max-age=60) is not fresh after 59 s", status)
		}
	}
}

func TestPolicy(t *testing.T) {
	tests := []struct {
		name   string
		in     Input
		policy Policy
		fields []string
		want   int64
		source Source
	}{
		{name: "default of a signed origin", policy: Policy{Signed: true, DefaultTTL: -1}, want: 86400, source: FromDefault},
		{name: "default of a plain origin", policy: Policy{DefaultTTL: -1}, source: FromNothing},
		{name: "default set", policy: Policy{DefaultTTL: 30}, want: 30, source: FromDefault},
		{name: "default replaces the heuristic", policy: Policy{DefaultTTL: 30, Heuristic: true}, fields: []string{"Last-Modified: @-1000"}, want: 30, source: FromDefault},
		{name: "default does not replace max-age", policy: Policy{DefaultTTL: 30}, fields: []string{"Cache-Control: max-age=5"}, want: 5, source: FromMaxAge},
		{name: "default does not replace an invalid max-age", policy: Policy{DefaultTTL: 30}, fields: []string{"Cache-Control: max-age=x"}, source: FromMaxAge},
		{name: "default is not for 404", in: Input{Status: 404}, policy: Policy{DefaultTTL: 30}, source: FromNothing},
		{name: "default is for 308", in: Input{Status: 308}, policy: Policy{DefaultTTL: 30}, want: 30, source: FromDefault},
		{name: "default is not for no-cache", policy: Policy{DefaultTTL: 30}, fields: []string{"Cache-Control: no-cache"}, source: FromNothing},
		{name: "default is for no-cache with names", policy: Policy{DefaultTTL: 30}, fields: []string{`Cache-Control: no-cache="Foo"`}, want: 30, source: FromDefault},
		{name: "default is not for Cookie", in: Input{Cookie: true}, policy: Policy{DefaultTTL: 30}, source: FromNothing},
		{name: "default is not for Authorization", in: Input{Authorization: true}, policy: Policy{DefaultTTL: 30}, fields: []string{"Cache-Control: public"}, source: FromNothing},

		{name: "override by status", policy: Policy{Override: []StatusTTL{{AnyStatus, 1}, {200, 2}}}, fields: []string{"Cache-Control: s-maxage=9, max-age=8", "Expires: @7"}, want: 2, source: FromOverride},
		{name: "override by status, first", policy: Policy{Override: []StatusTTL{{200, 2}, {AnyStatus, 1}}}, want: 2, source: FromOverride},
		{name: "override of any", in: Input{Status: 500}, policy: Policy{Override: []StatusTTL{{200, 2}, {AnyStatus, 1}}}, want: 1, source: FromOverride},
		{name: "override of another status", policy: Policy{Override: []StatusTTL{{404, 2}}}, fields: []string{"Cache-Control: max-age=8"}, want: 8, source: FromMaxAge},
		{name: "override is not for Set-Cookie", policy: Policy{Override: []StatusTTL{{200, 2}}}, fields: []string{"Cache-Control: max-age=8", "Set-Cookie: a=b"}, want: 8, source: FromMaxAge},
		{name: "override is not for Cookie", in: Input{Cookie: true}, policy: Policy{Override: []StatusTTL{{200, 2}}}, fields: []string{"Cache-Control: max-age=8"}, want: 8, source: FromMaxAge},
		{name: "override of a negative entry", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, NegativeTTL: 10, Override: []StatusTTL{{404, 2}}}, want: 2, source: FromOverride},

		{name: "min_ttl lifts max-age", policy: Policy{MinTTL: 20}, fields: []string{"Cache-Control: max-age=0"}, want: 20, source: FromMaxAge},
		{name: "min_ttl lifts the default", policy: Policy{MinTTL: 20, DefaultTTL: 10}, want: 20, source: FromDefault},
		{name: "min_ttl without any lifetime", policy: Policy{MinTTL: 20}, want: 20, source: FromDefault},
		{name: "min_ttl is no lifetime for 500", in: Input{Status: 500}, policy: Policy{MinTTL: 20}, source: FromNothing},
		{name: "max_ttl cuts max-age", policy: Policy{MaxTTL: 20, HasMaxTTL: true}, fields: []string{"Cache-Control: max-age=30"}, want: 20, source: FromMaxAge},
		{name: "max_ttl cuts the override", policy: Policy{MaxTTL: 20, HasMaxTTL: true, Override: []StatusTTL{{200, 30}}}, want: 20, source: FromOverride},
		{name: "max_ttl 0", policy: Policy{HasMaxTTL: true}, fields: []string{"Cache-Control: max-age=30"}, source: FromMaxAge},

		{name: "negative", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, DefaultTTL: -1, NegativeTTL: 10}, want: 10, source: FromNegative},
		{name: "negative with own freshness", in: Input{Status: 404, Negative: true}, policy: Policy{Signed: true, NegativeTTL: 10}, fields: []string{"Cache-Control: max-age=5"}, want: 5, source: FromMaxAge},

		{name: "heuristic", policy: Policy{Heuristic: true}, fields: []string{"Last-Modified: @-1000"}, want: 100, source: FromHeuristic},
		{name: "heuristic counts from Date", policy: Policy{Heuristic: true}, fields: []string{"Date: @-500", "Last-Modified: @-1000"}, want: 50, source: FromHeuristic},
		{name: "heuristic is bounded", policy: Policy{Heuristic: true}, fields: []string{"Last-Modified: @-100000000"}, want: 86400, source: FromHeuristic},
		{name: "heuristic with Last-Modified to come", policy: Policy{Heuristic: true}, fields: []string{"Last-Modified: @1000"}, source: FromHeuristic},
		{name: "no heuristic without Last-Modified", policy: Policy{Heuristic: true}, fields: []string{"Date: @-1000"}, source: FromNothing},
		{name: "no heuristic if switched off", fields: []string{"Last-Modified: @-1000"}, source: FromNothing},
		{name: "no heuristic beside max-age", policy: Policy{Heuristic: true}, fields: []string{"Last-Modified: @-1000", "Cache-Control: max-age=1"}, want: 1, source: FromMaxAge},
		{name: "heuristic for public", in: Input{Status: 599}, policy: Policy{Heuristic: true}, fields: []string{"Last-Modified: @-1000", "Cache-Control: public"}, want: 100, source: FromHeuristic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Fields = lines(tt.fields...)
			if tt.source == FromNothing || tt.want == 0 {
				tt.in.Fields = append(tt.in.Fields, lines(`ETag: "a"`)...)
			}
			got := judged(tt.in, tt.policy)
			if !got.Storable && (tt.in.Status == 0 || tt.source != FromNothing) {
				t.Errorf("Judge(%q) is not storable: %v", tt.fields, got.Reason)
			}
			if got.Lifetime != tt.want || got.Source != tt.source {
				t.Errorf("Judge(%q) = %d from %v; want %d from %v", tt.fields, got.Lifetime, got.Source, tt.want, tt.source)
			}
		})
	}
}

func TestHeuristicStatus(t *testing.T) {
	want := map[int]bool{200: true, 203: true, 204: true, 206: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true, 501: true}
	for status := 200; status <= 599; status++ {
		got := judged(Input{Status: status, Ranged: status == 206, Fields: lines("Last-Modified: @-1000")}, Policy{Heuristic: true})
		if got.Fresh(epoch) != want[status] {
			t.Errorf("Judge(%d, Last-Modified) is fresh: %v; want %v", status, !want[status], want[status])
		}
	}
}

func TestAge(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		delay  int64
		want   int64 // at epoch
	}{
		{name: "none"},
		{name: "Age", fields: []string{"Age: 30"}, want: 30},
		{name: "Age and response delay", fields: []string{"Age: 30"}, delay: 5, want: 35},
		{name: "response delay", delay: 5, want: 5},
		{name: "apparent age", fields: []string{"Date: @-100"}, want: 100},
		{name: "apparent age beyond Age", fields: []string{"Date: @-100", "Age: 30"}, delay: 5, want: 100},
		{name: "Age beyond apparent age", fields: []string{"Date: @-100", "Age: 300"}, delay: 5, want: 305},
		{name: "Date to come", fields: []string{"Date: @100"}, want: 0},
		{name: "clock set back", delay: -5, want: 0},
		{name: "first line", fields: []string{"Age: 30", "Age: 60"}, want: 30},
		{name: "first member", fields: []string{"Age: 30, 60"}, want: 30},
		{name: "first member is 0", fields: []string{"Age: 0, 60"}, want: 0},
		{name: "first member is empty", fields: []string{"Age: , 60"}, want: 0},
		{name: "first member is no number", fields: []string{"Age: abc, 60"}, want: 0},
		{name: "negative", fields: []string{"Age: -30"}, want: 0},
		{name: "fraction", fields: []string{"Age: 30.5"}, want: 0},
		{name: "quoted", fields: []string{`Age: "30"`}, want: 0},
		{name: "parameter", fields: []string{"Age: 30;a=b"}, want: 0},
		{name: "text after", fields: []string{"Age: 30a"}, want: 0},
		{name: "empty", fields: []string{"Age:"}, want: 0},
		{name: "2^31", fields: []string{"Age: 2147483648"}, want: 1 << 31},
		{name: "over 2^31", fields: []string{"Age: 99999999999999999999"}, delay: 5, want: 1 << 31},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judged(Input{Fields: lines(tt.fields...), RequestTime: epoch - tt.delay}, Policy{DefaultTTL: 60})
			if got.Age(epoch) != tt.want {
				t.Errorf("Age(%q) = %d; want %d", tt.fields, got.Age(epoch), tt.want)
			}
			if want := min(tt.want+7, MaxDelta); got.Age(epoch+7) != want {
				t.Errorf("Age(%q) after 7 s = %d; want %d", tt.fields, got.Age(epoch+7), want)
			}
			if fresh := got.Fresh(epoch); fresh != (tt.want < 60) {
				t.Errorf("Fresh(%q) with lifetime 60 and age %d = %v", tt.fields, tt.want, fresh)
			}
		})
	}
}

func TestFreshUntilItsAgeIsItsLifetime(t *testing.T) {
	v := judged(Input{Fields: lines("Cache-Control: max-age=10", "Age: 4")}, Policy{})
	for at, want := range map[int64]bool{-100: true, 0: true, 5: true, 6: false, 7: false} {
		if v.Fresh(epoch+at) != want {
			t.Errorf("Fresh after %d s = %v; want %v", at, !want, want)
		}
	}
	if v.TTL(epoch+9) != -3 {
		t.Errorf("TTL 3 s after the end = %d; want -3", v.TTL(epoch+9))
	}
	var zero Verdict
	if zero.Fresh(0) || zero.ServeWhileRevalidating(0) || zero.ServeOnFault(Fault{Server: true, Zone: true}, 0) {
		t.Error("the zero Verdict may be served")
	}
}

func TestValidateOnEveryUse(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   bool
	}{
		{"fresh", []string{"Cache-Control: max-age=60"}, false},
		{"no-cache", []string{"Cache-Control: max-age=60, no-cache"}, true},
		{"no-cache with an argument that is no list", []string{`Cache-Control: max-age=60, no-cache=","`}, true},
		{"no-cache with names", []string{`Cache-Control: max-age=60, no-cache="Foo"`}, false},
		{"nothing but a validator", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judged(Input{Fields: append(lines(tt.fields...), lines(`ETag: "a"`)...)}, Policy{})
			if got.Validate != tt.want || got.Fresh(epoch) == tt.want {
				t.Errorf("Judge(%q) = Validate %v, fresh %v; want %v, %v", tt.fields, got.Validate, got.Fresh(epoch), tt.want, !tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	names := func(of func(uint8) string, last uint8) {
		seen := map[string]bool{"unknown": true}
		for i := range last + 1 {
			if seen[of(i)] {
				t.Errorf("%d is called %q, as another is", i, of(i))
			}
			seen[of(i)] = true
		}
	}
	names(func(i uint8) string { return Source(i).String() }, uint8(FromHeuristic))
	names(func(i uint8) string { return Reason(i).String() }, uint8(ReasonNoLifetime))
	if (FromHeuristic+1).String() != "unknown" || (ReasonNoLifetime+1).String() != "unknown" {
		t.Error("there are more names than sources or reasons")
	}
	if FromOverride.Explicit() || FromNegative.Explicit() || !FromTargeted.Explicit() || !FromExpires.Explicit() {
		t.Error("explicit are the sources from FromTargeted to FromExpires only")
	}
}
