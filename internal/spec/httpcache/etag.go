package httpcache

import "bytes"

// ParseETag parses an entity tag (RFC 9110, 8.8.3) and returns what stands
// between its quotes. "W/" is read with its case; a backslash escapes nothing.
func ParseETag(b []byte) (opaque []byte, weak, ok bool) {
	if len(b) > 2 && b[0] == 'W' && b[1] == '/' {
		b, weak = b[2:], true
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return nil, false, false
	}
	opaque = b[1 : len(b)-1]
	for _, c := range opaque {
		if c <= ' ' || c == '"' || c == 0x7f {
			return nil, false, false
		}
	}
	return opaque, weak, true
}

// StrongMatch reports whether both are valid, strong and equal (RFC 9110,
// 8.8.3.2).
func StrongMatch(a, b []byte) bool {
	_, weak, ok := ParseETag(a)
	return ok && !weak && bytes.Equal(a, b)
}

// WeakMatch reports whether both are valid and equal apart from being weak
// (RFC 9110, 8.8.3.2). Tags of servers that forget the quotes match only
// themselves.
func WeakMatch(a, b []byte) bool {
	x, _, ok := ParseETag(a)
	y, _, valid := ParseETag(b)
	if !ok || !valid {
		return ok == valid && len(a) > 0 && bytes.Equal(a, b)
	}
	return bytes.Equal(x, y)
}

// cutETag cuts the first member from a list of entity tags. A comma between
// quotes does not separate, and a backslash is a byte like others.
func cutETag(list []byte) (tag, rest []byte, ok bool) {
	i := 0
	for i < len(list) && (list[i] == ',' || isBlank(list[i])) {
		i++
	}
	if i == len(list) {
		return nil, nil, false
	}
	start, end := i, i
	for i < len(list) && list[i] != ',' {
		if list[i] == '"' {
			if n := bytes.IndexByte(list[i+1:], '"'); n >= 0 {
				i += n + 1
			}
		}
		i++
	}
	end = i
	for end > start && isBlank(list[end-1]) {
		end--
	}
	return list[start:end], list[i:], true
}

// maxConditions bounds the tags that one validation asks about.
const maxConditions = 8

// AppendIfNoneMatch appends the If-None-Match by which an origin is asked
// whether one of several stored variants still holds (RFC 9111, 4.3.1): the
// first 8 of etags, weak or strong, without those that are empty or repeated.
// Nothing is appended if none is left.
func AppendIfNoneMatch(dst []byte, etags ...[]byte) []byte {
	n := 0
	for i, tag := range etags {
		if len(tag) == 0 || n == maxConditions || contains(etags[:i], tag) {
			continue
		}
		if n > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, tag...)
		n++
	}
	return dst
}

func contains(tags [][]byte, tag []byte) bool {
	for _, t := range tags {
		if bytes.Equal(t, tag) {
			return true
		}
	}
	return false
}
