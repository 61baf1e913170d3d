package deliver

import (
	"strings"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// block returns the fields of a response as the site has them rendered, made
// at their first use. final tells that the result holds for later replies too.
func block(site *flow.Site, m *flow.Meta, final bool) *flow.Block {
	if b := m.Block(site.Headers); b != nil {
		return b
	}
	b := render(site, m, final)
	if final {
		m.SetBlock(b)
	}
	return b
}

// render writes the fields that a 304 has first (RFC 9110, 15.4.5), so that
// they are a prefix of the others. ranges tells that the length is known, so
// that parts can be asked for.
func render(site *flow.Site, m *flow.Meta, ranges bool) *flow.Block {
	b := &flow.Block{Policy: site.Headers, Control: controls(site, m)}
	for _, f := range m.Fields {
		if in304(f.Name) && !(b.Control && timed(f.Name)) {
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

// controls reports whether the zone's lifetime in browsers replaces what the
// origin says.
func controls(site *flow.Site, m *flow.Meta) bool {
	if site.BrowserTTL < 0 || !m.Verdict.Storable || m.Status >= 400 {
		return false
	}
	_, ok := httpcache.AppendBrowserControl(nil, m.Fields, site.BrowserTTL, 0)
	return ok
}

// timed reports whether a field tells browsers a lifetime.
func timed(name []byte) bool {
	return httpmsg.EqualFold(name, "Cache-Control") || httpmsg.EqualFold(name, "Expires")
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
