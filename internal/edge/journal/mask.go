package journal

import "bytes"

// maxShown bounds what a line shows of a secret value.
const maxShown = 6

// appendURL appends a target or URL by add, but no more than the beginning of
// values that are secret: "?Signature=AbCdEf...".
func appendURL(dst, url []byte, add func(dst, s []byte) []byte) []byte {
	mark := bytes.IndexByte(url, '?')
	if mark < 0 {
		return add(dst, url)
	}
	dst = add(dst, url[:mark+1])
	for query := url[mark+1:]; ; {
		end := bytes.IndexAny(query, "&;")
		pair := query
		if end >= 0 {
			pair = query[:end]
		}
		dst = appendPair(dst, pair, add)
		if end < 0 {
			return dst
		}
		dst = add(dst, query[end:end+1])
		query = query[end+1:]
	}
}

func appendPair(dst, pair []byte, add func(dst, s []byte) []byte) []byte {
	equals := bytes.IndexByte(pair, '=')
	if equals < 0 || !isSecret(pair[:equals]) {
		return add(dst, pair)
	}
	value := pair[equals+1:]
	shown := min(maxShown, len(value)/4) // of a short secret less
	dst = add(dst, pair[:equals+1+shown])
	if shown < len(value) {
		dst = append(dst, "..."...)
	}
	return dst
}

// isSecret reports whether the value of a query parameter, whose name may be
// percent-encoded, opens something: a signature or token of an object store, a
// viewer link or a login.
func isSecret(name []byte) bool {
	var lower [24]byte // longer than any name below
	n := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '%' && i+2 < len(name) {
			c = unhex(name[i+1])<<4 | unhex(name[i+2])
			i += 2
		}
		if n == len(lower) {
			return false
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[n] = c
		n++
	}
	switch string(lower[:n]) {
	case "signature", "x-amz-signature", "x-goog-signature", "x-oss-signature",
		"security-token", "x-amz-security-token", "x-oss-security-token",
		"sig", "sign", "token", "auth_key", "md5", "hdnts", "hdnea", "hmac", "verify", "wssecret",
		"access_token", "auth", "jwt", "key", "password", "secret":
		return true
	}
	return false
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0
}
