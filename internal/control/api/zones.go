package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// ListZones answers GET /cdn/zones.
func (s *server) ListZones(ctx context.Context, r contract.ListZonesRequestObject) (contract.ListZonesResponseObject, error) {
	p := r.Params
	q := query[*fullZone]{name: "zones", limit: p.Limit, cursor: p.Cursor}
	q.sortBy(wordOr(p.Sort, "created_at"), map[string]func(*fullZone) string{
		"id":         func(z *fullZone) string { return number(z.Zone.ID) },
		"name":       func(z *fullZone) string { return z.Zone.Name },
		"created_at": func(z *fullZone) string { return moment(z.Zone.CreatedAt) },
		"updated_at": func(z *fullZone) string { return moment(z.full.Newest.UpdatedAt) },
	})
	if p.Q != nil {
		part := strings.ToLower(*p.Q)
		q.filter("q", part, func(z *fullZone) bool {
			return strings.Contains(strings.ToLower(z.Zone.Name+"\n"+strings.Join(z.Hostnames, "\n")), part)
		})
	}
	if p.Hostname != nil {
		name, err := zone.CanonicalHostname(*p.Hostname)
		if err != nil {
			return nil, badParameter("hostname", "must be a hostname")
		}
		q.filter("hostname", name, func(z *fullZone) bool { return slices.Contains(z.Hostnames, name) })
	}
	if p.Status != nil {
		q.filter("status", string(*p.Status), func(z *fullZone) bool { return string(s.status(&z.full)) == string(*p.Status) })
	}
	all, err := s.zones(ctx)
	if err != nil {
		return nil, err
	}
	page, next, total, err := q.page(all)
	if err != nil {
		return nil, err
	}
	out := contract.ZoneList{Items: []contract.Zone{}, NextCursor: next, Total: total}
	for _, z := range page {
		rendered := s.renderZone(&z.full)
		rendered.Origins = nil
		out.Items = append(out.Items, rendered)
	}
	return contract.ListZones200JSONResponse(out), nil
}

// A fullZone is a zone as an element of a list.
type fullZone struct {
	*store.Zone
	full store.Full
}

// zones returns all zones of the caller's account.
func (s *server) zones(ctx context.Context) ([]*fullZone, error) {
	var out []*fullZone
	err := s.store.View(ctx, func(r *store.Reader) error {
		out = nil
		zones, err := r.Zones()
		if err != nil {
			return err
		}
		for _, z := range zones {
			if z.Account != callOf(ctx).account() {
				continue
			}
			f, err := r.Full(z.UUID)
			if err != nil {
				return err
			}
			out = append(out, &fullZone{z, *f})
		}
		return nil
	})
	return out, err
}

// GetZone answers GET /cdn/zones/{uuid}.
func (s *server) GetZone(ctx context.Context, r contract.GetZoneRequestObject) (contract.GetZoneResponseObject, error) {
	f, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	return contract.GetZone200JSONResponse{Body: s.renderZone(f),
		Headers: contract.GetZone200ResponseHeaders{ETag: etag(f.Newest.Revision)}}, nil
}

