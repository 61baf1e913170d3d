package httpcache

import (
	"strconv"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// AppendBrowserControl appends the Cache-Control that gives a viewer ttl more
// seconds of a response whose age is age, where a zone sets the lifetime in
// browsers: "max-age=…" with the age added, as browsers subtract the Age that
// they are told, and of the origin's directives public, immutable,
// no-transform and must-revalidate. A ttl of 0 gives "no-cache".
//
// The caller replaces all lines of Cache-Control by the value and removes
// Expires. ok is false if the origin's Cache-Control says no-store or private:
// then both stay as they are.
func AppendBrowserControl(dst []byte, fields httpmsg.Fields, ttl, age int64) (value []byte, ok bool) {
	kept := [...]struct {
		name string
		set  bool
	}{{name: "public"}, {name: "immutable"}, {name: "no-transform"}, {name: "must-revalidate"}}
	for i := range fields {
		if !httpmsg.EqualFold(fields[i].Name, "Cache-Control") {
			continue
		}
		for line := fields[i].Value; ; {
			d, rest, more := nextDirective(line)
			if !more {
				break
			}
			if httpmsg.EqualFold(d.name, "no-store") || httpmsg.EqualFold(d.name, "private") {
				return dst, false
			}
			for k := range kept {
				kept[k].set = kept[k].set || httpmsg.EqualFold(d.name, kept[k].name)
			}
			line = rest
		}
	}
	if ttl <= 0 {
		return append(dst, "no-cache"...), true
	}
	dst = append(dst, "max-age="...)
	dst = strconv.AppendInt(dst, min(ttl+age, MaxDelta), 10)
	for _, k := range kept {
		if k.set {
			dst = append(dst, ", "...)
			dst = append(dst, k.name...)
		}
	}
	return dst, true
}
