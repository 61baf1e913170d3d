package httpcache

import (
	"net/url"
	"strings"
)

// Invalidates reports whether an answer of this status to a request of this
// method makes what is stored for the target unusable (RFC 9111, 4.4): the
// method is not known to be safe, and the answer is no error.
func Invalidates(method []byte, status int) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return false
	}
	return status >= 200 && status < 400
}

// InvalidatedTarget returns the request target that a Location or
// Content-Location of such an answer makes unusable too: ref resolved against
// the URI of the request, if that has the same origin, that is scheme, host
// and port (RFC 9111, 4.4). ok is false for another origin, as one must not
// invalidate what is another's, and for what is no URI reference.
func InvalidatedTarget(request *url.URL, ref string) (target string, ok bool) {
	u, err := request.Parse(ref)
	if err != nil || u.Opaque != "" || u.User != nil || origin(u) != origin(request) {
		return "", false
	}
	return u.RequestURI(), true
}

// origin returns scheme, host and port in one form.
func origin(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "https":
		port = "443"
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
