package httprange

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// kind names an error as the tables do.
func kind(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrUnsatisfiable):
		return "416"
	case errors.Is(err, ErrMultiple):
		return "multiple"
	case errors.Is(err, ErrSyntax):
		return "syntax"
	}
	return "whole"
}

func TestParseOne(t *testing.T) {
	tests := []struct {
		name   string
		header string
		size   int64
		want   Span
		err    string // "", "416", "multiple", "syntax" or "whole"
	}{
		{name: "first bytes", header: "bytes=0-499", size: 1000, want: Span{0, 500}},
		{name: "second half", header: "bytes=500-999", size: 1000, want: Span{500, 1000}},
		{name: "to the end", header: "bytes=500-", size: 1000, want: Span{500, 1000}},
		{name: "suffix", header: "bytes=-500", size: 1000, want: Span{500, 1000}},
		{name: "one byte", header: "bytes=0-0", size: 1000, want: Span{0, 1}},
		{name: "last byte", header: "bytes=-1", size: 1000, want: Span{999, 1000}},
		{name: "unit in capitals", header: "BYTES=0-0", size: 1000, want: Span{0, 1}},
		{name: "leading zeros", header: "bytes=000-0001", size: 1000, want: Span{0, 2}},
		{name: "end clipped", header: "bytes=900-2000", size: 1000, want: Span{900, 1000}},
		{name: "end at size", header: "bytes=0-1000", size: 1000, want: Span{0, 1000}},
		{name: "end overflows", header: "bytes=1-99999999999999999999", size: 1000, want: Span{1, 1000}},
		{name: "end is the largest number", header: "bytes=1-9223372036854775807", size: math.MaxInt64, want: Span{1, math.MaxInt64}},
		{name: "suffix longer than object", header: "bytes=-2000", size: 1000, want: Span{0, 1000}},
		{name: "suffix overflows", header: "bytes=-99999999999999999999", size: 1000, want: Span{0, 1000}},
		{name: "empty members", header: "bytes=,0-0, ,", size: 1000, want: Span{0, 1}},
		{name: "one of two fits", header: "bytes=2000-3000, 5-6", size: 1000, want: Span{5, 7}},

		{name: "starts at size", header: "bytes=1000-", size: 1000, err: "416"},
		{name: "starts beyond", header: "bytes=1000-2000", size: 1000, err: "416"},
		{name: "start overflows", header: "bytes=99999999999999999999-", size: 1000, err: "416"},
		{name: "start overflows the largest object", header: "bytes=9223372036854775808-", size: math.MaxInt64, err: "416"},
		{name: "empty suffix", header: "bytes=-0", size: 1000, err: "416"},
		{name: "none of two fits", header: "bytes=1000-,-0", size: 1000, err: "416"},
		{name: "start of an empty object", header: "bytes=0-", size: 0, err: "416"},
		{name: "empty suffix of an empty object", header: "bytes=-0", size: 0, err: "416"},
		{name: "suffix of an empty object", header: "bytes=-5", size: 0, err: "whole"},

		{name: "two", header: "bytes=0-0,-1", size: 1000, err: "multiple"},
		{name: "two with blanks", header: "bytes=0-0 ,\t5-", size: 1000, err: "multiple"},

		{name: "last before first", header: "bytes=9-1", size: 1000, err: "syntax"},
		{name: "last before first, both overflow", header: "bytes=99999999999999999999-99999999999999999998", size: 1000, err: "syntax"},
		{name: "last before first in a set", header: "bytes=0-0,9-1", size: 1000, err: "syntax"},
		{name: "no set", header: "bytes=", size: 1000, err: "syntax"},
		{name: "only commas", header: "bytes=, ,", size: 1000, err: "syntax"},
		{name: "only a dash", header: "bytes=-", size: 1000, err: "syntax"},
		{name: "only a number", header: "bytes=5", size: 1000, err: "syntax"},
		{name: "two dashes", header: "bytes=0--5", size: 1000, err: "syntax"},
		{name: "three numbers", header: "bytes=0-5-9", size: 1000, err: "syntax"},
		{name: "sign", header: "bytes=+0-5", size: 1000, err: "syntax"},
		{name: "blank behind the unit", header: "bytes= 0-5", size: 1000, err: "syntax"},
		{name: "blank before the equals sign", header: "bytes =0-5", size: 1000, err: "syntax"},
		{name: "blank at the dash", header: "bytes=0 -5", size: 1000, err: "syntax"},
		{name: "hex", header: "bytes=0x0-5", size: 1000, err: "syntax"},
		{name: "other unit", header: "items=0-5", size: 1000, err: "syntax"},
		{name: "longer unit", header: "bytesx=0-5", size: 1000, err: "syntax"},
		{name: "no unit", header: "0-5", size: 1000, err: "syntax"},
		{name: "empty", header: "", size: 1000, err: "syntax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseOne(tt.header, tt.size)
			if got != tt.want || kind(err) != tt.err {
				t.Errorf("ParseOne(%q, %d) = %v, %v; want %v, %q", tt.header, tt.size, got, err, tt.want, tt.err)
			}
			if b, errB := ParseOne([]byte(tt.header), tt.size); b != got || errB != err {
				t.Errorf("ParseOne of bytes = %v, %v; of a string %v, %v", b, errB, got, err)
			}
		})
	}
}

