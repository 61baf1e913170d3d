package flow

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Pick takes parameters of a query.
type Pick struct {
	Mode  string   // zone.QueryAll, QueryListed or QueryOnly, QueryExcept; others take nothing
	Names []string // for the modes that have them, decoded
}

// A QueryPolicy says what of a viewer's query is sent to the origin, and what
// tells objects apart. Whatever is sent is also in the cache key, so that one
// key never stands for two requests to the origin. The zero value ignores
// queries.
type QueryPolicy struct {
	Send Pick
	Key  Pick // in the key besides what is sent
	// Sort makes the order of parameters irrelevant, except among those of one
	// name: what is sent is then sorted too.
	Sort bool
	// Strict is for signed origins: what is sent has each parameter once, in
	// the form that is signed.
	Strict bool
}

var (
	// ErrRepeated reports a parameter that occurs more than once and may be
	// sent to a signed origin, which could read either.
	ErrRepeated = errors.New("query parameter repeated")
	// ErrEscape reports such a parameter with a broken percent escape.
	ErrEscape = errors.New("query parameter badly escaped")
)

// AppendSent appends what is sent of a raw query, nothing if raw is nil or
// none of it is. The error is ErrRepeated or ErrEscape.
func (q *QueryPolicy) AppendSent(dst, raw []byte) ([]byte, error) {
	if !q.Strict {
		return q.Send.append(dst, raw, q.Sort), nil
	}
	taken := q.Send.append(nil, raw, true)
	if len(taken) == 0 {
		return dst, nil
	}
	canonical, err := sigv4.CanonicalQuery(string(taken))
	if err != nil {
		return dst, ErrEscape
	}
	last := ""
	for pair := range strings.SplitSeq(canonical, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name == last {
			return dst, ErrRepeated
		}
		last = name
	}
	return append(dst, canonical...), nil
}

// appendKey appends what tells objects apart: sent, what AppendSent gave
// (hasSent tells "/a?" from "/a"), and what Key takes of raw.
func (q *QueryPolicy) appendKey(dst, sent []byte, hasSent bool, raw []byte) []byte {
	if hasSent {
		dst = append(dst, '?')
		dst = append(dst, sent...)
	}
	if q.Key.Mode == "" {
		return dst
	}
	// A blank occurs in no query, so that the key can be read in one way only.
	dst = append(dst, ' ')
	return q.Key.append(dst, raw, q.Sort)
}

// append appends the parameters that p takes of a raw query.
func (p *Pick) append(dst, raw []byte, sort bool) []byte {
	switch p.Mode {
	case zone.QueryAll:
		if !sort {
			return append(dst, raw...)
		}
	case zone.QueryListed, zone.QueryOnly, zone.QueryExcept:
	default:
		return dst
	}
	var room [32][]byte
	taken := room[:0]
	for rest, more := raw, len(raw) > 0; more; {
		var part []byte
		part, rest, more = bytes.Cut(rest, ampersand)
		if len(part) > 0 && p.takes(nameOf(part)) {
			taken = append(taken, part)
		}
	}
	if sort {
		slices.SortStableFunc(taken, func(a, b []byte) int { return compareDecoded(nameOf(a), nameOf(b)) })
	}
	for i, part := range taken {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, part...)
	}
	return dst
}

var ampersand = []byte("&")

func (p *Pick) takes(name []byte) bool {
	if p.Mode == zone.QueryAll {
		return true
	}
	listed := false
	for _, n := range p.Names {
		listed = listed || equalDecoded(name, n)
	}
	return listed == (p.Mode != zone.QueryExcept)
}

// nameOf returns the raw name of a parameter.
func nameOf(part []byte) []byte {
	name, _, _ := bytes.Cut(part, equals)
	return name
}

var equals = []byte("=")

// decoded returns the first byte that b means, and what follows. A broken
// escape means its own bytes.
func decoded(b []byte) (c byte, rest []byte) {
	if b[0] == '+' {
		return ' ', b[1:]
	}
	if b[0] == '%' && len(b) > 2 {
		if hi, lo := unhex(b[1]), unhex(b[2]); hi < 16 && lo < 16 {
			return hi<<4 | lo, b[3:]
		}
	}
	return b[0], b[1:]
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// equalDecoded reports whether a raw name means name.
func equalDecoded(raw []byte, name string) bool {
	for i := range len(name) {
		if len(raw) == 0 {
			return false
		}
		var c byte
		if c, raw = decoded(raw); c != name[i] {
			return false
		}
	}
	return len(raw) == 0
}

// compareDecoded orders raw names by what they mean.
func compareDecoded(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		var x, y byte
		x, a = decoded(a)
		y, b = decoded(b)
		if x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}
