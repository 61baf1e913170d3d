package httprange

import (
	"errors"
	"slices"
)

const (
	maxSpans = 16 // that one answer holds
	// maxGap is the largest gap, in bytes, that is sent rather than told:
	// another part would take about as much (RFC 9110, 14.2).
	maxGap = 79
)

// ErrExcessive reports a set that nobody needs: too many ranges, or more bytes
// in them than the object has. It is answered with the whole object (RFC 9110,
// 14.2 and 17.15).
var ErrExcessive = errors.New("too many ranges")

// ParseSet parses a Range header against an object of size bytes, as ParseOne
// does, and returns the spans that are to be sent: those that can be satisfied,
// in the order they were asked for. Where some overlap, or are less than 80
// bytes apart, one span in the place of the first stands for them. There are 1
// to 16.
//
// The error is ErrUnsatisfiable, or one after which callers must treat the
// header as absent: ErrExcessive or a syntax error.
func ParseSet[T ~string | ~[]byte](header T, size int64) ([]Span, error) {
	one, err := ParseOne(header, size)
	if err != ErrMultiple {
		if err != nil {
			return nil, err
		}
		return []Span{one}, nil
	}
	var asked []ranked
	sum := int64(0)
	for i := len(unit); i <= len(header); {
		var start, end int
		start, end, i = member(header, i)
		if start == end {
			continue
		}
		span, err := parseSpec(header[start:end], size)
		if err != nil {
			continue // not satisfiable: ParseOne has seen the syntax
		}
		if span.Len() > size-sum {
			return nil, ErrExcessive
		}
		sum += span.Len()
		asked = append(asked, ranked{span, len(asked)})
	}
	asked = merge(asked)
	if len(asked) > maxSpans {
		return nil, ErrExcessive
	}
	spans := make([]Span, len(asked))
	for i := range asked {
		spans[i] = asked[i].Span
	}
	return spans, nil
}

// A ranked span knows its place among those asked for.
type ranked struct {
	Span
	place int
}

// merge joins spans that overlap or nearly meet, and returns them in the order
// of their first parts. It uses the memory of spans.
func merge(spans []ranked) []ranked {
	slices.SortFunc(spans, func(a, b ranked) int {
		switch {
		case a.First < b.First:
			return -1
		case a.First > b.First:
			return 1
		}
		return 0
	})
	out := spans[:1]
	for _, s := range spans[1:] {
		last := &out[len(out)-1]
		if s.First-maxGap > last.End {
			out = append(out, s)
			continue
		}
		last.End, last.place = max(last.End, s.End), min(last.place, s.place)
	}
	slices.SortFunc(out, func(a, b ranked) int { return a.place - b.place })
	return out
}
