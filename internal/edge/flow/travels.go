package flow

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// Travels reports whether a field of a viewer's GET or HEAD goes on to a plain
// origin: it is neither a condition nor a range, which the cache answers
// itself, and TravelsThrough.
func Travels(name []byte) bool {
	return !hasPrefix(name, "If-") && !httpmsg.EqualFold(name, "Range") && TravelsThrough(name)
}

func hasPrefix(name []byte, prefix string) bool {
	return len(name) >= len(prefix) && httpmsg.EqualFold(name[:len(prefix)], prefix)
}

// TravelsThrough reports whether a field of a viewer's request of another
// method goes on to a plain origin. Those that do not are for this connection
// (RFC 9110, 7.6.1), or the edge sets them.
func TravelsThrough(name []byte) bool {
	if hasPrefix(name, "X-Forwarded-") {
		return false
	}
	for _, s := range [...]string{
		"Host", "Content-Length", "Expect", "Via", "CDN-Loop", "Forwarded", "Max-Forwards",
		"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authorization", "Proxy-Authenticate", "Proxy-Authentication-Info", "HTTP2-Settings",
	} {
		if httpmsg.EqualFold(name, s) {
			return false
		}
	}
	return true
}
