package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// MaxExpires is how long a presigned request can be valid at most.
const MaxExpires = 7 * 24 * time.Hour

// CanonicalQuery returns raw, a query without its "?", in the form that is
// signed: each name and value decoded once ("+" is a space) and escaped
// strictly, a "=" in each, sorted by escaped name, then value. It is a form
// that may also be sent. A bad escape is an error.
func CanonicalQuery(raw string) (string, error) {
	pairs, err := parseQuery(raw)
	if err != nil {
		return "", err
	}
	return joinQuery(pairs), nil
}

// A pair is a query parameter, escaped.
type pair struct{ name, value string }

func parseQuery(raw string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, fmt.Errorf("parse query parameter %q: %w", part, err)
		}
		pairs = append(pairs, pair{escape(name), escape(value)})
	}
	return pairs, nil
}

func joinQuery(pairs []pair) string {
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// escape escapes everything but unreserved characters, the slash included.
func escape(s string) string {
	strict := objkey.AppendStrict(nil, []byte(s))
	return string(bytes.ReplaceAll(strict, []byte("/"), []byte("%2F")))
}

// Presign returns a query that makes the request valid from t on for expires,
// whole seconds from one second to [MaxExpires], without any header (AWS S3
// API Reference, "Authenticating Requests: Using Query Parameters"). The
// other arguments are those of Sign. Presigned requests are for people and
// tests; the payload is always unsigned.
func (s *Signer) Presign(m Method, host, strictPath, canonicalQuery string, t time.Time, expires time.Duration) (string, error) {
	if expires < time.Second || expires > MaxExpires || expires%time.Second != 0 {
		return "", fmt.Errorf("presign %s: expiry %v is not whole seconds from 1 to %d", m, expires, int(MaxExpires/time.Second))
	}
	pairs, err := parseQuery(canonicalQuery)
	if err != nil {
		return "", fmt.Errorf("presign %s: %w", m, err)
	}
	date := appendTime(nil, t)
	pairs = append(pairs,
		pair{"X-Amz-Algorithm", algorithm},
		pair{"X-Amz-Credential", escape(s.cred.AccessKey + "/" + string(date[:8]) + s.scope)},
		pair{"X-Amz-Date", string(date)},
		pair{"X-Amz-Expires", strconv.Itoa(int(expires / time.Second))},
		pair{"X-Amz-SignedHeaders", "host"})
	if s.cred.Token != "" {
		pairs = append(pairs, pair{"X-Amz-Security-Token", escape(s.cred.Token)})
	}
	query := joinQuery(pairs)
	hash := sha256.Sum256([]byte(m.String() + "\n" + strictPath + "\n" + query +
		"\nhost:" + host + "\n\nhost\n" + unsignedPayload))
	signature := s.day(t).sign(date, s.scope, &hash)
	return query + "&X-Amz-Signature=" + hex.EncodeToString(signature[:]), nil
}
