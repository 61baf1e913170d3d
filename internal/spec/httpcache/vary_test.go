package httpcache

import (
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

func TestVariantKey(t *testing.T) {
	tests := []struct {
		name string
		vary string
		a, b []string // two requests
		same bool
	}{
		{"no Vary", "", []string{"Foo: 1"}, []string{"Foo: 2"}, true},
		{"same value", "Foo", []string{"Foo: 1"}, []string{"foo: 1"}, true},
		{"another value", "Foo", []string{"Foo: 1"}, []string{"Foo: 2"}, false},
		{"a field that does not select", "Foo", []string{"Foo: 1", "Bar: 1"}, []string{"Foo: 1", "Bar: 2"}, true},
		{"absent and absent", "Foo", nil, nil, true},
		{"absent and empty", "Foo", nil, []string{"Foo:"}, false},
		{"absent and there", "Foo", nil, []string{"Foo: 1"}, false},
		{"two names, second differs", "Foo, Bar", []string{"Foo: 1", "Bar: 1"}, []string{"Foo: 1", "Bar: 2"}, false},
		{"values change places", "Foo, Bar", []string{"Foo: 1", "Bar: 2"}, []string{"Foo: 2", "Bar: 1"}, false},
		{"one absent, another there", "Foo, Bar", []string{"Foo: 1"}, []string{"Bar: 1"}, false},
		{"names without case", "FOO", []string{"foo: 1"}, []string{"Foo: 1"}, true},
		{"values with case", "Foo", []string{"Foo: a"}, []string{"Foo: A"}, false},
		{"lines joined", "Foo", []string{"Foo: 1", "Foo: 2"}, []string{"Foo: 1, 2"}, true},
		{"lines in another order", "Foo", []string{"Foo: 1", "Foo: 2"}, []string{"Foo: 2", "Foo: 1"}, false},
		{"blanks around commas", "Foo", []string{"Foo: 1,2"}, []string{"Foo: 1 \t,  2"}, true},
		{"blanks elsewhere", "Foo", []string{"Foo: 1 2"}, []string{"Foo: 12"}, false},
		{"blanks in a quoted string", "Foo", []string{`Foo: "1,2"`}, []string{`Foo: "1, 2"`}, false},
		{"language without case", "Accept-Language", []string{"Accept-Language: en-GB"}, []string{"Accept-Language: EN-gb"}, true},
		{"language in another order", "Accept-Language", []string{"Accept-Language: en, de"}, []string{"Accept-Language: de, en"}, false},
		{"language with blanks", "Accept-Language", []string{"Accept-Language: en,de"}, []string{"Accept-Language: en , de"}, true},
		{"codings in another order", "Accept-Encoding", []string{"Accept-Encoding: gzip, br"}, []string{"Accept-Encoding: BR,gzip"}, true},
		{"codings on two lines", "Accept-Encoding", []string{"Accept-Encoding: gzip", "Accept-Encoding: br"}, []string{"Accept-Encoding: br, gzip"}, true},
		{"codings of other weight", "Accept-Encoding", []string{"Accept-Encoding: gzip"}, []string{"Accept-Encoding: gzip;q=0.5"}, true},
		{"codings unknown", "Accept-Encoding", []string{"Accept-Encoding: gzip, deflate"}, []string{"Accept-Encoding: gzip, sdch"}, true},
		{"coding with weight 0", "Accept-Encoding", []string{"Accept-Encoding: gzip, br;q=0"}, []string{"Accept-Encoding: gzip"}, true},
		{"another coding", "Accept-Encoding", []string{"Accept-Encoding: gzip"}, []string{"Accept-Encoding: br"}, false},
		{"codings absent and identity", "Accept-Encoding", nil, []string{"Accept-Encoding: identity"}, false},
		{"cookie", "Cookie", []string{"Cookie: a=1"}, []string{"Cookie: a=2"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, ok := AppendVariantKey(nil, []byte(tt.vary), lines(tt.a...))
			b, fine := AppendVariantKey([]byte("x"), []byte(tt.vary), lines(tt.b...))
			if !ok || !fine {
				t.Fatalf("AppendVariantKey(%q) is not ok", tt.vary)
			}
			if same := string(a) == string(b[1:]); same != tt.same {
				t.Errorf("AppendVariantKey(%q) of %q and %q = %q and %q", tt.vary, tt.a, tt.b, a, b[1:])
			}
		})
	}
	for _, vary := range []string{"*", "Foo, *", "*, Foo", ", *", "* , *", "Foo Bar", `"Foo"`, "Foo;q=1"} {
		if key, ok := AppendVariantKey([]byte("x"), []byte(vary), nil); ok || string(key) != "x" {
			t.Errorf("AppendVariantKey(%q) = %q, %v; want only what was there, false", vary, key, ok)
		}
	}
}

func TestAppendVary(t *testing.T) {
	tests := []struct {
		fields []string
		want   string
		ok     bool
	}{
		{nil, "", true},
		{[]string{"Vary:"}, "", true},
		{[]string{"Vary: Foo"}, "foo", true},
		{[]string{"Vary: Foo, Accept-Encoding"}, "accept-encoding,foo", true},
		{[]string{"Vary: foo", "Vary: FOO, Bar,, foo-bar"}, "bar,foo,foo-bar", true},
		{[]string{"Vary: foo", "Vary: *"}, "", false},
	}
	for _, tt := range tests {
		got, ok := AppendVary([]byte(","), lines(tt.fields...))
		if string(got) != ","+tt.want || ok != tt.ok {
			t.Errorf("AppendVary(%q) = %q, %v; want %q, %v", tt.fields, got, ok, ","+tt.want, tt.ok)
		}
	}
}

func TestAcceptedCodings(t *testing.T) {
	tests := []struct {
		value string
		want  Codings
	}{
		{"", 0},
		{"gzip", Gzip},
		{"X-GZIP", Gzip},
		{"gzip, deflate, br, zstd", Gzip | Brotli | Zstd},
		{"*", Gzip | Brotli | Zstd},
		{"*;q=0", 0},
		{"*, br;q=0", Gzip | Zstd},
		{"br;q=0, *", Gzip | Zstd},
		{"gzip, *;q=0", Gzip},
		{"gzip;q=0", 0},
		{"gzip;q=0.000", 0},
		{"gzip;q=0.001", Gzip},
		{"gzip ; q=1.000", Gzip},
		{"gzip;Q=1", Gzip},
		{"gzip;q=1.", Gzip},
		{"gzip;q=1.001", 0},
		{"gzip;q=0.0001", 0},
		{"gzip;q=2", 0},
		{"gzip;q=0.a", 0},
		{"gzip;q=", 0},
		{"gzip;q=-1", 0},
		{"gzip;level=1", 0},
		{"gzip br", 0},
		{"identity;q=0, br", Brotli},
	}
	for _, tt := range tests {
		if got := AcceptedCodings(lines("Accept-Encoding: " + tt.value)); got != tt.want {
			t.Errorf("AcceptedCodings(%q) = %b; want %b", tt.value, got, tt.want)
		}
	}
	if got := AcceptedCodings(nil); got != 0 {
		t.Errorf("AcceptedCodings without the field = %b; want 0", got)
	}
	for set, want := range map[Codings]string{0: "identity", Gzip: "gzip", allCodings: "gzip, br, zstd"} {
		if got := AppendAcceptEncoding(nil, set); string(got) != want {
			t.Errorf("AppendAcceptEncoding(%b) = %q; want %q", set, got, want)
		}
	}
}

func FuzzVary(f *testing.F) {
	f.Add("Foo, Bar", "1, 2", "a")
	f.Add("accept-encoding", "gzip;q=0.5, *", "")
	f.Add("Accept-Language,*", `"a, b`, "en , DE")
	f.Fuzz(func(t *testing.T, vary, foo, language string) {
		if !httpmsg.ValidValue(foo) || !httpmsg.ValidValue(language) {
			return
		}
		request := httpmsg.Fields{
			{Name: []byte("Foo"), Value: []byte(foo)},
			{Name: []byte("Accept-Language"), Value: []byte(language)},
			{Name: []byte("Accept-Encoding"), Value: []byte(foo)},
		}
		names, ok := AppendVary(nil, httpmsg.Fields{{Name: []byte("Vary"), Value: []byte(vary)}})
		_, fine := AppendVariantKey(nil, []byte(vary), request)
		if ok != fine {
			t.Fatalf("AppendVary(%q) ok is %v, AppendVariantKey %v", vary, ok, fine)
		}
		if !ok {
			return
		}
		again, _ := AppendVary(nil, httpmsg.Fields{{Name: []byte("Vary"), Value: names}})
		if string(again) != string(names) {
			t.Fatalf("AppendVary(%q) = %q", names, again)
		}
		// Nothing that selects may be lost: a request with another value of a
		// named field must not get the same key.
		key, _ := AppendVariantKey(nil, names, request)
		request[0].Value = append([]byte(foo), 'x')
		other, _ := AppendVariantKey(nil, names, request)
		if named(names, "foo") == (string(key) == string(other)) {
			t.Fatalf("AppendVariantKey(%q) of Foo %q and %q: %q and %q", names, foo, request[0].Value, key, other)
		}
	})
}

func named(list []byte, name string) bool {
	return httpmsg.Fields{{Name: []byte("V"), Value: list}}.HasToken("V", name)
}
