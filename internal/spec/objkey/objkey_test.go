package objkey

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// code returns the catalogue code of err, or "".
func code(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return fmt.Sprintf("%d %s", r.Status, r.Code)
	}
	if err != nil {
		return "no refusal: " + err.Error()
	}
	return ""
}

func TestAppendPath(t *testing.T) {
	raw := Rules{DotSegments: DotRaw}
	only := func(prefixes ...string) Rules { return Rules{DotSegments: DotRaw, AllowedPrefixes: prefixes} }
	tests := []struct {
		name  string
		rules Rules
		raw   string
		want  string
		err   string
	}{
		{name: "root", raw: "/", want: "/"},
		{name: "plain", raw: "/a/b.txt", want: "/a/b.txt"},
		{name: "hex in either case", raw: "/M%c3%BCnchen%201.jpg", want: "/München 1.jpg"},
		{name: "escaped slash is a slash", raw: "/a%2Fb%2fc", want: "/a/b/c"},
		{name: "escaped percent is not decoded again", raw: "/a%2541", want: "/a%41"},
		{name: "slashes stay", raw: "/logs///today.txt/", want: "/logs///today.txt/"},
		{name: "invalid UTF-8 passes", raw: "/%ff%FE", want: "/\xff\xfe"},
		{name: "raw bytes beyond ASCII pass", raw: "/\xc3\xbc", want: "/ü"},
		{name: "control bytes but NUL pass", raw: "/%01%0a%7f", want: "/\x01\n\x7f"},
		{name: "escaped question mark and hash", raw: "/a%3Fb%23c", want: "/a?b#c"},
		{name: "plus stays", raw: "/a+b%2Bc", want: "/a+b+c"},
		{name: "plus as space", rules: Rules{PlusAsSpace: true}, raw: "/+a+b%2Bc%20+", want: "/ a b+c  "},

		{name: "empty", raw: "", err: "400 path_bad_encoding"},
		{name: "asterisk", raw: "*", err: "400 path_bad_encoding"},
		{name: "slash only escaped", raw: "%2Fa", err: "400 path_bad_encoding"},
		{name: "lone percent", raw: "/a%", err: "400 path_bad_encoding"},
		{name: "one digit", raw: "/a%4", err: "400 path_bad_encoding"},
		{name: "no hex", raw: "/a%4g", err: "400 path_bad_encoding"},
		{name: "no hex first", raw: "/a%g4", err: "400 path_bad_encoding"},
		{name: "percent percent", raw: "/%%41", err: "400 path_bad_encoding"},
		{name: "escaped NUL", raw: "/a%00b", err: "400 path_bad_encoding"},
		{name: "raw NUL", raw: "/a\x00b", err: "400 path_bad_encoding"},

		{name: "dot", raw: "/a/./b", err: "400 path_dot_segment"},
		{name: "dot dot", raw: "/a/../b", err: "400 path_dot_segment"},
		{name: "dot dot at end", raw: "/a/..", err: "400 path_dot_segment"},
		{name: "dot dot at start", raw: "/..", err: "400 path_dot_segment"},
		{name: "escaped dots", raw: "/a/%2e%2E/b", err: "400 path_dot_segment"},
		{name: "split by an escaped slash", raw: "/a%2F..%2Fb", err: "400 path_dot_segment"},
		{name: "unknown value rejects", rules: Rules{DotSegments: "keep"}, raw: "/a/./b", err: "400 path_dot_segment"},
		{name: "three dots are a name", raw: "/.../a..b/.c/d.", want: "/.../a..b/.c/d."},
		{name: "raw keeps dots", rules: raw, raw: "/a/./b/../c", want: "/a/./b/../c"},
		{name: "raw to the root", rules: raw, raw: "/a/..", want: "/a/.."},
		{name: "raw above the root", rules: raw, raw: "/reports/../../keys.txt", err: "400 path_dot_segment"},
		{name: "raw above the root and back", rules: raw, raw: "/../a/b", err: "400 path_dot_segment"},
		{name: "empty segments give no depth", rules: raw, raw: "/a//../../b", err: "400 path_dot_segment"},
		{name: "dots give no depth", rules: raw, raw: "/a/./../../b", err: "400 path_dot_segment"},

		{name: "index", rules: Rules{IndexDocument: "index.html"}, raw: "/album/", want: "/album/index.html"},
		{name: "index of the root", rules: Rules{IndexDocument: "index.html"}, raw: "/", want: "/index.html"},
		{name: "index after an escaped slash", rules: Rules{IndexDocument: "index.html"}, raw: "/a%2F", want: "/a/index.html"},
		{name: "no index for a name", rules: Rules{IndexDocument: "index.html"}, raw: "/album", want: "/album"},

		{name: "prefix", rules: only("/pub/"), raw: "/pub/a", want: "/pub/a"},
		{name: "prefix itself", rules: only("/pub/"), raw: "/pub/", want: "/pub/"},
		{name: "prefix without its slash", rules: only("/pub/"), raw: "/pub", err: "403 path_not_allowed"},
		{name: "entry without slash: itself", rules: only("/pub"), raw: "/pub", want: "/pub"},
		{name: "entry without slash: below", rules: only("/pub"), raw: "/pub/a", want: "/pub/a"},
		{name: "entry without slash: longer name", rules: only("/pub"), raw: "/public", err: "403 path_not_allowed"},
		{name: "second entry", rules: only("/a/", "/b/"), raw: "/b/c", want: "/b/c"},
		{name: "outside", rules: only("/a/", "/b/"), raw: "/c", err: "403 path_not_allowed"},
		{name: "case counts", rules: only("/pub/"), raw: "/Pub/a", err: "403 path_not_allowed"},
		{name: "decided on the decoded path", rules: only("/a b/"), raw: "/%61+b/", err: "403 path_not_allowed"},
		{name: "escaped prefix", rules: only("/a b/"), raw: "/%61%20b/", want: "/a b/"},
		{name: "index decides", rules: Rules{AllowedPrefixes: []string{"/a/index.html"}, IndexDocument: "index.html"}, raw: "/a/", want: "/a/index.html"},
		{name: "resolved leaves the prefix", rules: only("/pub/"), raw: "/pub/../secret", err: "403 path_not_allowed"},
		{name: "resolved leaves the prefix if slashes collapse", rules: only("/pub/"), raw: "/pub//../secret", err: "403 path_not_allowed"},
		{name: "resolved leaves the prefix if they do not", rules: only("/pub/"), raw: "/pub/..//pub/x", err: "403 path_not_allowed"},
		{name: "only resolved is inside", rules: only("/pub/"), raw: "/a/../pub/x", err: "403 path_not_allowed"},
		{name: "resolved stays", rules: only("/pub/"), raw: "/pub/a/../b", want: "/pub/a/../b"},
		{name: "resolved to the prefix", rules: only("/pub/"), raw: "/pub/a/..", want: "/pub/a/.."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.rules.AppendPath([]byte("x"), []byte(tt.raw))
			if string(got) != "x"+tt.want || code(err) != tt.err {
				t.Errorf("AppendPath(%q) = %q, %v; want %q, %q", tt.raw, got, err, "x"+tt.want, tt.err)
			}
		})
	}
}