// oracle tells which bytes of an object the ranges name, byte by byte, with
// numbers of any size, and whether the header is a valid set.
func oracle(header string, size int64) (ranges [][]int64, valid bool) {
	set, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return nil, false
	}
	for member := range strings.SplitSeq(set, ",") {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		a, b, ok := strings.Cut(member, "-")
		if !ok || a+b == "" || strings.Trim(a+b, "0123456789") != "" {
			return nil, false
		}
		first, _ := new(big.Int).SetString("0"+a, 10)
		last, _ := new(big.Int).SetString("0"+b, 10)
		if a != "" && b != "" && last.Cmp(first) < 0 {
			return nil, false
		}
		valid = true
		var bytes []int64
		for n := range size {
			at := big.NewInt(n)
			in := false
			switch {
			case a == "":
				in = new(big.Int).Add(at, last).Cmp(big.NewInt(size)) >= 0
			case b == "":
				in = at.Cmp(first) >= 0
			default:
				in = at.Cmp(first) >= 0 && at.Cmp(last) <= 0
			}
			if in {
				bytes = append(bytes, n)
			}
		}
		if bytes != nil {
			ranges = append(ranges, bytes)
		}
	}
	return ranges, valid
}

func TestParseOneAgainstBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	position := func() string {
		switch random.IntN(8) {
		case 0:
			return ""
		case 1:
			return strconv.FormatUint(math.MaxInt64-2+random.Uint64N(4), 10)
		case 2:
			return "00" + strconv.Itoa(random.IntN(12))
		case 3:
			return "1844674407370955161" + strconv.Itoa(random.IntN(10))
		}
		return strconv.Itoa(random.IntN(12))
	}
	for range 100_000 {
		header := "bytes=" + position() + "-" + position()
		for random.IntN(3) == 0 {
			header += [...]string{",", ", ", " ,"}[random.IntN(3)] + position() + "-" + position()
		}
		checkOracle(t, header, random.Int64N(11))
	}
}

func checkOracle(t *testing.T, header string, size int64) {
	t.Helper()
	ranges, valid := oracle(header, size)
	got, err := ParseOne(header, size)
	want := ""
	switch {
	case !valid:
		want = "syntax"
	case len(ranges) > 1:
		want = "multiple"
	case len(ranges) == 0:
		want = "416"
	}
	if k := kind(err); k != want && !(k == "whole" && size == 0 && want == "416") {
		t.Fatalf("ParseOne(%q, %d) = %v, %v; want %q", header, size, got, err, want)
	}
	if err != nil {
		return
	}
	if first, last := ranges[0][0], ranges[0][len(ranges[0])-1]; got != (Span{first, last + 1}) || got.Len() != int64(len(ranges[0])) {
		t.Fatalf("ParseOne(%q, %d) = %v; want bytes %d to %d", header, size, got, first, last)
	}
}

func FuzzParseOne(f *testing.F) {
	for _, header := range []string{"bytes=0-499", "bytes=-1", "bytes=5-", "bytes=0-0, 7-,-9", "bytes=99999999999999999999-", "items=1-2"} {
		f.Add(header, int64(8))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		span, err := ParseOne(header, size)
		if err == nil && (span.First < 0 || span.First >= span.End || span.End > size) {
			t.Fatalf("ParseOne(%q, %d) = %v", header, size, span)
		}
		// The oracle wants the unit in lower case and allows blanks behind it.
		if set, ok := strings.CutPrefix(header, "bytes="); ok && strings.TrimLeft(set, " \t") == set {
			checkOracle(t, header, size%20)
		}
	})
}

func TestContentRange(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{string(AppendContentRange(nil, Span{0, 500}, 1234)), "bytes 0-499/1234"},
		{string(AppendContentRange([]byte("x"), Span{7, 8}, -1)), "xbytes 7-7/*"},
		{string(AppendContentRange(nil, Span{0, math.MaxInt64}, math.MaxInt64)), "bytes 0-9223372036854775806/9223372036854775807"},
		{string(AppendUnsatisfied(nil, 1234)), "bytes */1234"},
		{string(AppendUnsatisfied([]byte("x"), 0)), "xbytes */0"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q; want %q", tt.got, tt.want)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 64)
	set := []byte("bytes=0-1, 5-6")
	if n := testing.AllocsPerRun(100, func() {
		span, _ := ParseOne("bytes=1-99999999999999999999", 1000)
		AppendContentRange(buf, span, 1000)
		_, _ = ParseOne(set, 1000)
	}); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func BenchmarkParseOne(b *testing.B) {
	header := []byte("bytes=1048576-2097151")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseOne(header, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
}
