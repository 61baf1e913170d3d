package httpmsg

// A Field is one field line. Name is as it was sent; names compare without
// regard to case (RFC 9110, 5.1). Value has no blanks around it. Both are
// usually slices of a connection's buffer and live as long as its content.
type Field struct{ Name, Value []byte }

// Fields is a list of field lines in the order they were sent, one element a
// line. The nil list is empty and ready to use.
type Fields []Field

// Get returns the value of the first line called name, or nil if there is
// none. The value of a line that is there but empty is empty and not nil.
func (fs Fields) Get(name string) []byte {
	for i := range fs {
		if EqualFold(fs[i].Name, name) {
			if fs[i].Value == nil {
				return []byte{}
			}
			return fs[i].Value
		}
	}
	return nil
}

// Count returns the number of lines called name.
func (fs Fields) Count(name string) int {
	n := 0
	for i := range fs {
		if EqualFold(fs[i].Name, name) {
			n++
		}
	}
	return n
}

// AppendJoined appends the values of all lines called name, joined by ", "
// (RFC 9110, 5.3), and returns the extended buffer. It must not be used for
// Set-Cookie, whose lines do not join.
func (fs Fields) AppendJoined(dst []byte, name string) []byte {
	first := true
	for i := range fs {
		if !EqualFold(fs[i].Name, name) {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		dst = append(dst, fs[i].Value...)
		first = false
	}
	return dst
}

// HasToken reports whether a line called name has token as a member of its
// comma-separated list, without regard to case: HasToken("Connection",
// "close").
func (fs Fields) HasToken(name, token string) bool {
	for i := range fs {
		if EqualFold(fs[i].Name, name) && listHas(fs[i].Value, token) {
			return true
		}
	}
	return false
}

// Clone returns a deep copy that shares no memory with fs: one array of
// fields and one of bytes. The clone of an empty list is nil.
func (fs Fields) Clone() Fields {
	if len(fs) == 0 {
		return nil
	}
	size := 0
	for i := range fs {
		size += len(fs[i].Name) + len(fs[i].Value)
	}
	text := make([]byte, 0, size)
	keep := func(b []byte) []byte {
		start := len(text)
		text = append(text, b...)
		return text[start:len(text):len(text)]
	}
	out := make(Fields, len(fs))
	for i := range fs {
		out[i] = Field{Name: keep(fs[i].Name), Value: keep(fs[i].Value)}
	}
	return out
}

// Drop removes all lines called one of names, in place, and returns the
// shortened list. The bytes of names and values are not touched.
func (fs Fields) Drop(names ...string) Fields {
	kept := fs[:0]
	for i := range fs {
		if !isOneOf(fs[i].Name, names) {
			kept = append(kept, fs[i])
		}
	}
	clear(fs[len(kept):])
	return kept
}

// Without returns the lines not called one of names as a new list, which
// shares the bytes of names and values with fs.
func (fs Fields) Without(names ...string) Fields {
	out := make(Fields, 0, len(fs))
	for i := range fs {
		if !isOneOf(fs[i].Name, names) {
			out = append(out, fs[i])
		}
	}
	return out
}

// Append appends the list as HTTP/1.1 field lines, each ended by CRLF, without
// the empty line. Names and values must be valid (see ValidName, ValidValue).
func (fs Fields) Append(dst []byte) []byte {
	for i := range fs {
		dst = append(dst, fs[i].Name...)
		dst = append(dst, ": "...)
		dst = append(dst, fs[i].Value...)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

func isOneOf(name []byte, names []string) bool {
	for _, n := range names {
		if EqualFold(name, n) {
			return true
		}
	}
	return false
}