func TestAppendResolved(t *testing.T) {
	tests := []struct{ path, keep, collapse string }{
		{"/", "/", "/"},
		{"/.", "/", "/"},
		{"/a/.", "/a/", "/a/"},
		{"/a/..", "/", "/"},
		{"/a/b/../c", "/a/c", "/a/c"},
		{"/a/b/./../c/", "/a/c/", "/a/c/"},
		{"/a//b", "/a//b", "/a/b"},
		{"/a//../b", "/a/b", "/b"},
		{"/a/..//b//", "//b//", "/b/"},
	}
	for _, tt := range tests {
		keep := appendResolved([]byte("z/z"), []byte(tt.path), false)
		collapse := appendResolved([]byte("z/z"), []byte(tt.path), true)
		if string(keep) != "z/z"+tt.keep || string(collapse) != "z/z"+tt.collapse {
			t.Errorf("appendResolved(%q) = %q, %q; want %q, %q after z/z", tt.path, keep, collapse, tt.keep, tt.collapse)
		}
	}
}

func TestAppendStrict(t *testing.T) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	got := string(AppendStrict(nil, all))
	for c := range 256 {
		escaped := fmt.Sprintf("%%%02X", c)
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", rune(c)) {
			escaped = string(rune(c))
		}
		if !strings.HasPrefix(got, escaped) {
			t.Fatalf("strict form of byte %#x begins %.6q; want %q", c, got, escaped)
		}
		got = got[len(escaped):]
	}
	if got != "" {
		t.Errorf("strict form has a rest %q", got)
	}
}

