package httpcache

import (
	"slices"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// text is the opposite of lines.
func text(fields httpmsg.Fields) []string {
	var out []string
	for _, f := range fields {
		out = append(out, strings.TrimSpace(string(f.Name)+": "+string(f.Value)))
	}
	return out
}

func TestStoredFields(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		fields []string
		drop   []string // of fields, which all others are kept of
	}{
		{name: "every other field", fields: []string{"Foo: 1", "foo: 2", "Set-Cookie: a=b", "Set-Cookie: c=d", "Trailer: x", "Empty:", "Content-Length: 5", "Age: 3", "Via: 1.1 x", "Warning: 110 x", "CDN-Cache-Control: max-age=1", "Strict-Transport-Security: max-age=1"}},
		{name: "of the connection", drop: []string{"Connection: close", "Keep-Alive: timeout=5", "TE: trailers", "transfer-encoding: chunked", "Upgrade: h2c", "Proxy-Connection: close", "Proxy-Authenticate: Basic", "Proxy-Authentication-Info: a", "Proxy-Authorization: Basic"}},
		{name: "named by Connection", fields: []string{"Foo: 1", "Baz: 1"}, drop: []string{"Connection: x, BAR ,close", "Connection: foo-x", "Bar: 1", "bar: 2", "Foo-X: 1"}},
		{name: "named by no-cache", fields: []string{`Cache-Control: max-age=1, no-cache="Foo, Bar"`, "Baz: 1"}, drop: []string{"foo: 1", "Bar: 2", "BAR: 3"}},
		{name: "named by private", fields: []string{`Cache-Control: private="Set-Cookie"`, "Cache-Control: private=foo", "Bar: 1"}, drop: []string{"Set-Cookie: a=b", "Foo: 1"}},
		{name: "named in a quoted string of another directive", fields: []string{`Cache-Control: a="no-cache=foo"`, "Foo: 1"}},
		{name: "named by a targeted field", fields: []string{`CDN-Cache-Control: no-cache="foo"`, `Cache-Control: private="bar"`, "Bar: 1"}, drop: []string{"Foo: 1"}},
		{name: "Set-Cookie, stripped", policy: Policy{SetCookie: CookieStrip}, fields: []string{"Cookie-Set: 1"}, drop: []string{"Set-Cookie: a=b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			date := "Date: @-5"
			all := slices.Concat([]string{date}, tt.drop, tt.fields)
			got := text(StoredFields(nil, lines(all...), &tt.policy, epoch))
			want := text(lines(append([]string{date}, tt.fields...)...))
			if !slices.Equal(got, want) {
				t.Errorf("StoredFields(%q) = %q; want %q", all, got, want)
			}
		})
	}
}

func TestOnceFields(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		fields []string
		want   []string
	}{
		{name: "no list", fields: []string{"Cache-Control: no-cache, private", "Foo: 1", "Connection: foo"}},
		{name: "named by no-cache", fields: []string{"foo: 1", `Cache-Control: no-cache="Foo, Bar"`, "Baz: 1", "Bar: 2", "FOO: 3"}, want: []string{"foo: 1", "Bar: 2", "FOO: 3"}},
		{name: "named by private", fields: []string{`Cache-Control: private="Set-Cookie"`, "Set-Cookie: a=b"}, want: []string{"Set-Cookie: a=b"}},
		{name: "named by Connection too", fields: []string{`Cache-Control: private="Foo, Keep-Alive"`, "Connection: foo", "Foo: 1", "Keep-Alive: a"}},
		{name: "Set-Cookie, stripped", policy: Policy{SetCookie: CookieStrip}, fields: []string{`Cache-Control: private="Set-Cookie, Foo"`, "Set-Cookie: a=b", "Foo: 1"}, want: []string{"Foo: 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := lines(tt.fields...)
			if got := text(OnceFields(nil, fields, fields, &tt.policy)); !slices.Equal(got, tt.want) {
				t.Errorf("OnceFields(%q) = %q; want %q", tt.fields, got, tt.want)
			}
		})
	}
}

func TestOnceFieldsOf304(t *testing.T) {
	stored := lines(`Cache-Control: private="foo"`)
	if got := text(OnceFields(nil, lines("Foo: 1", "Bar: 1"), stored, &Policy{})); !slices.Equal(got, []string{"Foo: 1"}) {
		t.Errorf("OnceFields of a 304 without Cache-Control = %q; want Foo", got)
	}
}