// CreateZone answers POST /cdn/zones.
func (s *server) CreateZone(ctx context.Context, r contract.CreateZoneRequestObject) (contract.CreateZoneResponseObject, error) {
	body := *r.Body
	origins := under(body.Origins, nil)
	var early []fault
	for i, o := range origins {
		faults, err := s.lookUp(ctx, "", contract.OriginPatch(o))
		if err != nil {
			return nil, err
		}
		early = append(early, below(i, faults)...)
	}
	var f *store.Full
	revision, err := s.store.Update(ctx, callOf(ctx).name(), func(tx *store.Tx) error {
		account := callOf(ctx).account()
		if err := s.roomForZone(tx, account); err != nil {
			return err
		}
		z := &store.Zone{Zone: zone.Default()}
		z.UUID, z.Account, z.Group = store.NewUUID(), account, store.NewUUID()
		mergeZone(&z.Zone, contract.ZonePatch{Name: body.Name, Hostnames: body.Hostnames, Active: body.Active,
			Origin: body.Origin, Cache: body.Cache, Delivery: body.Delivery, Access: body.Access})
		g := &store.Group{Group: zone.Group{UUID: z.Group, Account: account}, PrivateTo: z.UUID}
		f = &store.Full{Zone: z, Group: g, Credentials: map[string]*store.Credential{}}

		faults := slices.Concat(callOf(ctx).faults(), callOf(ctx).changedReadOnly(nil), early)
		faults = merged(faults, zoneFaults(&z.Zone))
		faults = merged(faults, s.systemNames(z, nil))
		edits := make([]*edit, len(origins))
		for i, o := range origins {
			e, more := newOrigin(contract.OriginPatch(o))
			edits[i], g.Origins = e, append(g.Origins, e.origin)
			faults = merged(faults, below(i, more))
		}
		for i, e := range edits {
			more, err := e.check(tx, g, i)
			if err != nil {
				return err
			}
			faults = merged(faults, below(i, more))
		}
		faults = merged(faults, ownHost(f))
		faults = merged(faults, conflicts(f))
		if len(faults) > 0 {
			return invalid(faults)
		}
		if err := tx.PutZone(z); err != nil {
			return err
		}
		return s.putOrigins(tx, f, edits...)
	})
	if taken, ok := errors.AsType[*store.TakenError](err); ok && taken.Kind == "name" && (!body.Name.IsSpecified() || body.Name.IsNull()) {
		p := takenProblem(taken)
		p.hint = "The name was taken from the first hostname. Give the zone one of its own."
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	s.settle(ctx, revision)
	f.Newest = newest(f)
	return contract.CreateZone201JSONResponse{Body: s.renderZone(f), Headers: contract.CreateZone201ResponseHeaders{
		ETag: etag(f.Newest.Revision), Location: "/cdn/zones/" + f.Zone.UUID}}, nil
}

// roomForZone returns an error if the account has all the zones it may have.
func (s *server) roomForZone(tx *store.Tx, account string) error {
	zones, err := tx.Zones()
	if err != nil {
		return err
	}
	n := 0
	for _, z := range zones {
		if z.Account == account {
			n++
		}
	}
	if n >= s.maxZones {
		return refuse(catalog.APILimitReached, "the account may have %d zones", s.maxZones)
	}
	return nil
}

// PatchZone answers PATCH /cdn/zones/{uuid}.
func (s *server) PatchZone(ctx context.Context, r contract.PatchZoneRequestObject) (contract.PatchZoneResponseObject, error) {
	body := r.JSONBody
	if body == nil {
		body = r.ApplicationMergePatchPlusJSONBody
	}
	f, err := s.change(ctx, r.UUID, func(tx *store.Tx, f *store.Full) error {
		if err := s.precondition(r.Params.IfMatch, etag(f.Newest.Revision), s.renderZone(f), f.Newest); err != nil {
			return err
		}
		faults := slices.Concat(callOf(ctx).faults(), callOf(ctx).changedReadOnly(s.renderZone(f)))
		before := f.Zone.Hostnames
		mergeZone(&f.Zone.Zone, *body)
		faults = merged(faults, zoneFaults(&f.Zone.Zone))
		faults = merged(faults, s.systemNames(f.Zone, before))
		if body.Hostnames.IsSpecified() {
			faults = merged(faults, ownHost(f))
		}
		faults = merged(faults, conflicts(f))
		if len(faults) > 0 {
			return invalid(faults)
		}
		return tx.PutZone(f.Zone)
	})
	if err != nil {
		return nil, err
	}
	return contract.PatchZone200JSONResponse{Body: s.renderZone(f),
		Headers: contract.PatchZone200ResponseHeaders{ETag: etag(f.Newest.Revision)}}, nil
}

// DeleteZone answers DELETE /cdn/zones/{uuid}.
func (s *server) DeleteZone(ctx context.Context, r contract.DeleteZoneRequestObject) (contract.DeleteZoneResponseObject, error) {
	_, err := s.change(ctx, r.UUID, func(tx *store.Tx, f *store.Full) error {
		if err := s.precondition(r.Params.IfMatch, etag(f.Newest.Revision), s.renderZone(f), f.Newest); err != nil {
			return err
		}
		return tx.DeleteZone(f.Zone.UUID)
	})
	if err != nil {
		return nil, err
	}
	return contract.DeleteZone204Response{}, nil
}

// zoneFaults returns what is wrong with z.
func zoneFaults(z *zone.Zone) []fault {
	var faults []fault
	for _, f := range z.Validate() {
		if f.Field == "name" && f.Code == catalog.APIRequired && len(z.Hostnames) == 0 {
			continue // it would be the first hostname
		}
		faults = append(faults, fromZone(f))
	}
	return faults
}

// systemNames reports hostnames that z did not have before and that have the
// form of a system hostname: they would take that of another zone.
func (s *server) systemNames(z *store.Zone, before []string) []fault {
	var faults []fault
	for i, name := range z.Hostnames {
		id, ok := strings.CutSuffix(name, "."+s.baseDomain)
		if s.baseDomain == "" || !ok || strings.Trim(id, "0123456789") != "" || slices.Contains(before, name) {
			continue
		}
		faults = append(faults, fault{field: "hostnames." + strconv.Itoa(i), code: catalog.APIBadFormat,
			message: fmt.Sprintf("must not be a number below %s: such names are the system hostnames of zones", s.baseDomain),
			hint:    "Choose a name with a letter in it. The zone is served under its own system hostname without being asked."})
	}
	return faults
}

// conflicts returns what in the zone does not go together with its origins.
func conflicts(f *store.Full) []fault {
	var faults []fault
	for _, c := range f.Zone.ValidateWith(&f.Group.Group) {
		faults = append(faults, fromZone(c))
	}
	return faults
}

// ownHost reports hostnames under which the zone's own origins are asked:
// requests would come back to the edge.
func ownHost(f *store.Full) []fault {
	var faults []fault
	for i := range f.Group.Origins {
		host := hostOf("//" + f.Group.Origins[i].EffectiveHost())
		if at := slices.Index(f.Zone.Hostnames, host); at >= 0 {
			faults = append(faults, fault{field: "hostnames." + strconv.Itoa(at), code: catalog.APIExclusive,
				message: fmt.Sprintf("is the Host that origin %s is asked with: requests would come back to the edge", f.Group.Origins[i].Name),
				hint:    "Name the bucket's own host in url or host_header of the origin."})
		}
	}
	return faults
}

// below puts faults of origin number i of a body where the body has it.
func below(i int, faults []fault) []fault {
	out := slices.Clone(faults)
	for j := range out {
		if out[j].field != "origins" {
			out[j].field = "origins." + strconv.Itoa(i) + "." + out[j].field
		}
	}
	return out
}
