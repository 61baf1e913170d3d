package httpcache

import (
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// targets is the target list of this cache, most specific first (RFC 9213,
// 2.2).
var targets = [...]string{"Cistern-CDN-Cache-Control", "CDN-Cache-Control"}

// Withheld reports whether a response field speaks to this cache only, so that
// viewers do not get it: Cistern-CDN-Cache-Control and Surrogate-Control.
// CDN-Cache-Control is for other CDNs on the way too and is passed on.
func Withheld(name []byte) bool {
	return httpmsg.EqualFold(name, targets[0]) || httpmsg.EqualFold(name, "Surrogate-Control")
}

// readTargeted reads a targeted field. It returns false if the field does not
// count: it is absent, empty, no dictionary, or has a directive with a value
// of the wrong type, each of which makes the whole field as if absent (RFC
// 9213, 2.1).
func (c *control) readTargeted(fields httpmsg.Fields, name string) bool {
	if fields.Get(name) == nil {
		return false
	}
	members, err := cdnfield.ParseDictionary(fields.AppendJoined(nil, name))
	if err != nil || len(members) == 0 {
		return false
	}
	c.targeted = true
	for i := range members {
		if !c.applyMember(&members[i]) {
			return false
		}
	}
	return true
}

// applyMember adds one member; it returns false if the value is of the wrong
// type. Unknown members are ignored.
func (c *control) applyMember(m *cdnfield.Member) bool {
	switch m.Key {
	case "max-age":
		return c.maxAge.addInteger(m)
	case "s-maxage":
		return c.sharedAge.addInteger(m)
	case "stale-while-revalidate":
		return c.staleWhile.addInteger(m)
	case "stale-if-error":
		return c.staleIfError.addInteger(m)
	case "no-store":
		c.noStore = true
		return m.True()
	case "private":
		c.private = true
		return m.True()
	case "public":
		c.public = true
		return m.True()
	case "must-revalidate":
		c.mustRevalidate = true
		return m.True()
	case "no-cache":
		if m.Kind == cdnfield.KindString {
			c.noCache = !c.exclude(directive{arg: []byte(m.Text), form: quoted})
			return true
		}
		c.noCache = true
		return m.True()
	case "proxy-revalidate":
		c.proxyRevalidate = m.True()
	case "must-understand":
		c.mustUnderstand = m.True()
	case "immutable":
		c.immutable = m.True()
	}
	return true
}

func (d *delta) addInteger(m *cdnfield.Member) bool {
	if m.Kind != cdnfield.KindInteger {
		return false
	}
	d.n, d.set, d.bad = min(m.Int, MaxDelta), true, m.Int < 0
	return true
}
