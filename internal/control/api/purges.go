package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"

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
	p := &store.Purge{Zone: r.UUID, All: under(r.Body.All, false)}
	faults := append(callOf(ctx).faults(), callOf(ctx).changedReadOnly(nil)...)
	urls := under(r.Body.Urls, nil)
	for i, u := range urls {
		target, message := purgeTarget(u, hostnames)
		if message != "" {
			faults = append(faults, fault{field: "urls." + strconv.Itoa(i), code: catalog.APIBadFormat, message: message})
		}
		p.URLs = append(p.URLs, target)
	}
	if p.All == (len(urls) > 0) {
		faults = merged(faults, []fault{{field: "urls", code: catalog.APIExclusive, message: "exactly one of urls and all must be given"}})
	}
	if len(faults) > 0 {
		return nil, invalid(faults)
	}
	if _, err := s.store.CreatePurge(ctx, callOf(ctx).name(), p); err != nil {
		return nil, orNotFound(err, "zone", r.UUID)
	}
	return contract.CreatePurge202JSONResponse{Body: renderPurge(p), Headers: contract.CreatePurge202ResponseHeaders{
		Location: "/cdn/zones/" + r.UUID + "/purges/" + p.UUID}}, nil
}

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
		Revision: p.Issued, All: p.All, Urls: orEmpty(p.URLs), EdgeResults: []contract.EdgeResult{},
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
