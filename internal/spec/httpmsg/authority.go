package httpmsg

import (
	"bytes"
	"net/netip"
)

// MaxHost is the longest host, in bytes, that is valid in an authority
// (RFC 3986, 3.2.2).
const MaxHost = 255

// SplitAuthority splits a valid authority (see ValidAuthority) into the host,
// which it appends to dst in lower case and without a final dot, and the port.
// Only the appended bytes are returned as host; there is no allocation if dst
// has room for MaxHost bytes. An IPv6 literal keeps its brackets. The port is 0
// if there is none.
func SplitAuthority(dst, authority []byte) (host []byte, port int) {
	name, digits := cutPort(authority)
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1]
	}
	start := len(dst)
	for _, c := range name {
		dst = append(dst, lower(c))
	}
	number, _ := ParseUint(digits)
	return dst[start:], int(number)
}

// ValidAuthority reports whether b is a host with an optional port, fit for
// the Host field or :authority: no user info, no empty label, no escape, at
// most one final dot. A port is at most 65535 and may be empty, as in
// "example.com:".
func ValidAuthority(b []byte) bool {
	host, port := cutPort(b)
	if len(host) == 0 || len(host) > MaxHost {
		return false
	}
	if len(port) > 0 {
		n, ok := ParseUint(port)
		if !ok || n > 65535 {
			return false
		}
	}
	if host[0] == '[' {
		if host[len(host)-1] != ']' {
			return false
		}
		addr, err := netip.ParseAddr(string(host[1 : len(host)-1]))
		return err == nil && addr.Is6() && addr.Zone() == ""
	}
	label := 0
	for i, c := range host {
		switch {
		case !hostBytes[c]:
			return false
		case c != '.':
			label++
		case label == 0:
			return false
		case i+1 < len(host):
			label = 0
		}
	}
	return true
}

// cutPort splits at the colon behind the host. The port is nil if there is no
// colon, and empty if nothing follows it.
func cutPort(authority []byte) (host, port []byte) {
	from := 0
	if len(authority) > 0 && authority[0] == '[' {
		if from = bytes.IndexByte(authority, ']'); from < 0 {
			return authority, nil
		}
	}
	colon := bytes.IndexByte(authority[from:], ':')
	if colon < 0 {
		return authority, nil
	}
	colon += from
	return authority[:colon], authority[colon+1:]
}

// sameAuthority reports whether a and b name the same host and port under
// scheme, "http" or "https": hosts without case, the default port being the
// same as none.
func sameAuthority(a, b, scheme []byte) bool {
	hostA, portA := cutPort(a)
	hostB, portB := cutPort(b)
	return bytes.EqualFold(hostA, hostB) && portNumber(portA, scheme) == portNumber(portB, scheme)
}

func portNumber(port, scheme []byte) int64 {
	if len(port) > 0 {
		n, _ := ParseUint(port)
		return n
	}
	if EqualFold(scheme, "https") {
		return 443
	}
	return 80
}
