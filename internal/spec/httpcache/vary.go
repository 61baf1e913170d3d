package httpcache

import (
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// readableVary reports whether every member of Vary is a field name: neither
// "*" nor text that names no field.
func readableVary(fields httpmsg.Fields) bool {
	for i := range fields {
		if !httpmsg.EqualFold(fields[i].Name, "Vary") {
			continue
		}
		for list := fields[i].Value; ; {
			name, rest, ok := httpmsg.CutMember(list)
			if !ok {
				break
			}
			if !selects(name) {
				return false
			}
			list = rest
		}
	}
	return true
}

func selects(name []byte) bool {
	return httpmsg.ValidName(name) && (len(name) > 1 || name[0] != '*')
}

// AppendVary appends the names in all Vary lines of a response, in lower case,
// without repetition and sorted, joined by ",": two responses that vary on the
// same fields give the same text. Nothing is appended for a response that does
// not vary. ok is false for "*" and for what cannot be read.
func AppendVary(dst []byte, response httpmsg.Fields) (vary []byte, ok bool) {
	if !readableVary(response) {
		return dst, false
	}
	start := len(dst)
	for {
		next := nextName(response, dst[lastComma(dst, start):])
		if next == nil {
			return dst, true
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		for _, c := range next {
			dst = append(dst, lower(c))
		}
	}
}

// lastComma returns where the last name of the list dst[start:] begins.
func lastComma(dst []byte, start int) int {
	for i := len(dst); i > start; i-- {
		if dst[i-1] == ',' {
			return i
		}
	}
	return start
}

// nextName returns the least name in Vary that is greater than last.
func nextName(response httpmsg.Fields, last []byte) (next []byte) {
	for i := range response {
		if !httpmsg.EqualFold(response[i].Name, "Vary") {
			continue
		}
		for list := response[i].Value; ; {
			name, rest, ok := httpmsg.CutMember(list)
			if !ok {
				break
			}
			if compareFold(name, last) > 0 && (next == nil || compareFold(name, next) < 0) {
				next = name
			}
			list = rest
		}
	}
	return next
}

// AppendVariantKey appends the selecting fields of a request for a response
// with this Vary value: two requests get the same key if and only if the
// response that was stored for one may answer the other (RFC 9111, 4.1). vary
// is what [AppendVary] gave, or the value of the only Vary line. request must
// hold the fields as they go to the origin, without those that the edge
// strips.
//
// An absent field equals only an absent one. Lines are joined and blanks
// around commas do not matter; Accept-Language compares without case, and
// Accept-Encoding as the set of codings it accepts (see [AcceptedCodings]).
// The key of a response that does not vary is empty. ok is false for "*" and
// for what cannot be read: such a response answers no other request.
func AppendVariantKey(dst []byte, vary []byte, request httpmsg.Fields) (key []byte, ok bool) {
	start := len(dst)
	for {
		name, rest, more := httpmsg.CutMember(vary)
		if !more {
			return dst, true
		}
		if !selects(name) {
			return dst[:start], false
		}
		// Neither ":" nor LF occurs in a name, nor LF in a value: the key can
		// be read in one way only.
		for _, c := range name {
			dst = append(dst, lower(c))
		}
		dst = appendSelecting(dst, name, request)
		dst = append(dst, '\n')
		vary = rest
	}
}

// appendSelecting appends ":" and the comparable value of a request field;
// nothing if it is absent.
func appendSelecting(dst, name []byte, request httpmsg.Fields) []byte {
	encoding := httpmsg.EqualFold(name, "Accept-Encoding")
	fold := httpmsg.EqualFold(name, "Accept-Language")
	present := false
	for i := range request {
		if !equalFold(request[i].Name, name) {
			continue
		}
		if encoding {
			return appendCodings(append(dst, ':'), AcceptedCodings(request))
		}
		if present {
			dst = append(dst, ',')
		} else {
			dst = append(dst, ':')
		}
		present = true
		dst = appendNormal(dst, request[i].Value, fold)
	}
	return dst
}

// appendNormal appends a value without the blanks around commas, except in
// quoted strings.
func appendNormal(dst, value []byte, fold bool) []byte {
	start := len(dst)
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			n := max(quotedLen(value[i:]), 1)
			dst = append(dst, value[i:i+n]...)
			i += n - 1
		case c == ',':
			for len(dst) > start && isBlank(dst[len(dst)-1]) {
				dst = dst[:len(dst)-1]
			}
			dst = append(dst, ',')
			for i+1 < len(value) && isBlank(value[i+1]) {
				i++
			}
		case fold:
			dst = append(dst, lower(c))
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// Codings is a set of content codings that Cistern makes and selects by.
type Codings uint8

const (
	Gzip   Codings = 1 << iota // gzip, x-gzip
	Brotli                     // br
	Zstd                       // zstd

	allCodings = Gzip | Brotli | Zstd
)

// AcceptedCodings returns the codings that the Accept-Encoding of a request
// accepts with a weight above 0 (RFC 9110, 12.5.3), "*" included. It is empty
// for a request without the field: nobody should be sent a coding unasked. A
// member whose weight is invalid counts as not accepted.
func AcceptedCodings(request httpmsg.Fields) Codings {
	var accepted, named Codings
	star := false
	for i := range request {
		if !httpmsg.EqualFold(request[i].Name, "Accept-Encoding") {
			continue
		}
		for list := request[i].Value; ; {
			member, rest, ok := httpmsg.CutMember(list)
			if !ok {
				break
			}
			name, positive := cutWeight(member)
			coding := codingOf(name)
			named |= coding
			if positive {
				accepted |= coding
			}
			if len(name) == 1 && name[0] == '*' {
				star = positive
			}
			list = rest
		}
	}
	if star {
		accepted |= allCodings &^ named
	}
	return accepted
}

// AppendAcceptEncoding appends the set as the value of Accept-Encoding, as an
// origin is asked: "gzip, br". The empty set gives "identity".
func AppendAcceptEncoding(dst []byte, set Codings) []byte {
	if set == 0 {
		return append(dst, "identity"...)
	}
	return appendCodings(dst, set)
}

func appendCodings(dst []byte, set Codings) []byte {
	start := len(dst)
	for _, c := range [...]struct {
		coding Codings
		name   string
	}{{Gzip, "gzip"}, {Brotli, "br"}, {Zstd, "zstd"}} {
		if set&c.coding == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ", "...)
		}
		dst = append(dst, c.name...)
	}
	return dst
}

func codingOf(name []byte) Codings {
	switch {
	case httpmsg.EqualFold(name, "gzip"), httpmsg.EqualFold(name, "x-gzip"):
		return Gzip
	case httpmsg.EqualFold(name, "br"):
		return Brotli
	case httpmsg.EqualFold(name, "zstd"):
		return Zstd
	}
	return 0
}

// cutWeight splits a member "gzip;q=0.5" and reports whether its weight is
// above 0 (RFC 9110, 12.4.2).
func cutWeight(member []byte) (name []byte, positive bool) {
	end := 0
	for end < len(member) && member[end] != ';' && !isBlank(member[end]) {
		end++
	}
	name, rest := member[:end], skipBlanks(member[end:])
	if len(rest) == 0 {
		return name, true
	}
	if rest[0] != ';' {
		return name, false
	}
	rest = skipBlanks(rest[1:])
	if len(rest) < 3 || lower(rest[0]) != 'q' || rest[1] != '=' {
		return name, false
	}
	return name, positiveWeight(rest[2:])
}

// positiveWeight reports whether b is a valid weight above 0: "1", "0.001".
func positiveWeight(b []byte) bool {
	if b[0] != '0' && b[0] != '1' || len(b) > 5 || len(b) > 1 && b[1] != '.' {
		return false
	}
	above := false
	for _, c := range b[min(2, len(b)):] {
		if c < '0' || c > '9' {
			return false
		}
		above = above || c != '0'
	}
	return (b[0] == '1') != above
}

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return b
}

// compareFold orders names without case.
func compareFold(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}
