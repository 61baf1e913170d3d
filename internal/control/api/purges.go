package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// CreatePurge answers POST /cdn/zones/{uuid}/purge.
func (s *server) CreatePurge(ctx context.Context, r contract.CreatePurgeRequestObject) (contract.CreatePurgeResponseObject, error) {
	f, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	hostnames := f.Zone.Hostnames
	if name, err := s.systemHostname(f.Zone).Get(); err == nil {
		hostnames = append(hostnames[:len(hostnames):len(hostnames)], name)
	}
	p := &store.Purge{Zone: r.UUID, All: under(r.Body.All, false), Soft: under(r.Body.Soft, false), DryRun: under(r.Body.DryRun, false)}
	faults := slices.Concat(callOf(ctx).faults(), callOf(ctx).changedReadOnly(nil))
	faults = append(faults, oneSelection(r.Body, faults)...)
	lines := func(field string, list nullable.Nullable[[]string], read func(string) (entry, message string)) (out []string) {
		for i, line := range under(list, nil) {
			entry, message := read(line)
			if message != "" {
				faults = append(faults, fault{field: field + "." + strconv.Itoa(i), code: catalog.APIBadFormat, message: message})
			}
			out = append(out, entry)
		}
		return out
	}
	p.URLs = lines("urls", r.Body.Urls, func(line string) (string, string) { return purgeTarget(line, hostnames) })
	p.Prefixes = lines("prefixes", r.Body.Prefixes, purgePrefix)
	p.Tags = lines("tags", r.Body.Tags, purgeTag)
	if len(faults) > 0 {
		return nil, invalid(faults)
	}
	if _, err := s.store.CreatePurge(ctx, callOf(ctx).name(), p); err != nil {
		return nil, orNotFound(err, "zone", r.UUID)
	}
	return contract.CreatePurge202JSONResponse{Body: renderPurge(p), Headers: contract.CreatePurge202ResponseHeaders{
		Location: "/cdn/zones/" + r.UUID + "/purges/" + p.UUID}}, nil
}

// oneSelection reports a body that does not say in exactly one way what to
// purge. A field with a fault was taken out, and still counts as given.
func oneSelection(p *contract.PurgeCreate, faults []fault) []fault {
	var given []string
	for _, part := range []struct {
		name string
		has  bool
	}{
		{"urls", len(under(p.Urls, nil)) > 0}, {"prefixes", len(under(p.Prefixes, nil)) > 0},
		{"tags", len(under(p.Tags, nil)) > 0}, {"all", under(p.All, false)},
	} {
		if part.has || slices.ContainsFunc(faults, func(f fault) bool { return related(f.field, part.name) }) {
			given = append(given, part.name)
		}
	}
	const rule = "exactly one of urls, prefixes, tags and all must be given"
	switch len(given) {
	case 0:
		return []fault{{field: "urls", code: catalog.APIExclusive, message: rule}}
	case 1:
		return nil
	}
	var out []fault
	for _, name := range given[1:] {
		out = append(out, fault{field: name, code: catalog.APIExclusive, message: "excludes " + given[0] + ": " + rule, hint: "Send one purge for each."})
	}
	return out
}

// purgePrefix returns the beginning of a path that a line of a purge names, as
// a viewer would send it, without the query and one final "*"; message says
// what is wrong with the line.
func purgePrefix(line string) (prefix, message string) {
	line, _, _ = strings.Cut(line, "?")
	line = strings.TrimSuffix(line, "*")
	switch {
	case !strings.HasPrefix(line, "/"):
		return "", `must begin with "/"`
	case strings.Contains(line, "*"):
		return "", `may hold "*" only as its last character; * in a key is written %2A`
	}
	return encodeTarget(line)
}

// purgeTag returns a tag as it is; message says what is wrong with it.
func purgeTag(tag string) (same, message string) {
	if len(tag) < 1 || len(tag) > maxTag || strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", "must be 1 to 128 visible ASCII characters, without blanks"
	}
	return tag, ""
}

// maxTag is the length of the longest tag that an object is stored with.
const maxTag = 128

// purgeTarget returns the request target that a line of a purge names, as a
// viewer would send it; message says what is wrong with the line.
func purgeTarget(line string, hostnames []string) (target, message string) {
	scheme, rest, full := strings.Cut(line, "://")
	switch {
	case strings.HasPrefix(line, "/"):
		rest = line
	case !full || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return "", `must begin with "/" or be a full URL`
	default:
		at := strings.IndexAny(rest, "/?#")
		if at < 0 {
			at = len(rest)
		}
		host, err := zone.CanonicalHostname(hostOf("//" + rest[:at]))
		if err != nil || !serves(hostnames, host) {
			return "", fmt.Sprintf("%q is no hostname of this zone", rest[:at])
		}
		if rest = rest[at:]; !strings.HasPrefix(rest, "/") {
			rest = "/" + rest
		}
	}
	return encodeTarget(rest)
}