// The examples of the mapping's specification: base path /my-media, which is
// the bucket, in path style.
func TestWirePath(t *testing.T) {
	tests := []struct {
		raw   string
		rules Rules
		want  string
		err   string
	}{
		{raw: "/tour/M%c3%bcnchen%201.jpg", want: "/my-media/tour/M%C3%BCnchen%201.jpg"},
		{raw: "/price,list;v=2.csv", want: "/my-media/price%2Clist%3Bv%3D2.csv"},
		{raw: "/C%2B%2B/notes+draft.md", want: "/my-media/C%2B%2B/notes%2Bdraft.md"},
		{raw: "/C%2B%2B/notes+draft.md", rules: Rules{PlusAsSpace: true}, want: "/my-media/C%2B%2B/notes%20draft.md"},
		{raw: "/logs///today.txt", want: "/my-media/logs///today.txt"},
		{raw: "/album/", rules: Rules{IndexDocument: "index.html"}, want: "/my-media/album/index.html"},
		{raw: "/reports/../../keys.txt", rules: Rules{DotSegments: DotRaw}, err: "400 path_dot_segment"},
		{raw: "/", err: "403 bucket_root_denied"},
		{raw: "/x~y*'().txt", want: "/my-media/x~y%2A%27%28%29.txt"},
	}
	m := NewMapping(MappingOptions{Signed: true, BasePath: "/my-media"})
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			path, err := tt.rules.AppendPath(nil, []byte(tt.raw))
			if err == nil {
				err = m.Check(path)
			}
			var got []byte
			if err == nil {
				got = m.AppendWire(nil, path)
			}
			if string(got) != tt.want || code(err) != tt.err {
				t.Errorf("wire path of %q = %q, %v; want %q, %q", tt.raw, got, err, tt.want, tt.err)
			}
		})
	}
}

// randomTarget returns a target in which collisions are likely: few different
// bytes, in different spellings.
func randomTarget(r *rand.Rand) []byte {
	if r.IntN(4) == 0 { // any bytes at all
		b := []byte("/")
		for range r.IntN(12) {
			b = append(b, byte(r.Uint32()))
		}
		return b
	}
	spellings := []string{"a", "%61", "/", "%2F", "%2f", "+", "%2B", "%20", " ", ".", "%2e", "%25", "%252F", "\xff", "%ff", "ü"}
	b := []byte("/")
	for range r.IntN(5) {
		b = append(b, spellings[r.IntN(len(spellings))]...)
	}
	return b
}

var members = []MappingOptions{
	{},
	{BasePath: "/a"},
	{Signed: true},
	{Signed: true, BasePath: "/my-media"},
	{Signed: true, BasePath: "/my-media/a b+"},
	{Signed: true, Bucket: "aaa"},
	{Signed: true, Bucket: "aaa", BasePath: "/a/ü"},
	{Signed: true, Bucket: "aaa", Virtual: true},
	{Signed: true, Bucket: "aaa", Virtual: true, BasePath: "/a"},
	{Signed: true, HostBucket: "aaa", Virtual: true},
	{Bucket: "aaa"},
}

// Two targets have the same cache key if, and only if, the same wire path is
// signed for them, at every member of a group.
func TestEqualKeyEqualTarget(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var mappings []*Mapping
	for _, o := range members {
		mappings = append(mappings, NewMapping(o))
	}
	equal := 0
	for range 200_000 {
		rules := Rules{DotSegments: DotRaw, PlusAsSpace: r.IntN(2) == 0}
		raw1, raw2 := randomTarget(r), randomTarget(r)
		path1, err1 := rules.AppendPath(nil, raw1)
		path2, err2 := rules.AppendPath(nil, raw2)
		if err1 != nil || err2 != nil {
			continue
		}
		key1, key2 := AppendStrict(nil, path1), AppendStrict(nil, path2)
		if bytes.Equal(key1, key2) != bytes.Equal(path1, path2) {
			t.Fatalf("strict forms %q, %q of paths %q, %q", key1, key2, path1, path2)
		}
		if bytes.Equal(key1, key2) {
			equal++
		}
		for i, m := range mappings {
			wire1, wire2 := m.AppendWire(nil, path1), m.AppendWire(nil, path2)
			if bytes.Equal(key1, key2) != bytes.Equal(wire1, wire2) {
				t.Fatalf("%+v: keys %q, %q but targets %q, %q", members[i], key1, key2, wire1, wire2)
			}
			if !bytes.HasSuffix(wire1, key1) {
				t.Fatalf("%+v: target %q does not end with key %q", members[i], wire1, key1)
			}
		}
	}
	if equal < 1000 {
		t.Errorf("only %d of the pairs were equal: the test shows little", equal)
	}
}

