// Package objkey turns a viewer's request target into the key of a stored
// object, and that into the one escaped form which is sent, signed and used
// in the cache key.
//
// Keys are opaque bytes to an object store (AWS S3 User Guide, "Naming
// Amazon S3 objects"): "a//b" and "a/b" are two objects, and so are "a/./b"
// and "a/b". So a path is decoded exactly once, its slashes are never
// collapsed and its dot segments never resolved, and it is escaped once, in
// the form over which a store computes the signature. As both steps are
// injective, two requests share a cache key exactly when they share the
// target that is fetched, whatever origin they are sent to.
package objkey

import (
	"bytes"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// A Refusal is a request that no origin may see. The values that this package
// returns are static, so refusing does not allocate; they compare with ==.
type Refusal struct {
	Code   catalog.Access // as in the error catalogue
	Status int            // HTTP status for the viewer

	text string
}

// Error says what was wrong. The text holds nothing of the request.
func (r *Refusal) Error() string { return "map path: " + r.text }

// All refusals of this package.
var (
	errNoSlash          = &Refusal{catalog.AccessPathBadEncoding, 400, `target does not begin with "/"`}
	errBadEscape        = &Refusal{catalog.AccessPathBadEncoding, 400, `"%" without two hex digits`}
	errNUL              = &Refusal{catalog.AccessPathBadEncoding, 400, "path holds a NUL byte"}
	errDotSegment       = &Refusal{catalog.AccessPathDotSegment, 400, `path holds a "." or ".." segment`}
	errAboveRoot        = &Refusal{catalog.AccessPathDotSegment, 400, `".." leads above the root`}
	errNotAllowed       = &Refusal{catalog.AccessPathNotAllowed, 403, "path is outside the allowed prefixes"}
	errBucketRoot       = &Refusal{catalog.AccessBucketRootDenied, 403, "path names a bucket and no object"}
	errBucketName       = &Refusal{catalog.AccessBucketNameInvalid, 404, "first path segment is no bucket name"}
	errKeyTooLong       = &Refusal{catalog.AccessKeyTooLong, 404, "object key is longer than 1,024 bytes"}
	_             error = (*Refusal)(nil)
)

// DotRaw as Rules.DotSegments keeps "." and ".." as literal bytes of the key.
const DotRaw = "raw"

// Rules say how a zone reads the path of a request target. The zero value
// refuses dot segments, keeps "+", allows every path and adds no index
// document. Rules are safe for concurrent use as long as nobody changes them.
type Rules struct {
	// DotSegments is "reject" or "raw". Every value but "raw" rejects.
	DotSegments string

	// PlusAsSpace makes a raw "+" mean a space. An escaped one stays "+".
	PlusAsSpace bool

	// AllowedPrefixes are the decoded paths that may be fetched, each with
	// its leading "/"; empty allows all. An entry that does not end in "/"
	// allows itself and what is below it.
	AllowedPrefixes []string

	// IndexDocument is appended to paths that end in "/"; empty appends
	// nothing. It neither begins with "/" nor holds a dot segment.
	IndexDocument string
}

// AppendPath appends to dst the viewer path that raw means: the bytes of the
// key, which need not be valid UTF-8, with a leading "/". Raw is the request
// target up to the first "?", exactly as it was received.
//
// The error is a *Refusal; dst is then returned as it was. AppendPath
// allocates only to grow dst.
func (r *Rules) AppendPath(dst, raw []byte) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '/' {
		return dst, errNoSlash
	}
	start := len(dst)
	out, ok := r.appendDecoded(dst, raw)
	if !ok {
		return dst, errBadEscape
	}
	path := out[start:]
	if bytes.IndexByte(path, 0) >= 0 {
		return dst, errNUL
	}
	// Every dot segment follows a slash, and few paths hold "/.".
	dots := false
	if bytes.Contains(path, []byte("/.")) {
		var low int
		if dots, low, _ = walk(path[1:], 0); dots && r.DotSegments != DotRaw {
			return dst, errDotSegment
		}
		if low < 0 {
			return dst, errAboveRoot
		}
	}
	if r.IndexDocument != "" && path[len(path)-1] == '/' {
		out = append(out, r.IndexDocument...)
	}
	if len(r.AllowedPrefixes) > 0 && !r.allowed(out, start, dots) {
		return dst, errNotAllowed
	}
	return out, nil
}

