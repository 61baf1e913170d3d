package zone

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// ValidateWith returns what in the settings of z does not go together with
// the origins of g, its group, disabled ones included; nil if nothing. Fields
// are those of the zone, as in the API.
func (z *Zone) ValidateWith(g *Group) []Fault {
	var l list
	for i := range g.Origins {
		o := &g.Origins[i]
		for _, c := range z.conflicts(o) {
			if slices.ContainsFunc(l, func(f Fault) bool { return f.Field == c.setting }) {
				continue // one origin is reason enough
			}
			l = append(l, Fault{Field: c.setting, Code: catalog.APIExclusive,
				Message: fmt.Sprintf("must be %s: origin %s %s", c.want, o.Name, c.why), Hint: cmp.Or(c.hint, "Change the setting, or the origin.")})
		}
	}
	return l
}

// ValidateOrigin returns what in the settings of z speaks against origin o in
// its group; nil if nothing does. The field is one of the origin.
func (z *Zone) ValidateOrigin(o *Origin) []Fault {
	var l list
	for _, c := range z.conflicts(o) {
		l = append(l, Fault{Field: "auth_type", Code: catalog.APIExclusive,
			Message: fmt.Sprintf("does not go with %s of the zone, which would have to be %s: the origin %s", c.setting, c.want, c.why),
			Hint:    fmt.Sprintf("Change %s first.", c.setting)})
	}
	return l
}

// A conflict is a setting of a zone that an origin does not allow.
type conflict struct {
	setting string // field of the zone
	want    string // what it would have to be, after "must be"
	why     string // after the name of the origin
	hint    string // another way out; may be empty
}

func (z *Zone) conflicts(o *Origin) []conflict {
	if o.Auth == AuthNone {
		return z.conflictsPlain()
	}
	return z.conflictsSigned(o)
}

func (z *Zone) conflictsPlain() []conflict {
	var out []conflict
	if z.Cache.Authorization == AuthorizationIgnore {
		out = append(out, conflict{setting: "cache.authorization", want: AuthorizationRFC,
			why: "is not signed, so it may answer by what viewers are allowed"})
	}
	if q := &z.Cache.Query; z.Origin.ForwardQuery.Mode == QueryAuto && !q.covers(QueryAll, nil) {
		out = append(out, conflict{setting: "cache.query.mode", want: "auto or all",
			why:  "is not signed, so it gets the whole query, and what is sent must be in the key",
			hint: "Or forward less of it: origin.forward_query can be none, or listed."})
	}
	return out
}

func (z *Zone) conflictsSigned(o *Origin) []conflict {
	var out []conflict
	if slices.Contains(z.Delivery.AllowedMethods, AnyMethod) {
		out = append(out, conflict{setting: "delivery.allowed_methods", want: "GET and HEAD, perhaps with OPTIONS",
			why: "is signed, and nothing else is ever signed"})
	}
	if z.Cache.Cookies.Mode != CookiesAuto && z.Cache.Cookies.Mode != CookiesStrip {
		out = append(out, conflict{setting: "cache.cookies", want: "strip, or its default",
			why: "is signed, and a bucket never gets cookies"})
	}
	const reads = "is signed, and a bucket reads its query as commands"
	switch q := &z.Origin.ForwardQuery; q.Mode {
	case QueryAll:
		out = append(out, conflict{setting: "origin.forward_query.mode", want: "auto, none or listed", why: reads})
	case QueryListed:
		allowed := signedParameters(o)
		for i, name := range q.Names {
			if !slices.Contains(allowed, name) {
				out = append(out, conflict{setting: "origin.forward_query.names." + strconv.Itoa(i), want: strings.Join(allowed, " or "), why: reads})
			}
		}
	}
	return out
}

// signedParameters returns the only query parameters that are ever sent to a
// signed origin. Others can change what a bucket answers, or does.
func signedParameters(o *Origin) []string {
	row, _ := ProviderByID(o.Provider, "")
	return append([]string{"versionId"}, row.Query...)
}

// keyCovers reports parameters that are forwarded and not in the key, as far
// as that does not depend on the origins.
func (l *list) keyCovers(forward *ForwardQuery, key *QueryKey) {
	switch {
	case forward.Mode != QueryAll && (forward.Mode != QueryListed || len(forward.Names) == 0),
		key.covers(forward.Mode, forward.Names):
		return
	case forward.Mode == QueryAll:
		*l = append(*l, Fault{Field: "cache.query.mode", Code: catalog.APIExclusive,
			Message: "must be auto or all: the whole query is forwarded, and what is sent must be in the key",
			Hint:    "Or change origin.forward_query."})
		return
	}
	*l = append(*l, Fault{Field: "cache.query", Code: catalog.APIExclusive,
		Message: "must keep each of " + strings.Join(forward.Names, ", ") + ": they are forwarded, and what is sent must be in the key",
		Hint:    "Or change origin.forward_query."})
}

// covers reports whether what is forwarded by mode, QueryAll or QueryListed,
// is in the key.
func (q *QueryKey) covers(mode string, names []string) bool {
	switch q.Mode {
	case QueryNone:
		return false
	case QueryOnly:
		return mode == QueryListed && !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(q.Names, n) })
	case QueryExcept:
		return mode == QueryListed && !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(q.Names, n) })
	}
	return true // auto, all; others are reported for themselves
}
