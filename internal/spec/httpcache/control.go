package httpcache

import (
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A delta is the argument of a directive that takes seconds.
type delta struct {
	n   int64
	set bool // the directive is there
	bad bool // but not as one number: invalid, or repeated with another value
}

func (d *delta) add(dir directive) {
	n, ok := int64(0), false
	if dir.form == token || dir.form == quoted {
		n, ok = httpmsg.ParseDelta(dir.arg)
	}
	if !ok || d.set && n != d.n {
		d.bad = true
	}
	d.n, d.set = n, true
}

// value returns the number of seconds; a directive that is absent or invalid
// counts as 0.
func (d delta) value() int64 {
	if d.bad {
		return 0
	}
	return d.n
}

// A control is what the fields of a response say about caching it, read from
// the one field that decides for this cache.
type control struct {
	noStore, private, noCache       bool
	public, immutable               bool
	mustRevalidate, proxyRevalidate bool
	mustUnderstand                  bool
	maxAge, sharedAge               delta
	staleWhile, staleIfError        delta
	malformed                       bool // a quoted string does not end
	targeted                        bool // read from a targeted field

	// lists are the field names of no-cache="…" and private="…", which are
	// not stored.
	lists  [4][]byte
	nLists int
}

// readControl reads the field that decides alone: the first targeted field
// that is present, not empty and valid, else Cache-Control (RFC 9213, 2.2).
func readControl(fields httpmsg.Fields) control {
	for _, name := range targets {
		var c control
		if c.readTargeted(fields, name) {
			return c
		}
	}
	var c control
	for i := range fields {
		if httpmsg.EqualFold(fields[i].Name, "Cache-Control") {
			c.readLine(fields[i].Value)
		}
	}
	return c
}

// readLine reads one Cache-Control line. Lines are read one by one: a quoted
// string never reaches from one into the next.
func (c *control) readLine(line []byte) {
	for {
		d, rest, ok := nextDirective(line)
		if !ok {
			return
		}
		if d.form == open {
			c.malformed = true
		}
		c.apply(d)
		line = rest
	}
}

// apply adds one directive. Prohibitions count in whatever form they come;
// permissions only as they are defined. Unknown directives are ignored (RFC
// 9111, 5.2.3).
func (c *control) apply(d directive) {
	is := func(name string) bool { return httpmsg.EqualFold(d.name, name) }
	switch {
	case is("max-age"):
		c.maxAge.add(d)
	case is("s-maxage"):
		c.sharedAge.add(d)
	case is("stale-while-revalidate"):
		c.staleWhile.add(d)
	case is("stale-if-error"):
		c.staleIfError.add(d)
	case is("no-store"):
		c.noStore = true
	case is("private"):
		c.private = !c.exclude(d) || c.private
	case is("no-cache"):
		c.noCache = !c.exclude(d) || c.noCache
	case is("must-revalidate"):
		c.mustRevalidate = true
	case is("proxy-revalidate"):
		c.proxyRevalidate = true
	case is("must-understand"):
		c.mustUnderstand = true
	case is("immutable"): // RFC 8246, 2: an argument has no meaning
		c.immutable = true
	case is("public"):
		c.public = c.public || d.form == bare
	}
}

// exclude notes the field names of a no-cache or private directive. It
// returns false if the directive must count for the whole response: it has no
// list, or one that cannot be obeyed by leaving fields out.
func (c *control) exclude(d directive) bool {
	if d.form != token && d.form != quoted || c.nLists == len(c.lists) {
		return false
	}
	names := 0
	for list := d.arg; ; names++ {
		name, rest, ok := httpmsg.CutMember(list)
		if !ok {
			break
		}
		if !httpmsg.ValidName(name) || indispensable(name) {
			return false
		}
		list = rest
	}
	if names == 0 {
		return false
	}
	c.lists[c.nLists] = d.arg
	c.nLists++
	return true
}

// indispensable reports whether a stored response would mean something else
// without the field, or could no longer be judged.
func indispensable(name []byte) bool {
	for _, s := range [...]string{
		"Age", "Cache-Control", "Content-Encoding", "Content-Length",
		"Content-Range", "Content-Type", "Date", "ETag", "Expires",
		"Last-Modified", "Vary",
	} {
		if httpmsg.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// excludes reports whether a list of no-cache or private names the field.
func (c *control) excludes(name []byte) bool {
	for _, list := range c.lists[:c.nLists] {
		if listHas(list, name) {
			return true
		}
	}
	return false
}

// final reports whether the response must never be served stale (RFC 9111,
// 4.2.4).
func (c *control) final() bool {
	return c.mustRevalidate || c.proxyRevalidate || c.sharedAge.set || c.noCache
}

// surrogate reads Surrogate-Control, which may state a lifetime and forbid
// storing. An invalid lifetime is as if absent.
func surrogate(fields httpmsg.Fields) (lifetime int64, ok, noStore bool) {
	var age delta
	for i := range fields {
		if !httpmsg.EqualFold(fields[i].Name, "Surrogate-Control") {
			continue
		}
		for line := fields[i].Value; ; {
			d, rest, more := nextDirective(line)
			if !more {
				break
			}
			if httpmsg.EqualFold(d.name, "max-age") {
				age.add(d)
			}
			noStore = noStore || httpmsg.EqualFold(d.name, "no-store")
			line = rest
		}
	}
	return age.n, age.set && !age.bad, noStore
}

// RequestDirectives are the Cache-Control directives of a viewer (RFC 9111,
// 5.2.1). A zone may ignore all but OnlyIfCached.
type RequestDirectives struct {
	NoStore      bool
	NoCache      bool // also Pragma: no-cache, without Cache-Control
	NoTransform  bool
	OnlyIfCached bool
	MaxAge       int64 // -1: absent
	MinFresh     int64 // 0: absent
	MaxStale     int64 // 0: absent; MaxDelta: without argument
}

// ParseRequest reads the directives of a request. Arguments that are invalid
// are as if absent; of a repeated directive the strictest counts.
func ParseRequest(fields httpmsg.Fields) RequestDirectives {
	r := RequestDirectives{MaxAge: -1}
	stale, control, pragma := int64(-1), false, false
	for i := range fields {
		if httpmsg.EqualFold(fields[i].Name, "Pragma") {
			pragma = pragma || hasDirective(fields[i].Value, "no-cache")
			continue
		}
		if !httpmsg.EqualFold(fields[i].Name, "Cache-Control") {
			continue
		}
		control = true
		for line := fields[i].Value; ; {
			d, rest, ok := nextDirective(line)
			if !ok {
				break
			}
			r.apply(d, &stale)
			line = rest
		}
	}
	r.NoCache = r.NoCache || pragma && !control
	r.MaxStale = max(stale, 0)
	return r
}

func (r *RequestDirectives) apply(d directive, stale *int64) {
	is := func(name string) bool { return httpmsg.EqualFold(d.name, name) }
	n, ok := int64(0), false
	if d.form == token || d.form == quoted {
		n, ok = httpmsg.ParseDelta(d.arg)
	}
	switch {
	case is("no-store"):
		r.NoStore = true
	case is("no-cache"):
		r.NoCache = true
	case is("no-transform"):
		r.NoTransform = true
	case is("only-if-cached"):
		r.OnlyIfCached = true
	case is("max-age") && ok:
		if r.MaxAge < 0 || n < r.MaxAge {
			r.MaxAge = n
		}
	case is("min-fresh") && ok:
		r.MinFresh = max(r.MinFresh, n)
	case is("max-stale") && (ok || d.form == bare):
		if d.form == bare {
			n = MaxDelta
		}
		if *stale < 0 || n < *stale {
			*stale = n
		}
	}
}

func hasDirective(line []byte, name string) bool {
	for {
		d, rest, ok := nextDirective(line)
		if !ok {
			return false
		}
		if httpmsg.EqualFold(d.name, name) {
			return true
		}
		line = rest
	}
}

// Satisfies reports whether the response may answer a request with directives
// r at now without asking the origin, where the zone honours what viewers
// demand. A fresh immutable response satisfies a reload (RFC 8246, 2.1), and
// nothing satisfies against what the response itself forbids.
func (v *Verdict) Satisfies(r *RequestDirectives, now int64) bool {
	age, ttl := v.Age(now), v.TTL(now)
	switch {
	case !v.Storable || v.Validate:
		return false
	case ttl > 0 && v.Immutable:
		return ttl >= r.MinFresh
	case ttl <= 0 && (v.MustRevalidate || r.MaxStale == 0 || -ttl > r.MaxStale || r.MinFresh > 0):
		return false
	}
	return !r.NoCache && (ttl <= 0 || ttl >= r.MinFresh) && (r.MaxAge < 0 || age <= r.MaxAge)
}
