package cdnfield

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// A Kind is the type of a structured value.
type Kind uint8

// The kinds of RFC 9651, 3.1.1 and 3.3.
const (
	KindBoolean       Kind = iota + 1 // Int is 0 or 1
	KindInteger                       // Int
	KindDecimal                       // Int, in thousandths
	KindDate                          // Int, in seconds since the Unix epoch
	KindString                        // Text, without quotes and escapes
	KindToken                         // Text
	KindBytes                         // Text, decoded
	KindDisplayString                 // Text, decoded, valid UTF-8
	KindInnerList                     // its items are checked and forgotten
)

// maxInteger is the largest Integer of a structured field.
const maxInteger = 999_999_999_999_999

// A Member is one member of a dictionary or a list. Its parameters are checked
// and forgotten.
type Member struct {
	Key  string // empty in a list
	Kind Kind
	Int  int64  // for the kinds that are numbers
	Text string // for the kinds that are text
}

// True reports whether the member is the Boolean true, as a member without a
// value is.
func (m Member) True() bool { return m.Kind == KindBoolean && m.Int == 1 }

// A Dictionary is the list of its members in order, each key once.
type Dictionary []Member

// Get returns the member with this key.
func (d Dictionary) Get(key string) (m Member, ok bool) {
	for _, m := range d {
		if m.Key == key {
			return m, true
		}
	}
	return Member{}, false
}

// A SyntaxError says why a structured field must be ignored as a whole.
type SyntaxError struct {
	Offset int // of the byte that cannot stand there, from 0
	Reason string
}

// Error returns offset and reason as a sentence.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("parse structured field: byte %d: %s", e.Offset, e.Reason)
}

// ParseDictionary parses a Dictionary (RFC 9651, 4.2.2), all lines of the
// field joined by commas. Of members with the same key the last value counts,
// in the place of the first. An empty field is an empty dictionary. The error
// is a *SyntaxError; one fault makes the whole field invalid.
func ParseDictionary(b []byte) (Dictionary, error) {
	p := parser{in: b}
	d := p.dictionary()
	if p.fault != nil {
		return nil, p.fault
	}
	return d, nil
}

// A parser reads a structured field. After the first fault it reads nothing
// more, so that callers need not check each step.
type parser struct {
	in    []byte
	at    int
	fault *SyntaxError
}

// peek returns the next byte, or 0 at the end and after a fault. A NUL in the
// input is nowhere allowed, so that the two need not be told apart.
func (p *parser) peek() byte {
	if p.fault != nil || p.at >= len(p.in) {
		return 0
	}
	return p.in[p.at]
}

// take reads c if it comes next.
func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) fail(reason string) {
	if p.fault == nil {
		p.fault = &SyntaxError{Offset: p.at, Reason: reason}
	}
}

func (p *parser) done() bool { return p.fault != nil || p.at >= len(p.in) }

func (p *parser) skipSpaces() {
	for p.take(' ') {
	}
}

func (p *parser) skipBlanks() {
	for p.take(' ') || p.take('\t') {
	}
}

func (p *parser) dictionary() Dictionary {
	var d Dictionary
	p.skipSpaces()
	for !p.done() {
		m := Member{Key: p.key(), Kind: KindBoolean, Int: 1}
		if p.take('=') {
			p.value(&m)
		}
		p.parameters()
		d = d.set(m)
		p.separator()
	}
	return d
}

func (d Dictionary) set(m Member) Dictionary {
	for i := range d {
		if d[i].Key == m.Key {
			d[i] = m
			return d
		}
	}
	return append(d, m)
}

func (p *parser) key() string {
	start := p.at
	if c := p.peek(); !isLower(c) && c != '*' {
		p.fail("key does not begin with a lower-case letter or *")
		return ""
	}
	for c := p.peek(); isLower(c) || isDigit(c) || c == '_' || c == '-' || c == '.' || c == '*'; c = p.peek() {
		p.at++
	}
	return string(p.in[start:p.at])
}

func (p *parser) parameters() {
	for p.take(';') {
		p.skipSpaces()
		p.key()
		if p.take('=') {
			p.item(&Member{})
		}
	}
}

// value reads an item or an inner list, without the parameters behind it.
func (p *parser) value(m *Member) {
	if !p.take('(') {
		p.item(m)
		return
	}
	m.Kind, m.Int = KindInnerList, 0
	for {
		p.skipSpaces()
		if p.done() {
			p.fail("inner list does not end")
			return
		}
		if p.take(')') {
			return
		}
		p.item(&Member{})
		p.parameters()
		if c := p.peek(); c != ' ' && c != ')' {
			p.fail("no space between the items of an inner list")
		}
	}
}

