package cdnfield

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseList(t *testing.T) {
	text := func(kind Kind, s string) Member { return Member{Kind: kind, Text: s} }
	tests := []struct {
		in   string
		want []Member
		bad  bool
	}{
		{in: ""},
		{in: `"a"`, want: []Member{text(KindString, "a")}},
		{in: `  "a" ,	"b c"  `, want: []Member{text(KindString, "a"), text(KindString, "b c")}},
		{in: `"a\"b\\";q=1;r, tok, ?1`, want: []Member{text(KindString, `a"b\`), text(KindToken, "tok"), {Kind: KindBoolean, Int: 1}}},
		{in: `"a", "a"`, want: []Member{text(KindString, "a"), text(KindString, "a")}},
		{in: `("a" "b");x, 42`, want: []Member{{Kind: KindInnerList}, {Kind: KindInteger, Int: 42}}},
		{in: `"a",`, bad: true},
		{in: `,"a"`, bad: true},
		{in: `"a",,"b"`, bad: true},
		{in: `"a" "b"`, bad: true},
		{in: `"a`, bad: true},
		{in: `"é"`, bad: true},
		{in: `"a";=1`, bad: true},
		{in: `("a"`, bad: true},
	}
	for _, tt := range tests {
		got, err := ParseList([]byte(tt.in))
		if d := cmp.Diff(tt.want, got); d != "" || (err != nil) != tt.bad {
			t.Errorf("ParseList(%q): error %v (-want +got):\n%s", tt.in, err, d)
		}
	}
}