func TestAllocations(t *testing.T) {
	rules := Rules{DotSegments: DotRaw, PlusAsSpace: true, AllowedPrefixes: []string{"/b/", "/tour"}, IndexDocument: "index.html"}
	bad := []byte("/%zz")
	raw := []byte("/tour/M%c3%bcnchen/../../tour/./1+2.jpg")
	m := NewMapping(MappingOptions{Signed: true, Bucket: "my-media"})
	buf, wire := make([]byte, 0, 256), make([]byte, 0, 256)
	got := testing.AllocsPerRun(100, func() {
		path, err := rules.AppendPath(buf, raw)
		if err != nil || m.Check(path) != nil {
			t.Fatal(err)
		}
		m.AppendWire(wire, path)
		if _, err := rules.AppendPath(buf, bad); err == nil || m.Check([]byte("/")) == nil {
			t.Fatal("no refusal")
		}
	})
	if got != 0 {
		t.Errorf("mapping a target allocates %v times; want 0", got)
	}
}

func FuzzAppendPath(f *testing.F) {
	for _, s := range []string{"/", "/a%2Fb", "/a/../b", "/%", "/%00", "/a//./../..", "/ü+%2B"} {
		f.Add([]byte(s), true, false)
		f.Add([]byte(s), false, true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, plus, keepDots bool) {
		rules := Rules{PlusAsSpace: plus}
		if keepDots {
			rules.DotSegments = DotRaw
		}
		path, err := rules.AppendPath(nil, raw)
		if err != nil {
			if len(path) != 0 || code(err) == "" {
				t.Fatalf("AppendPath(%q) = %q, %v", raw, path, err)
			}
			return
		}
		if path[0] != '/' || bytes.IndexByte(path, 0) >= 0 {
			t.Fatalf("AppendPath(%q) = %q", raw, path)
		}
		// The strict form is another spelling of the same path, and its own.
		strict := AppendStrict(nil, path)
		again, err := rules.AppendPath(nil, strict)
		if err != nil || !bytes.Equal(again, path) {
			t.Fatalf("AppendPath(%q) = %q, %v; want %q", strict, again, err, path)
		}
		if bytes.ContainsAny(strict, "+?#% \\") && !bytes.Contains(strict, []byte("%")) {
			t.Fatalf("strict form %q of %q", strict, path)
		}
		// No path leads out of a prefix, however a server resolves it.
		for _, collapse := range []bool{false, true} {
			resolved := appendResolved(nil, path, collapse)
			if resolved[0] != '/' || bytes.Contains(append(resolved, '/'), []byte("/../")) {
				t.Fatalf("%q resolves to %q", path, resolved)
			}
		}
		for _, o := range members {
			m := NewMapping(o)
			if m.Check(path) == nil && o.Signed {
				if _, key := m.Object(path); key == "" {
					t.Fatalf("%+v: path %q passes and has no key", o, path)
				}
			}
		}
	})
}

func BenchmarkAppendPath(b *testing.B) {
	raw := []byte("/tour/2024/M%c3%bcnchen%201.jpg")
	rules := Rules{AllowedPrefixes: []string{"/tour/"}}
	m := NewMapping(MappingOptions{Signed: true, Bucket: "my-media"})
	path, strict := make([]byte, 0, 256), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		path, _ = rules.AppendPath(path[:0], raw)
		if err := m.Check(path); err != nil {
			b.Fatal(err)
		}
		strict = AppendStrict(strict[:0], path)
	}
}

// The statuses here are those of the catalogue.
func TestRefusals(t *testing.T) {
	for _, r := range []*Refusal{errNoSlash, errBadEscape, errNUL, errDotSegment, errAboveRoot, errNotAllowed, errBucketRoot, errBucketName, errKeyTooLong} {
		if got := r.Code.Row().Status; got != r.Status {
			t.Errorf("%v: status %d; the catalogue has %d for %s", r, r.Status, got, r.Code)
		}
		if !strings.HasPrefix(r.Error(), "map path: ") {
			t.Errorf("text %q does not begin with its verb", r.Error())
		}
	}
}