// serves reports whether a zone with these hostnames answers for host.
func serves(hostnames []string, host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, h := range hostnames {
		if h == host || h == "*."+parent {
			return true
		}
	}
	return false
}

// encodeTarget escapes what people type and no viewer can send raw: blanks and
// letters beyond ASCII. Everything else stays as it is.
func encodeTarget(s string) (target, message string) {
	var b strings.Builder
	path := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '#':
			return "", "must hold no fragment; # in a key is written %23"
		case c < ' ' || c == 0x7f:
			return "", "must hold no control characters"
		case c == '%' && path && !escaped(s[i:]):
			return "", "holds % without two hexadecimal digits; % in a key is written %25"
		case c == ' ' || c > 0x7f:
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		case c == '?':
			path = false
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// escaped reports whether s begins with "%" and two hexadecimal digits.
func escaped(s string) bool {
	if len(s) < 3 {
		return false
	}
	_, err := strconv.ParseUint(s[1:3], 16, 8)
	return err == nil
}

// ListPurges answers GET /cdn/zones/{uuid}/purges.
func (s *server) ListPurges(ctx context.Context, r contract.ListPurgesRequestObject) (contract.ListPurgesResponseObject, error) {
	q := query[*store.Purge]{name: "purges/" + r.UUID, limit: r.Params.Limit, cursor: r.Params.Cursor}
	q.sortBy(wordOr(r.Params.Sort, "-created_at"), map[string]func(*store.Purge) string{
		"id":         func(p *store.Purge) string { return number(p.ID) },
		"created_at": func(p *store.Purge) string { return moment(p.CreatedAt) },
	})
	if r.Params.State != nil {
		q.filter("state", string(*r.Params.State), func(p *store.Purge) bool { return string(p.State) == string(*r.Params.State) })
	}
	out := contract.PurgeList{Items: []contract.Purge{}}
	err := s.store.View(ctx, func(rd *store.Reader) error {
		if _, err := own(ctx, rd, r.UUID); err != nil {
			return err
		}
		all, err := rd.Purges(r.UUID)
		if err != nil {
			return err
		}
		var page []*store.Purge
		if page, out.NextCursor, out.Total, err = q.page(all); err != nil {
			return err
		}
		out.Items = out.Items[:0]
		for _, p := range page {
			full, err := rd.Purge(r.UUID, p.UUID)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, renderPurge(full))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return contract.ListPurges200JSONResponse(out), nil
}

// GetPurge answers GET /cdn/zones/{uuid}/purges/{purge_uuid}.
func (s *server) GetPurge(ctx context.Context, r contract.GetPurgeRequestObject) (contract.GetPurgeResponseObject, error) {
	var p *store.Purge
	err := s.store.View(ctx, func(rd *store.Reader) error {
		if _, err := own(ctx, rd, r.UUID); err != nil {
			return err
		}
		var err error
		p, err = rd.Purge(r.UUID, r.PurgeUUID)
		return orNotFound(err, "purge", r.PurgeUUID)
	})
	if err != nil {
		return nil, err
	}
	return contract.GetPurge200JSONResponse(renderPurge(p)), nil
}

func renderPurge(p *store.Purge) contract.Purge {
	out := contract.Purge{
		UUID: p.UUID, ID: p.ID, Kind: contract.PurgeKindPurge, ZoneUUID: p.Zone, State: contract.JobState(p.State),
		CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy, StartedAt: timeOrNull(p.CreatedAt), FinishedAt: timeOrNull(p.FinishedAt),
		Revision: p.Issued, All: p.All, Urls: orEmpty(p.URLs), Prefixes: orEmpty(p.Prefixes), Tags: orEmpty(p.Tags),
		Soft: p.Soft, DryRun: p.DryRun, EdgeResults: []contract.EdgeResult{},
	}
	for _, e := range p.Edges {
		out.Edges.Total++
		if e.State == store.JobDone {
			out.Edges.Done++
		}
		out.EdgeResults = append(out.EdgeResults, contract.EdgeResult{EdgeUUID: e.EdgeUUID, Name: e.Name, State: contract.JobState(e.State),
			Objects: e.Objects, Bytes: e.Bytes, FinishedAt: timeOrNull(e.FinishedAt), Error: null[string]()})
	}
	return out
}
