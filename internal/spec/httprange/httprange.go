// Package httprange reads byte ranges and writes Content-Range (RFC 9110,
// section 14).
package httprange

import (
	"errors"
	"math"
	"strconv"
)

var (
	// ErrUnsatisfiable reports that no range of the header holds a byte of the
	// object. The answer is 416 (RFC 9110, 15.5.17).
	ErrUnsatisfiable = errors.New("range not satisfiable")

	// ErrMultiple reports a valid header of which more than one range can be
	// satisfied. Callers that write no multipart/byteranges answer with the
	// whole object (RFC 9110, 14.2).
	ErrMultiple = errors.New("more than one range")

	// ErrSyntax reports another unit than bytes, or a header that is not a
	// set of ranges, such as "bytes=9-1".
	ErrSyntax = errors.New("range syntax")

	// errEmpty is told for a suffix of an empty object. It can be satisfied,
	// but Content-Range cannot name an interval without bytes.
	errEmpty = errors.New("suffix range of an empty object")
)

// A Span is a half-open interval of body bytes: First <= n < End.
type Span struct{ First, End int64 }

// Len returns the number of bytes in the span.
func (s Span) Len() int64 { return s.End - s.First }

// ParseOne parses a Range header holding a single range against an object of
// size bytes; size must not be negative. An end beyond the object is clipped
// to it (RFC 9110, 14.1.2). Of several ranges it returns the one that can be
// satisfied, if it is the only one. The span is never empty without an error.
//
// The error is ErrUnsatisfiable, or one after which callers must treat the
// header as absent (RFC 9110, 14.2): ErrMultiple or a syntax error. Nothing is
// allocated.
func ParseOne[T ~string | ~[]byte](header T, size int64) (Span, error) {
	if !ofBytes(header) {
		return Span{}, ErrSyntax
	}
	var (
		found    Span
		total    int // ranges in the set
		fit      int // those that can be satisfied
		firstErr error
	)
	for i := len(unit); i <= len(header); {
		var start, end int
		start, end, i = member(header, i)
		if start == end {
			continue
		}
		span, err := parseSpec(header[start:end], size)
		if err == ErrSyntax {
			return Span{}, ErrSyntax
		}
		total++
		if err == nil {
			fit++
			found = span
		} else if firstErr == nil || err == errEmpty {
			firstErr = err
		}
	}
	switch {
	case total == 0:
		return Span{}, ErrSyntax
	case fit == 0:
		return Span{}, firstErr
	case fit > 1:
		return Span{}, ErrMultiple
	}
	return found, nil
}

const unit = "bytes="

// ofBytes reports whether a header has the unit bytes, in any case.
func ofBytes[T ~string | ~[]byte](header T) bool {
	if len(header) < len(unit) {
		return false
	}
	for i := range len(unit) {
		if c := header[i]; c != unit[i] && (unit[i] == '=' || c != unit[i]-('a'-'A')) {
			return false
		}
	}
	return true
}

// member returns where the range at offset i of a header begins and ends, and
// where the next one may begin. Blanks may stand around a comma, not behind
// the unit; members may be empty (RFC 9110, 5.6.1).
func member[T ~string | ~[]byte](header T, i int) (start, end, next int) {
	start, end = i, i
	for end < len(header) && header[end] != ',' {
		end++
	}
	next = end + 1
	for start > len(unit) && start < end && isBlank(header[start]) {
		start++
	}
	for end > start && isBlank(header[end-1]) {
		end--
	}
	return start, end, next
}

// parseSpec parses "a-b", "a-" or "-n".
func parseSpec[T ~string | ~[]byte](spec T, size int64) (Span, error) {
	dash := 0
	for dash < len(spec) && isDigit(spec[dash]) {
		dash++
	}
	if dash == len(spec) || spec[dash] != '-' || len(spec) == 1 {
		return Span{}, ErrSyntax
	}
	for i := dash + 1; i < len(spec); i++ {
		if !isDigit(spec[i]) {
			return Span{}, ErrSyntax
		}
	}
	first, last := spec[:dash], spec[dash+1:]
	if len(first) == 0 {
		n := number(last)
		switch {
		case n == 0:
			return Span{}, ErrUnsatisfiable
		case size == 0:
			return Span{}, errEmpty
		}
		return Span{First: size - min(n, size), End: size}, nil
	}
	if len(last) > 0 && less(last, first) {
		return Span{}, ErrSyntax
	}
	span := Span{First: number(first), End: size}
	if span.First >= size {
		return Span{}, ErrUnsatisfiable
	}
	if len(last) > 0 {
		if n := number(last); n < size {
			span.End = n + 1
		}
	}
	return span, nil
}

// number returns the value of digits; what does not fit counts as the
// largest int64, as no object is that long.
func number[T ~string | ~[]byte](digits T) int64 {
	n := int64(0)
	for i := range len(digits) {
		d := int64(digits[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return math.MaxInt64
		}
		n = n*10 + d
	}
	return n
}

// less compares numbers of any length.
func less[T ~string | ~[]byte](a, b T) bool {
	for len(a) > 0 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return string(a) < string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// AppendContentRange appends the value of Content-Range for a 206 that holds
// span, which must not be empty, of an object of size bytes: "bytes
// 0-499/1234" (RFC 9110, 14.4). A negative size means it is unknown.
func AppendContentRange(dst []byte, span Span, size int64) []byte {
	dst = append(dst, "bytes "...)
	dst = strconv.AppendInt(dst, span.First, 10)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, span.End-1, 10)
	dst = append(dst, '/')
	if size < 0 {
		return append(dst, '*')
	}
	return strconv.AppendInt(dst, size, 10)
}

// AppendUnsatisfied appends the value of Content-Range for a 416 on an object
// of size bytes: "bytes */1234".
func AppendUnsatisfied(dst []byte, size int64) []byte {
	dst = append(dst, "bytes */"...)
	return strconv.AppendInt(dst, size, 10)
}