func TestStoredFieldsHaveADate(t *testing.T) {
	want := text(lines("Foo: 1", "Date: @0"))
	for _, fields := range [][]string{{"Foo: 1"}, {"Date: yesterday", "Foo: 1"}, {"Foo: 1", "Date:"}} {
		if got := text(StoredFields(nil, lines(fields...), &Policy{}, epoch)); !slices.Equal(got, want) {
			t.Errorf("StoredFields(%q) = %q; want %q", fields, got, want)
		}
	}
}

func TestUpdate(t *testing.T) {
	tests := []struct {
		name    string
		stored  []string
		from304 []string
		want    []string
	}{
		{"date and age are new", []string{"Date: @-100", "Age: 7", "Foo: 1"}, []string{"Date: @-1", "Age: 2"}, []string{"Foo: 1", "Date: @-1", "Age: 2"}},
		{"no age", []string{"Date: @-100", "Age: 7"}, []string{"Date: @-1"}, []string{"Date: @-1"}},
		{"no date", []string{"Date: @-100"}, []string{"Foo: 1"}, []string{"Foo: 1", "Date: @0"}},
		{"absent fields stay", []string{"Content-Type: a/b", "Foo: 1"}, []string{"Date: @-1"}, []string{"Content-Type: a/b", "Foo: 1", "Date: @-1"}},
		{"all lines are replaced", []string{"Foo: 1", "Bar: 1", "FOO: 2"}, []string{"Date: @-1", "foo: 3"}, []string{"Bar: 1", "Date: @-1", "foo: 3"}},
		{"by all lines", []string{"Foo: 1"}, []string{"Date: @-1", "Foo: 2", "Foo: 3"}, []string{"Date: @-1", "Foo: 2", "Foo: 3"}},
		{"new fields", nil, []string{"Date: @-1", "New: 1"}, []string{"Date: @-1", "New: 1"}},
		{"freshness", []string{"Cache-Control: max-age=1", "Expires: @1"}, []string{"Date: @-1", "Cache-Control: max-age=2"}, []string{"Expires: @1", "Date: @-1", "Cache-Control: max-age=2"}},
		{"what describes the bytes", []string{"Content-Length: 5", "Content-Encoding: gzip", "Content-Type: a/b"},
			[]string{"Date: @-1", "Content-Length: 0", "content-encoding: br", "Content-Range: bytes 0-1/5", "Content-Type: c/d"},
			[]string{"Content-Length: 5", "Content-Encoding: gzip", "Date: @-1", "Content-Type: c/d"}},
		{"of the connection", []string{"Foo: 1"}, []string{"Date: @-1", "Connection: foo", "Foo: 2", "Transfer-Encoding: chunked"}, []string{"Foo: 1", "Date: @-1"}},
		{"named by no-cache", []string{"Foo: 1"}, []string{"Date: @-1", `Cache-Control: no-cache="foo"`, "Foo: 2"}, []string{"Date: @-1", `Cache-Control: no-cache="foo"`}},
		{"named by the stored private", []string{`Cache-Control: private="foo"`, "Bar: 1"}, []string{"Date: @-1", "Foo: 2"}, []string{`Cache-Control: private="foo"`, "Bar: 1", "Date: @-1"}},
		{"no longer named", []string{`Cache-Control: private="foo"`}, []string{"Date: @-1", "Cache-Control: max-age=1", "Foo: 2"}, []string{"Date: @-1", "Cache-Control: max-age=1", "Foo: 2"}},
		{"Set-Cookie", []string{"Set-Cookie: a=1", "Set-Cookie: b=1"}, []string{"Date: @-1", "Set-Cookie: a=2"}, []string{"Date: @-1", "Set-Cookie: a=2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stored := lines(tt.stored...)
			got := text(Update(stored, lines(tt.from304...), &Policy{}, epoch))
			if want := text(lines(tt.want...)); !slices.Equal(got, want) {
				t.Errorf("Update(%q, %q) = %q; want %q", tt.stored, tt.from304, got, want)
			}
			if want := text(lines(tt.stored...)); !slices.Equal(text(stored), want) {
				t.Errorf("Update changed the stored fields to %q", text(stored))
			}
		})
	}
}