// appendDecoded percent-decodes raw once.
func (r *Rules) appendDecoded(dst, raw []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(raw, '%')
		plain := raw
		if i >= 0 {
			plain = raw[:i]
		}
		from := len(dst)
		dst = append(dst, plain...)
		if r.PlusAsSpace {
			for j := from; j < len(dst); j++ {
				if dst[j] == '+' {
					dst[j] = ' '
				}
			}
		}
		if i < 0 {
			return dst, true
		}
		if len(raw) < i+3 {
			return dst, false
		}
		hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
		if hi > 15 || lo > 15 {
			return dst, false
		}
		dst = append(dst, hi<<4|lo)
		raw = raw[i+3:]
	}
}

// unhex returns the value of a hex digit, or 255.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// walk follows the segments of path as a server would that resolves dots and
// collapses slashes, beginning at depth. It reports whether there was a dot
// segment, and the lowest and the last depth.
func walk(path []byte, depth int) (dots bool, low, end int) {
	low = depth
	for more := true; more; {
		var segment []byte
		segment, path, more = bytes.Cut(path, slash)
		switch string(segment) {
		case "":
		case ".":
			dots = true
		case "..":
			dots = true
			depth--
			low = min(low, depth)
		default:
			depth++
		}
	}
	return dots, low, depth
}

var slash = []byte("/")

// allowed reports whether buf[start:] is inside an allowed prefix, and, if it
// holds dots, what it resolves to as well: for a server that keeps empty
// segments (RFC 3986, 5.2.4) and for one that collapses them, as file systems
// do. It uses the room behind buf.
func (r *Rules) allowed(buf []byte, start int, dots bool) bool {
	path := buf[start:]
	if !r.prefixed(path) {
		return false
	}
	if !dots {
		return true
	}
	for _, collapse := range [...]bool{false, true} {
		if !r.prefixed(appendResolved(buf, path, collapse)[len(buf):]) {
			return false
		}
	}
	return true
}

func (r *Rules) prefixed(path []byte) bool {
	for _, p := range r.AllowedPrefixes {
		if len(path) < len(p) || string(path[:len(p)]) != p {
			continue
		}
		if len(path) == len(p) || strings.HasSuffix(p, "/") || path[len(p)] == '/' {
			return true
		}
	}
	return false
}

// appendResolved appends path without its dot segments. The path never leads
// above its root.
func appendResolved(dst, path []byte, collapse bool) []byte {
	root := len(dst)
	rest, more := path[1:], true
	for more {
		var segment []byte
		segment, rest, more = bytes.Cut(rest, slash)
		switch string(segment) {
		case "..":
			dst = dst[:root+max(0, bytes.LastIndexByte(dst[root:], '/'))]
			segment = nil
		case ".":
			segment = nil
		case "":
			if !collapse {
				dst = append(dst, '/')
				continue
			}
		}
		// What names a directory keeps its final slash.
		if len(segment) > 0 || !more {
			dst = append(append(dst, '/'), segment...)
		}
	}
	return dst
}

// plain holds true for the bytes that the strict form does not escape: the
// unreserved ones of RFC 3986, 2.3, and the slash.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("-._~/", byte(c)) >= 0
	}
	return t
}()

// AppendStrict appends path in the strict form: every byte but A-Z a-z 0-9
// - . _ ~ / becomes %XX in upper-case hex (AWS S3 API Reference, "Signature
// Calculations for the Authorization Header", UriEncode). It is injective. It
// allocates only to grow dst.
func AppendStrict(dst, path []byte) []byte {
	const digits = "0123456789ABCDEF"
	from := 0
	for i, c := range path {
		if plain[c] {
			continue
		}
		dst = append(dst, path[from:i]...)
		dst = append(dst, '%', digits[c>>4], digits[c&15])
		from = i + 1
	}
	return append(dst, path[from:]...)
}
