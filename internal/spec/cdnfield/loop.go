package cdnfield

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// AppendCDNLoop appends the value of CDN-Loop for a request to the origin: the
// value the viewer sent, all its lines joined, and id behind it (RFC 8586, 2).
// If the viewer's value ends inside a quoted string, id stands before it, since
// behind it nobody would read it as a member.
func AppendCDNLoop(dst, viewerValue []byte, id string) []byte {
	viewerValue = trim(viewerValue)
	if len(viewerValue) == 0 {
		return append(dst, id...)
	}
	if openQuote(viewerValue) {
		dst = append(dst, id...)
		dst = append(dst, ", "...)
		return append(dst, viewerValue...)
	}
	dst = append(dst, viewerValue...)
	dst = append(dst, ", "...)
	return append(dst, id...)
}

// CDNLoopCount returns how many members of a CDN-Loop value, all lines joined,
// have the CDN identifier id, without regard to case. Names in parameters and
// quoted strings are not counted.
func CDNLoopCount(value []byte, id string) int {
	count := 0
	for len(value) > 0 {
		member := value[:scan(value, ',')]
		value = value[min(len(member)+1, len(value)):]
		if httpmsg.EqualFold(trim(member[:scan(member, ';')]), id) {
			count++
		}
	}
	return count
}

// scan returns the index of the first c in b outside a quoted string, or
// len(b).
func scan(b []byte, c byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case quoted && b[i] == '\\':
			i++
		case !quoted && b[i] == c:
			return i
		}
	}
	return len(b)
}

func openQuote(b []byte) bool {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case quoted && b[i] == '\\':
			i++
		}
	}
	return quoted
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n-- {
		b = b[:n-1]
	}
	return b
}