// item reads a bare item.
func (p *parser) item(m *Member) {
	m.Int = 0
	switch c := p.peek(); {
	case c == '-' || isDigit(c):
		p.number(m)
	case c == '"':
		m.Kind, m.Text = KindString, p.quoted()
	case c == '*' || isAlpha(c):
		start := p.at
		for isTokenByte(p.peek()) {
			p.at++
		}
		m.Kind, m.Text = KindToken, string(p.in[start:p.at])
	case c == ':':
		m.Kind, m.Text = KindBytes, p.binary()
	case c == '?':
		p.boolean(m)
	case c == '@':
		p.at++
		p.number(m)
		if m.Kind == KindDecimal {
			p.fail("date is not an integer")
		}
		m.Kind = KindDate
	case c == '%':
		m.Kind, m.Text = KindDisplayString, p.display()
	default:
		p.fail("not the beginning of a value")
	}
}

func (p *parser) boolean(m *Member) {
	p.at++
	m.Kind = KindBoolean
	switch {
	case p.take('1'):
		m.Int = 1
	case !p.take('0'):
		p.fail("boolean is neither ?0 nor ?1")
	}
}

// number reads an integer of at most 15 digits, or a decimal of at most 12
// before and 3 behind the point.
func (p *parser) number(m *Member) {
	negative := p.take('-')
	n, digits := p.digits()
	if digits == 0 {
		p.fail("number without digits")
	}
	if digits > 15 {
		p.fail("number over 15 digits")
	}
	m.Kind = KindInteger
	if p.take('.') {
		if digits > 12 {
			p.fail("decimal over 12 digits before the point")
		}
		fraction, places := p.digits()
		if places < 1 || places > 3 {
			p.fail("decimal without 1 to 3 digits behind the point")
		}
		n *= 1000
		for ; places < 3; places++ {
			fraction *= 10
		}
		n += fraction
		m.Kind = KindDecimal
	}
	if negative {
		n = -n
	}
	m.Int = n
}

// digits reads any number of digits; n is their value if they are at most 15.
func (p *parser) digits() (n int64, count int) {
	for c := p.peek(); isDigit(c); c = p.peek() {
		if count++; count <= 15 {
			n = n*10 + int64(c-'0')
		}
		p.at++
	}
	return n, count
}

func (p *parser) quoted() string {
	p.at++
	var text []byte
	for {
		c := p.peek()
		switch {
		case c < ' ' || c > '~':
			p.fail("string does not end, or byte that cannot be in a string")
			return ""
		case c == '"':
			p.at++
			return string(text)
		case c == '\\':
			p.at++
			if c = p.peek(); c != '"' && c != '\\' {
				p.fail(`escape other than \" and \\`)
				return ""
			}
		}
		text = append(text, c)
		p.at++
	}
}

func (p *parser) binary() string {
	p.at++
	start := p.at
	for c := p.peek(); isAlpha(c) || isDigit(c) || c == '+' || c == '/' || c == '='; c = p.peek() {
		p.at++
	}
	end := p.at
	if !p.take(':') {
		p.fail("byte sequence does not end, or byte that is not Base64")
		return ""
	}
	// RFC 9651, 4.2.7: missing padding is no fault.
	for end > start && p.in[end-1] == '=' {
		end--
	}
	text, err := base64.RawStdEncoding.DecodeString(string(p.in[start:end]))
	if err != nil {
		p.fail("byte sequence is not Base64")
	}
	return string(text)
}

func (p *parser) display() string {
	p.at++
	if !p.take('"') {
		p.fail("no quote behind %")
		return ""
	}
	var text []byte
	for {
		c := p.peek()
		switch {
		case c < ' ' || c > '~':
			p.fail("display string does not end, or byte that cannot be in it")
			return ""
		case c == '"':
			p.at++
			if !utf8.Valid(text) {
				p.fail("display string is not UTF-8")
			}
			return string(text)
		case c == '%':
			p.at++
			high, low := hex(p.peek()), -1
			if high >= 0 {
				p.at++
				low = hex(p.peek())
			}
			if low < 0 {
				p.fail("escape without two lower-case hex digits")
				return ""
			}
			c = byte(high<<4 | low)
		}
		text = append(text, c)
		p.at++
	}
}

func hex(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isAlpha(c byte) bool { return isLower(c | 0x20) }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isTokenByte reports whether c may follow the first byte of a token, where
// more is allowed than in a token of HTTP.
func isTokenByte(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~', ':', '/':
		return true
	}
	return isAlpha(c) || isDigit(c)
}
