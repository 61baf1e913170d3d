package deliver

import (
	"strings"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// policy is the header policy of every site, as none can be chosen: storage
// fields are hidden.
const policy = 1

// block returns the rendered fields of a response, made at its first use.
// final tells that the result holds for later replies too.
func block(m *flow.Meta, final bool) *flow.Block {
	if b := m.Block(policy); b != nil {
		return b
	}
	b := render(m, final)
	if final {
		m.SetBlock(b)
	}
	return b
}

// render writes the fields that a 304 has first (RFC 9110, 15.4.5), so that
// they are a prefix of the others. ranges tells that the length is known, so
// that parts can be asked for.
func render(m *flow.Meta, ranges bool) *flow.Block {
	b := &flow.Block{Policy: policy}
	for _, f := range m.Fields {
		if in304(f.Name) {
			b.H1 = appendField(b.H1, f)
		}
	}
	b.H1 = append(b.H1, "Server: Cistern\r\n"...)
	b.N304 = len(b.H1)
	for _, f := range m.Fields {
		if !in304(f.Name) && !hidden(f.Name) {
			b.H1 = appendField(b.H1, f)
		}
	}
	if m.Status == 200 && ranges {
		b.H1 = append(b.H1, "Accept-Ranges: bytes\r\n"...)
	}
	return b
}

func appendField(b []byte, f httpmsg.Field) []byte {
	b = append(b, f.Name...)
	b = append(b, ": "...)
	b = append(b, f.Value...)
	return append(b, "\r\n"...)
}

// in304 reports whether a 304 repeats the field.
func in304(name []byte) bool {
	for _, s := range [...]string{"Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary", "CDN-Cache-Control"} {
		if httpmsg.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// hidden reports whether a stored field is not for viewers: those that the
// edge writes itself, orders to caches like this one, and what would show
// them how the bucket is kept.
func hidden(name []byte) bool {
	for _, s := range [...]string{
		"Content-Length", "Age", "Server", "Accept-Ranges", "X-Cache", "Cache-Tag", "Cistern-CDN-Cache-Control",
	} {
		if httpmsg.EqualFold(name, s) {
			return true
		}
	}
	lower := strings.ToLower(string(name))
	for _, s := range [...]string{"x-amz-", "x-oss-", "x-goog-", "x-minio-", "surrogate-"} {
		if strings.HasPrefix(lower, s) {
			return true
		}
	}
	return false
}
