package purge

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

func TestTags(t *testing.T) {
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	long := strings.Repeat("x", 128)
	tests := []struct {
		name    string
		fields  [][2]string
		names   []string // of fields with tags; nil: the usual ones
		want    []string
		dropped int64
	}{
		{name: "none", fields: [][2]string{{"Content-Type", "a"}}},
		{name: "commas", fields: [][2]string{{"Cache-Tag", "a,b , c,,	d"}}, want: []string{"a", "b", "c", "d"}},
		{name: "several lines", fields: [][2]string{{"cache-tag", "a"}, {"CACHE-TAG", "b"}}, want: []string{"a", "b"}},
		{name: "blanks", fields: [][2]string{{"Surrogate-Key", " a b,c	d "}}, want: []string{"a", "b,c", "d"}},
		{name: "metadata", fields: [][2]string{{"x-amz-meta-cache-tag", "a,b"}, {"X-Oss-Meta-Cache-Tag", "c"}}, want: []string{"a", "b", "c"}},
		{name: "groups", fields: [][2]string{{"Cache-Groups", `"a", "b";x=1`}, {"Cache-Groups", `"c\"d"`}}, want: []string{"a", "b", `c"d`}},
		{name: "groups of a blank", fields: [][2]string{{"Cache-Groups", `"a b", "c", ""`}}, want: []string{"c"}, dropped: 2},
		{name: "malformed groups", fields: [][2]string{{"Cache-Groups", `"a", "b`}}, dropped: 1},
		{name: "groups that are no strings", fields: [][2]string{{"Cache-Groups", `"a", b`}}, dropped: 1},
		{name: "twice", fields: [][2]string{{"Cache-Tag", "a,a"}, {"Surrogate-Key", "a"}}, want: []string{"a"}},
		{name: "case counts", fields: [][2]string{{"Cache-Tag", "a,A"}}, want: []string{"a", "A"}},
		{name: "length", fields: [][2]string{{"Cache-Tag", long + "," + long + "x"}}, want: []string{long}, dropped: 1},
		{name: "bytes", fields: [][2]string{{"Cache-Tag", "a b,\xc3\xa4,~!"}}, want: []string{"~!"}, dropped: 2},
		{name: "another field", fields: [][2]string{{"X-Tag", "a, b"}, {"x-tag", "c"}, {"Cache-Tag", "d"}}, names: []string{"x-TAG"}, want: []string{"a", "b", "c"}},
		{name: "some of the usual", fields: [][2]string{{"Surrogate-Key", "a b"}, {"Cache-Groups", `"c"`}, {"Cache-Tag", "d"}},
			names: []string{"surrogate-key", "cache-groups"}, want: []string{"a", "b", "c"}},
		{name: "no field", fields: [][2]string{{"Cache-Tag", "a"}, {"Cache-Groups", `"c`}}, names: []string{}},
		{name: "number", fields: [][2]string{{"Cache-Tag", strings.Join(many, ",")}}, want: many[:256], dropped: 44},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := NewZones()
			var fields httpmsg.Fields
			for _, f := range tt.fields {
				fields = append(fields, httpmsg.Field{Name: []byte(f[0]), Value: []byte(f[1])})
			}
			var want []uint64
			for _, tag := range tt.want {
				want = append(want, maphash.String(z.seed, tag))
			}
			got := z.tags(fields, tt.names)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || z.DroppedTags() != tt.dropped {
				t.Errorf("%d tags, %d dropped; want %d, %d", len(got), z.DroppedTags(), len(want), tt.dropped)
			}
		})
	}
}

// TestPrefixes holds the structure against a scan.
func TestPrefixes(t *testing.T) {
	var p prefixes
	texts := map[string]int64{}
	words := []string{"/", "/a", "/a/", "/ab", "/a/b", "/a/b/c", "/b", "/b\xff", "/a/\x00", "/a/b/", "/c"}
	check := func() {
		for _, w := range words {
			for _, tail := range []string{"", "/", "x", "\xff"} {
				want := int64(0)
				for text, revision := range texts {
					if strings.HasPrefix(w+tail, text) {
						want = max(want, revision)
					}
				}
				if got := p.newest(w + tail); got != want {
					t.Fatalf("%v: newest(%q) = %d; want %d", texts, w+tail, got, want)
				}
			}
		}
	}
	for round := range int64(500) {
		a, b := words[round*7%11], words[round*round%11]
		p = p.with([]string{a, b, a}, round+1)
		texts[a], texts[b] = round+1, round+1
		check()
		if round%3 == 0 {
			p = p.without([]string{a, b}, round+1)
			delete(texts, a)
			delete(texts, b)
			check()
		}
	}
	if q := p.with([]string{"/a"}, 1); q.newest("/a") != p.with(nil, 1).newest("/a") && texts["/a"] > 1 {
		t.Error("an older revision replaced a newer one")
	}
}
