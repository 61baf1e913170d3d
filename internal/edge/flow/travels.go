package flow

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// Travels reports whether a field of a viewer's GET or HEAD goes on to a plain
// origin. Those that do not are for this connection (RFC 9110, 7.6.1), or a
// condition or a range, which the cache answers itself, or the edge sets them.
func Travels(name []byte) bool {
	for _, s := range [...]string{"If-", "X-Forwarded-"} {
		if len(name) > len(s) && httpmsg.EqualFold(name[:len(s)], s) {
			return false
		}
	}
	for _, s := range [...]string{
		"Host", "Content-Length", "Expect", "Range", "Via", "CDN-Loop", "Forwarded", "Max-Forwards",
		"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authorization", "Proxy-Authenticate", "Proxy-Authentication-Info", "HTTP2-Settings",
	} {
		if httpmsg.EqualFold(name, s) {
			return false
		}
	}
	return true
}
