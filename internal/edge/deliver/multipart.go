package deliver

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/httprange"
)

// A byteranges is the body of an answer with several ranges (RFC 9110, 14.6):
// texts, and spans of an object between them. It is immutable.
type byteranges struct {
	object *flow.Object // complete, and pinned by the exchange
	pieces []piece
	size   int64
}

// A piece is a text, or else a span of the object.
type piece struct {
	at   int64 // offset in the body
	text []byte
	span httprange.Span
}

var _ flow.Source = (*byteranges)(nil)

// newByteranges returns the spans of o as parts of the type kind, which may be
// empty.
func newByteranges(o *flow.Object, spans []httprange.Span, kind []byte, boundary string) *byteranges {
	m := &byteranges{object: o}
	for i, span := range spans {
		var text []byte
		if i > 0 {
			text = append(text, "\r\n"...)
		}
		text = append(append(append(text, "--"...), boundary...), "\r\n"...)
		if len(kind) > 0 {
			text = append(append(append(text, "Content-Type: "...), kind...), "\r\n"...)
		}
		text = append(text, "Content-Range: "...)
		text = httprange.AppendContentRange(text, span, o.Size())
		m.add(piece{text: append(text, "\r\n\r\n"...)})
		m.add(piece{span: span})
	}
	m.add(piece{text: []byte("\r\n--" + boundary + "--\r\n")})
	return m
}

func (m *byteranges) add(p piece) {
	p.at = m.size
	m.pieces = append(m.pieces, p)
	m.size += p.len()
}

func (p *piece) len() int64 { return int64(len(p.text)) + p.span.Len() }

// Next implements flow.Source.
func (m *byteranges) Next(off int64, max int, wake func()) (chunk []byte, eof bool, err error) {
	for i := range m.pieces {
		p := &m.pieces[i]
		in := off - p.at
		switch {
		case in >= p.len():
			continue
		case p.text != nil:
			chunk = p.text[in:]
			chunk = chunk[:min(len(chunk), max)]
		default:
			most := min(p.span.Len()-in, int64(max))
			chunk, _, err = m.object.Next(p.span.First+in, int(most), wake)
		}
		return chunk, off+int64(len(chunk)) == m.size, err
	}
	return nil, true, nil
}

// Sent implements flow.Source; the bytes of a complete object stay.
func (m *byteranges) Sent(int64) {}

// parts fills the reply with several ranges of the object.
func parts(x *flow.Exchange, m *flow.Meta, spans []httprange.Span) {
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	boundary := hex.EncodeToString(random[:])
	source := newByteranges(x.Found, spans, m.Fields.Get("Content-Type"), boundary)
	bare := m.Judged(m.Verdict)
	bare.Fields = m.Fields.Without("Content-Type") // that of the parts
	r := &x.Reply
	r.Status, r.Block = 206, render(x.Site, bare, true)
	r.Extra = append(r.Extra, httpmsg.Field{Name: []byte("Content-Type"), Value: []byte("multipart/byteranges; boundary=" + boundary)})
	r.Body = flow.Body{Src: source, Len: source.size}
}
