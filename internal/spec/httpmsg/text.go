package httpmsg

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Text is what the checks of this package read.
type Text interface{ ~string | ~[]byte }

// tokenBytes are the bytes of a token (RFC 9110, 5.6.2).
var tokenBytes = byteSet("!#$%&'*+-.^_`|~" + digits + letters)

// targetBytes are the bytes of a request target. "#" is missing, as a fragment
// is never sent (RFC 9112, 3.2); the bytes that RFC 3986 forbids but browsers
// send in queries are in, to be read as their percent escape.
var targetBytes = byteSet("!$%&'()*+,-./:;=?@[]_~" + digits + letters + "\"<>\\^`{|}")

// hostBytes are the bytes of a host name. RFC 3986 also allows escapes and
// sub-delimiters, which no name that resolves has.
var hostBytes = byteSet("-._~" + digits + letters)

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func byteSet(members string) (set [256]bool) {
	for i := range len(members) {
		set[members[i]] = true
	}
	return set
}

// EqualFold reports whether b and s are the same apart from the case of
// ASCII letters.
func EqualFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if b[i] != s[i] && lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// ValidName reports whether s may be the name of a field: a token (RFC 9110,
// 5.1). It also tells whether s may be a method.
func ValidName[T Text](s T) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return len(s) > 0
}

// ValidValue reports whether s may be the value of a field (RFC 9110, 5.5): no
// control byte but HTAB, no blank at either end. Bytes from 0x80 on are fine,
// and so is the empty value.
func ValidValue[T Text](s T) bool {
	for i := range len(s) {
		if isControl(s[i]) {
			return false
		}
	}
	return len(s) == 0 || !isBlank(s[0]) && !isBlank(s[len(s)-1])
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trim removes blanks from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// nextControl returns the index of the first control byte other than HTAB in
// b[from:], or len(b).
func nextControl(b []byte, from int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := from
	for i+8 <= len(b) {
		// A byte below 0x20, or 0x7f, sets its high bit. A borrow can set
		// others only above the lowest one that is set rightly.
		x := binary.LittleEndian.Uint64(b[i:])
		del := x ^ 0x7f*ones
		found := ((x-0x20*ones)&^x | (del-ones)&^del) & highs
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for ; i < len(b); i++ {
		if isControl(b[i]) {
			return i
		}
	}
	return len(b)
}

func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// CutMember returns the first member of a comma-separated list (RFC 9110,
// 5.6.1) without the blanks around it, and what follows its comma. Empty
// members are skipped; at the end of the list ok is false. A comma in a quoted
// string separates nothing; a string that does not end reaches to the end.
func CutMember(list []byte) (member, rest []byte, ok bool) {
	for len(list) > 0 {
		end := memberEnd(list)
		member, rest = trim(list[:end]), nil
		if end < len(list) {
			rest = list[end+1:]
		}
		if len(member) > 0 {
			return member, rest, true
		}
		list = rest
	}
	return nil, nil, false
}

// memberEnd returns the index of the first comma outside a quoted string.
func memberEnd(list []byte) int {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == '\\' && quoted:
			i++
		case list[i] == ',' && !quoted:
			return i
		}
	}
	return len(list)
}

func listHas(list []byte, token string) bool {
	for {
		member, rest, ok := CutMember(list)
		if !ok {
			return false
		}
		if EqualFold(member, token) {
			return true
		}
		list = rest
	}
}

// ParseUint parses one or more digits, and nothing else, as a number up to
// the largest int64, as Content-Length and byte positions need it.
func ParseUint(b []byte) (n int64, ok bool) {
	n, ok, over := parseDigits(b)
	return n, ok && !over
}

// MaxDelta is the largest delta-seconds value that is told apart.
const MaxDelta = 1 << 31

// ParseDelta parses delta-seconds (RFC 9111, 1.2.2): one or more digits, and
// nothing else. Greater values count as MaxDelta, however many digits.
func ParseDelta(b []byte) (seconds int64, ok bool) {
	n, ok, over := parseDigits(b)
	if over || n > MaxDelta {
		n = MaxDelta
	}
	return n, ok
}

// parseDigits parses one or more digits; over tells that n is not their value
// because it does not fit.
func parseDigits(b []byte) (n int64, ok, over bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		d := int64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			over = true
			continue
		}
		n = n*10 + d
	}
	return n, len(b) > 0, over
}
