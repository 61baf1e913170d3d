package httprange

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSet(t *testing.T) {
	many := func(n, step int) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf("%d-%d", i*step, i*step))
		}
		return "bytes=" + strings.Join(parts, ",")
	}
	tests := []struct {
		name   string
		header string
		size   int64
		want   []Span
		err    error
	}{
		{name: "one", header: "bytes=0-4", size: 1000, want: []Span{{0, 5}}},
		{name: "two", header: "bytes=0-4, 500-599", size: 1000, want: []Span{{0, 5}, {500, 600}}},
		{name: "in the order asked for", header: "bytes=-5,0-4", size: 1000, want: []Span{{995, 1000}, {0, 5}}},
		{name: "one of two fits", header: "bytes=0-4,2000-", size: 1000, want: []Span{{0, 5}}},
		{name: "two of three fit", header: "bytes=0-4,2000-,500-", size: 1000, want: []Span{{0, 5}, {500, 1000}}},
		{name: "none fits", header: "bytes=1000-,2000-", size: 1000, err: ErrUnsatisfiable},
		{name: "overlap", header: "bytes=0-99,50-149", size: 1000, want: []Span{{0, 150}}},
		{name: "one within the other", header: "bytes=0-99,50-59", size: 1000, want: []Span{{0, 100}}},
		{name: "gap of 79", header: "bytes=0-0,80-80", size: 1000, want: []Span{{0, 81}}},
		{name: "gap of 80", header: "bytes=0-0,81-81", size: 1000, want: []Span{{0, 1}, {81, 82}}},
		{name: "joined by a third", header: "bytes=500-509,0-9,10-499", size: 1000, want: []Span{{0, 510}}},
		{name: "joined behind another", header: "bytes=900-,0-9,200-209,10-19", size: 1000, want: []Span{{900, 1000}, {0, 20}, {200, 210}}},
		{name: "16", header: many(16, 100), size: 10_000, want: func() (out []Span) {
			for i := range int64(16) {
				out = append(out, Span{i * 100, i*100 + 1})
			}
			return out
		}()},
		{name: "17", header: many(17, 100), size: 10_000, err: ErrExcessive},
		{name: "17 that merge", header: many(17, 10), size: 10_000, want: []Span{{0, 161}}},
		{name: "more than there is", header: "bytes=0-599,500-999,0-", size: 1000, err: ErrExcessive},
		{name: "all of it, twice", header: "bytes=0-,0-", size: 1000, err: ErrExcessive},
		{name: "all of it, in two", header: "bytes=0-499,500-", size: 1000, want: []Span{{0, 1000}}},
		{name: "sum overflows", header: "bytes=0-,0-", size: 1<<63 - 1, err: ErrExcessive},
		{name: "last byte before first", header: "bytes=0-4,9-1", size: 1000, err: ErrSyntax},
		{name: "other unit", header: "lines=0-4,9-10", size: 1000, err: ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSet(tt.header, tt.size)
			if d := cmp.Diff(tt.want, got); d != "" || err != tt.err {
				t.Errorf("ParseSet(%q, %d) = %v, %v; want %v, %v", tt.header, tt.size, got, err, tt.want, tt.err)
			}
		})
	}
}

// The spans hold every byte that was asked for, once, and hardly any other.
func TestParseSetBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		size := int64(1 + random.IntN(3000))
		wanted := make([]bool, size)
		var parts []string
		sum := int64(0)
		for range 2 + random.IntN(20) {
			first := random.Int64N(size + 10)
			last := first + random.Int64N(200)
			parts = append(parts, fmt.Sprintf("%d-%d", first, last))
			for i := first; i <= min(last, size-1); i++ {
				wanted[i] = true
				sum++
			}
		}
		header := "bytes=" + strings.Join(parts, ", ")
		spans, err := ParseSet(header, size)
		switch {
		case err == ErrExcessive && (sum > size || len(parts) > maxSpans):
			continue
		case err == ErrUnsatisfiable && sum == 0:
			continue
		case err != nil:
			t.Fatalf("ParseSet(%q, %d): %v", header, size, err)
		}
		sent := make([]int, size)
		for _, s := range spans {
			for i := s.First; i < s.End; i++ {
				sent[i]++
			}
		}
		run := 0 // of bytes that nobody asked for
		for i := range sent {
			if wanted[i] && sent[i] != 1 || sent[i] > 1 {
				t.Fatalf("ParseSet(%q, %d) = %v: byte %d is sent %d times", header, size, spans, i, sent[i])
			}
			if run++; wanted[i] || sent[i] == 0 {
				run = 0
			}
			if run > maxGap {
				t.Fatalf("ParseSet(%q, %d) = %v: byte %d is in a gap that need not be sent", header, size, spans, i)
			}
		}
	}
}

func FuzzParseSet(f *testing.F) {
	for _, s := range []string{"bytes=0-4,9-10", "bytes=-5,0-", "bytes=0-0,,2-2", "bytes=5-,a"} {
		f.Add(s, int64(100))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		spans, err := ParseSet(header, size)
		if (err == nil) != (len(spans) > 0) || len(spans) > maxSpans {
			t.Fatalf("ParseSet(%q, %d) = %v, %v", header, size, spans, err)
		}
		for i, s := range spans {
			if s.First < 0 || s.End > size || s.Len() <= 0 {
				t.Fatalf("ParseSet(%q, %d) = %v", header, size, spans)
			}
			for _, other := range spans[:i] {
				if s.First < other.End && other.First < s.End {
					t.Fatalf("ParseSet(%q, %d) = %v: overlap", header, size, spans)
				}
			}
		}
	})
}