func TestUpdatedResponseIsFreshAgain(t *testing.T) {
	stored := lines("Date: @-1000", "Cache-Control: max-age=60", `ETag: "a"`, "Age: 30")
	if v := judged(Input{Fields: stored}, Policy{}); v.Fresh(epoch) {
		t.Fatal("fresh before it was validated")
	}
	updated := Update(stored, lines(`ETag: "a"`), &Policy{}, epoch)
	if v := judged(Input{Fields: updated}, Policy{}); !v.Fresh(epoch) || v.Age(epoch) != 0 {
		t.Errorf("after a 304 without Date and Age: fresh %v, age %d", v.Fresh(epoch), v.Age(epoch))
	}
	updated = Update(stored, lines("Date: @-10", "Age: 20"), &Policy{}, epoch)
	if v := judged(Input{Fields: updated}, Policy{}); v.Age(epoch) != 20 {
		t.Errorf("after a 304 with Age 20: age %d", v.Age(epoch))
	}
}

func TestSelectedBy(t *testing.T) {
	tests := []struct {
		name            string
		stored, from304 []string
		want            bool
	}{
		{"same tag", []string{`ETag: "a"`}, []string{`ETag: "a"`}, true},
		{"another tag", []string{`ETag: "a"`}, []string{`ETag: "b"`}, false},
		{"strong tag for a weak one", []string{`ETag: W/"a"`}, []string{`ETag: "a"`}, false},
		{"weak tag for a strong one", []string{`ETag: "a"`}, []string{`ETag: W/"a"`}, true},
		{"tag for none", []string{"Last-Modified: @-9"}, []string{`ETag: "a"`, "Last-Modified: @-9"}, false},
		{"tag decides", []string{`ETag: "a"`, "Last-Modified: @-9"}, []string{`ETag: "a"`, "Last-Modified: @-5"}, true},
		{"same date", []string{"Last-Modified: @-9"}, []string{"Last-Modified: @-9"}, true},
		{"same date in another form", []string{"Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"}, []string{"Last-Modified: Tue Nov 14 22:13:20 2023"}, true},
		{"same date with two digits", []string{"Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"}, []string{"Last-Modified: Tuesday, 14-Nov-23 22:13:20 GMT"}, true},
		{"same date with four digits", []string{"Last-Modified: Tuesday, 14-Nov-23 22:13:20 GMT"}, []string{"Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"}, true},
		{"other date with two digits", []string{"Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"}, []string{"Last-Modified: Tuesday, 14-Nov-24 22:13:20 GMT"}, false},
		{"another date", []string{"Last-Modified: @-9"}, []string{"Last-Modified: @-8"}, false},
		{"date of one with a tag", []string{`ETag: "a"`, "Last-Modified: @-9"}, []string{"Last-Modified: @-9"}, true},
		{"no validator", []string{`ETag: "a"`}, []string{"Date: @0"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SelectedBy(lines(tt.stored...), lines(tt.from304...)); got != tt.want {
				t.Errorf("SelectedBy(%q, %q) = %v; want %v", tt.stored, tt.from304, got, tt.want)
			}
		})
	}
}

func TestHeadAgrees(t *testing.T) {
	stored := lines("Content-Length: 5", `ETag: "a"`, "Last-Modified: @-9")
	tests := []struct {
		head []string
		want bool
	}{
		{nil, true},
		{[]string{"Content-Length: 5", `ETag: "a"`, "Last-Modified: @-9", "Foo: 1"}, true},
		{[]string{"Content-Length: 6", `ETag: "a"`}, false},
		{[]string{`ETag: "b"`}, false},
		{[]string{`ETag: W/"a"`}, false},
		{[]string{"Last-Modified: @-8"}, false},
	}
	for _, tt := range tests {
		if got := HeadAgrees(stored, lines(tt.head...)); got != tt.want {
			t.Errorf("HeadAgrees(%q) = %v; want %v", tt.head, got, tt.want)
		}
	}
}

func TestCombinable(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`ETag: "a"`, `ETag: "a"`, true},
		{`ETag: "a"`, `ETag: "b"`, false},
		{`ETag: W/"a"`, `ETag: W/"a"`, false},
		{"Last-Modified: @-9", "Last-Modified: @-9", false},
	}
	for _, tt := range tests {
		if got := Combinable(lines(tt.a), lines(tt.b)); got != tt.want {
			t.Errorf("Combinable(%q, %q) = %v; want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
