package cdnfield

// ParseList parses a List (RFC 9651, 4.2.1), all lines of the field joined by
// commas. An empty field is an empty list. The error is a *SyntaxError; one
// fault makes the whole field invalid.
func ParseList(b []byte) ([]Member, error) {
	p := parser{in: b}
	var list []Member
	p.skipSpaces()
	for !p.done() {
		var m Member
		p.value(&m)
		p.parameters()
		list = append(list, m)
		p.separator()
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return list, nil
}

// separator reads what stands between two members, if there is one more.
func (p *parser) separator() {
	// Blanks at the end were trimmed by whoever read the field, but RFC 9651,
	// 4.2 allows spaces there.
	p.skipBlanks()
	if p.done() {
		return
	}
	if !p.take(',') {
		p.fail("no comma between members")
	}
	p.skipBlanks()
	if p.at == len(p.in) {
		p.fail("nothing behind the comma")
	}
}
