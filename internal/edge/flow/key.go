package flow

import (
	"bytes"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// First bytes of cache keys: what a GET stored, and what a HEAD did.
const (
	KeyGET  = 'G'
	KeyHEAD = 'H'
)

// AppendTarget appends the part of a cache key that a request target gives:
// the site, the path in its one strict form, and the query (see
// QueryPolicy.AppendSent for sent). Equal targets are equal origin requests.
// It holds neither of KeyGET and KeyHEAD, which stands before it, nor LF,
// which stands before all other parts of a key.
func (s *Site) AppendTarget(dst, path, sent []byte, hasSent bool, raw []byte) []byte {
	dst = append(dst, s.KeyPrefix...)
	dst = objkey.AppendStrict(dst, path)
	return s.Query.appendKey(dst, sent, hasSent, raw)
}

// KeyTarget returns the part of a cache key that AppendTarget gave.
func KeyTarget(key []byte) []byte {
	if end := bytes.IndexByte(key, '\n'); end >= 0 {
		key = key[:end]
	}
	return key[1:]
}

// AppendKey appends the cache key of x as of a GET. Change its first byte for
// that of a HEAD.
func (x *Exchange) AppendKey(dst []byte) []byte {
	s := x.Site
	dst = append(dst, KeyGET)
	dst = s.AppendTarget(dst, x.Path, x.Query, x.HasQuery, x.Request.Query)
	if !s.KeyParts {
		return dst
	}
	// LF occurs in none of the parts, so that the key can be read in one way
	// only. An absent field differs from an empty one.
	parts := &s.Zone.Cache.Key
	if parts.Scheme {
		dst = append(append(dst, '\n'), x.Scheme()...)
	}
	if parts.Host {
		dst = append(append(dst, '\n'), x.Host...)
	}
	for _, name := range parts.Headers {
		dst = append(dst, '\n')
		if x.Request.Fields.Get(name) != nil {
			dst = append(dst, ':')
			dst = x.Request.Fields.AppendJoined(dst, name)
		}
	}
	if s.KeyCookies {
		dst = append(append(dst, '\n'), x.Fields.Get("Cookie")...)
	}
	return dst
}

// AppendCookies appends the cookies called one of names that a request
// carries, in the order of names, as a value of Cookie (RFC 6265, 4.2.1).
func AppendCookies(dst []byte, request httpmsg.Fields, names []string) []byte {
	start := len(dst)
	for _, name := range names {
		for i := range request {
			if !httpmsg.EqualFold(request[i].Name, "Cookie") {
				continue
			}
			for rest, more := request[i].Value, true; more; {
				var pair []byte
				pair, rest, more = bytes.Cut(rest, semicolon)
				if pair = bytes.Trim(pair, " \t"); string(nameOf(pair)) != name {
					continue
				}
				if len(dst) > start {
					dst = append(dst, "; "...)
				}
				dst = append(dst, pair...)
			}
		}
	}
	return dst
}

var semicolon = []byte(";")
