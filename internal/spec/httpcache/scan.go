package httpcache

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// A directive is one member of a Cache-Control field (RFC 9111, 5.2).
type directive struct {
	name []byte
	arg  []byte // content of a token or, with its escapes, of a quoted string
	form form
}

type form uint8

const (
	bare   form = iota // no "="
	token              // name=arg
	quoted             // name="arg"
	broken             // blanks round "=", text after the argument, no name
	open               // a quoted string that does not end
)

// nextDirective cuts the first directive from b. It returns ok false at the
// end. Text in a quoted string is never taken for a directive; but a quote
// that is not closed begins no string, and what follows it is scanned, so
// that it cannot hide a prohibition.
func nextDirective(b []byte) (d directive, rest []byte, ok bool) {
	i := 0
	for i < len(b) && (b[i] == ',' || isBlank(b[i])) {
		i++
	}
	if i == len(b) {
		return d, nil, false
	}
	start := i
	for i < len(b) && isToken(b[i]) {
		i++
	}
	d.name = b[start:i]
	if len(d.name) == 0 {
		d.form = broken
	}
	if i < len(b) && b[i] == '=' && d.form != broken {
		i++
		switch {
		case i < len(b) && b[i] == '"':
			n := quotedLen(b[i:])
			if n == 0 {
				d.form = open
				return d, b[i+1:], true
			}
			d.form = quoted
			d.arg = b[i+1 : i+n-1]
			i += n
		default:
			d.form = token
			start = i
			for i < len(b) && isToken(b[i]) {
				i++
			}
			d.arg = b[start:i]
		}
	}
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	if i < len(b) && b[i] != ',' {
		d.form = broken
	}
	for i < len(b) && b[i] != ',' {
		if b[i] == '"' {
			n := quotedLen(b[i:])
			if n == 0 {
				d.form = open
				return d, b[i+1:], true
			}
			i += n
			continue
		}
		i++
	}
	return d, b[i:], true
}

// quotedLen returns the length of the quoted string at the beginning of b,
// quotes included, or 0 if it does not end.
func quotedLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// listHas reports whether the comma-separated list holds name, without case.
func listHas(list, name []byte) bool {
	for {
		member, rest, ok := httpmsg.CutMember(list)
		if !ok {
			return false
		}
		if equalFold(member, name) {
			return true
		}
		list = rest
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isToken reports whether c may stand in a token (RFC 9110, 5.6.2).
func isToken(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
