package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// ListOrigins answers GET /cdn/zones/{uuid}/origins.
func (s *server) ListOrigins(ctx context.Context, r contract.ListOriginsRequestObject) (contract.ListOriginsResponseObject, error) {
	f, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	q := query[originItem]{name: "origins/" + r.UUID, limit: r.Params.Limit, cursor: r.Params.Cursor}
	q.sortBy(wordOr(r.Params.Sort, "id"), map[string]func(originItem) string{
		"id":         func(o originItem) string { return number(o.origin.ID) },
		"name":       func(o originItem) string { return o.origin.Name },
		"created_at": func(o originItem) string { return moment(f.Group.OriginMeta[o.origin.UUID].CreatedAt) },
	})
	if r.Params.Q != nil {
		part := strings.ToLower(*r.Params.Q)
		q.filter("q", part, func(o originItem) bool {
			return strings.Contains(strings.ToLower(o.origin.Name+"\n"+o.origin.URL), part)
		})
	}
	var items []originItem
	for i := range f.Group.Origins {
		items = append(items, originItem{f.Group, &f.Group.Origins[i]})
	}
	page, next, total, err := q.page(items)
	if err != nil {
		return nil, err
	}
	out := contract.OriginList{Items: []contract.Origin{}, NextCursor: next, Total: total}
	for _, it := range page {
		out.Items = append(out.Items, s.renderOrigin(f, it.origin))
	}
	return contract.ListOrigins200JSONResponse{Body: out,
		Headers: contract.ListOrigins200ResponseHeaders{ETag: etag(f.Newest.Revision)}}, nil
}

// An originItem is an origin as an element of a list, which pages by UUID.
type originItem struct {
	store.Record
	origin *zone.Origin
}

// RecordUUID returns the UUID of the origin.
func (o originItem) RecordUUID() string { return o.origin.UUID }

// GetOrigin answers GET /cdn/zones/{uuid}/origins/{origin_uuid}.
func (s *server) GetOrigin(ctx context.Context, r contract.GetOriginRequestObject) (contract.GetOriginResponseObject, error) {
	f, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	o := f.Group.Origin(r.OriginUUID)
	if o == nil {
		return nil, notFound("origin", r.OriginUUID)
	}
	return contract.GetOrigin200JSONResponse{Body: s.renderOrigin(f, o),
		Headers: contract.GetOrigin200ResponseHeaders{ETag: originETag(f, o)}}, nil
}

// CreateOrigin answers POST /cdn/zones/{uuid}/origins.
func (s *server) CreateOrigin(ctx context.Context, r contract.CreateOriginRequestObject) (contract.CreateOriginResponseObject, error) {
	body := contract.OriginPatch(*r.Body)
	forbidden, err := s.lookUp(ctx, "", body)
	if err != nil {
		return nil, err
	}
	var made string
	f, err := s.change(ctx, r.UUID, func(tx *store.Tx, f *store.Full) error {
		faults := slices.Concat(callOf(ctx).faults(), callOf(ctx).changedReadOnly(nil), forbidden)
		e, more := newOrigin(body)
		made = e.origin.UUID
		faults = append(faults, more...)
		f.Group.Origins = append(f.Group.Origins, e.origin)
		more, err := e.check(tx, f.Group, len(f.Group.Origins)-1)
		if err != nil {
			return err
		}
		more = append(more, e.conflicts(f.Zone)...)
		if faults = merged(faults, more); len(faults) > 0 {
			return invalid(faults)
		}
		return s.putOrigins(tx, f, e)
	})
	if err != nil {
		return nil, err
	}
	o := f.Group.Origin(made)
	return contract.CreateOrigin201JSONResponse{Body: s.renderOrigin(f, o), Headers: contract.CreateOrigin201ResponseHeaders{
		ETag: originETag(f, o), Location: "/cdn/zones/" + f.Zone.UUID + "/origins/" + made}}, nil
}

// PatchOrigin answers PATCH /cdn/zones/{uuid}/origins/{origin_uuid}.
func (s *server) PatchOrigin(ctx context.Context, r contract.PatchOriginRequestObject) (contract.PatchOriginResponseObject, error) {
	body := r.JSONBody
	if body == nil {
		body = r.ApplicationMergePatchPlusJSONBody
	}
	before, err := s.read(ctx, r.UUID)
	if err != nil {
		return nil, err
	}
	was := before.Group.Origin(r.OriginUUID)
	if was == nil {
		return nil, notFound("origin", r.OriginUUID)
	}
	forbidden, err := s.lookUp(ctx, was.URL, *body)
	if err != nil {
		return nil, err
	}
	var secretKept bool
	f, err := s.change(ctx, r.UUID, func(tx *store.Tx, f *store.Full) error {
		o := f.Group.Origin(r.OriginUUID)
		if o == nil {
			return notFound("origin", r.OriginUUID)
		}
		if err := s.precondition(r.Params.IfMatch, originETag(f, o), s.renderOrigin(f, o), originMeta(f, o)); err != nil {
			return err
		}
		faults := slices.Concat(callOf(ctx).faults(), forbidden)
		faults = append(faults, callOf(ctx).changedReadOnly(s.renderOrigin(f, o))...)
		e, more := editOrigin(*o, f.Credentials[o.Credential], *body)
		faults = append(faults, more...)
		*o = e.origin
		more, err := e.check(tx, f.Group, slices.IndexFunc(f.Group.Origins, func(x zone.Origin) bool { return x.UUID == o.UUID }))
		if err != nil {
			return err
		}
		more = append(more, e.conflicts(f.Zone)...)
		if faults = merged(faults, more); len(faults) > 0 {
			return invalid(faults)
		}
		secretKept = e.secretKept()
		if e.contentChanged() {
			f.Group.Content++
		}
		return s.putOrigins(tx, f, e)
	})
	if err != nil {
		return nil, err
	}
	o := f.Group.Origin(r.OriginUUID)
	out := s.renderOrigin(f, o)
	if secretKept {
		out.Warnings = append(out.Warnings, warning(catalog.APIKeyChangedSecretKept, ""))
	}
	return contract.PatchOrigin200JSONResponse{Body: out,
		Headers: contract.PatchOrigin200ResponseHeaders{ETag: originETag(f, o)}}, nil
}

// DeleteOrigin answers DELETE /cdn/zones/{uuid}/origins/{origin_uuid}.
func (s *server) DeleteOrigin(ctx context.Context, r contract.DeleteOriginRequestObject) (contract.DeleteOriginResponseObject, error) {
	_, err := s.change(ctx, r.UUID, func(tx *store.Tx, f *store.Full) error {
		o := f.Group.Origin(r.OriginUUID)
		if o == nil {
			return notFound("origin", r.OriginUUID)
		}
		if err := s.precondition(r.Params.IfMatch, originETag(f, o), s.renderOrigin(f, o), originMeta(f, o)); err != nil {
			return err
		}
		f.Group.Origins = slices.DeleteFunc(f.Group.Origins, func(x zone.Origin) bool { return x.UUID == r.OriginUUID })
		return tx.PutGroup(f.Group)
	})
	if err != nil {
		return nil, err
	}
	return contract.DeleteOrigin204Response{}, nil
}

// An edit is an origin about to be written, with what it was.
type edit struct {
	was    *zone.Origin // nil: new
	origin zone.Origin
	key    credentialEdit

	keepCache bool
}

// newOrigin makes an origin as a body says. Faults are named as in an origin.
func newOrigin(p contract.OriginPatch) (*edit, []fault) {
	e := &edit{origin: zone.DefaultOrigin()}
	e.origin.UUID = store.NewUUID()
	faults := mergeOrigin(&e.origin, p)
	e.key = mergeCredential(nil, p)
	return e, faults
}

// editOrigin changes an origin and its credential, which may be nil, as a body
// says.
func editOrigin(o zone.Origin, c *store.Credential, p contract.OriginPatch) (*edit, []fault) {
	was := o
	e := &edit{was: &was, origin: o}
	merge(&e.keepCache, p.KeepCache, false)
	faults := mergeOrigin(&e.origin, p)
	e.key = mergeCredential(c, p)
	return e, faults
}

// check returns what is wrong with the edited origin, which is number i of its
// group, on its own and beside the others.
func (e *edit) check(tx *store.Tx, g *store.Group, i int) ([]fault, error) {
	at := "origins." + strconv.Itoa(i) + "."
	var faults []fault
	for _, f := range g.Validate() {
		field, mine := strings.CutPrefix(f.Field, at)
		switch {
		case mine:
			f.Field = field
		case f.Field == "origins":
		case e.was != nil && !e.was.Enabled && strings.HasSuffix(f.Field, ".enabled"):
			// The other origin is counted second, but this one is the cause.
			f.Field = "enabled"
		default:
			continue
		}
		faults = append(faults, fromZone(f))
	}
	faults = append(faults, e.key.check(e.origin.Auth != zone.AuthNone)...)
	more, err := e.loop(tx)
	return append(faults, more...), err
}

// conflicts returns what in its zone speaks against the edited origin.
func (e *edit) conflicts(z *store.Zone) []fault {
	var faults []fault
	for _, f := range z.ValidateOrigin(&e.origin) {
		faults = append(faults, fromZone(f))
	}
	return faults
}

// loop reports a Host that is a hostname of a zone: requests would come back
// to the edge.
func (e *edit) loop(tx *store.Tx) ([]fault, error) {
	now, err := e.origin.Resolve()
	if err != nil {
		return nil, nil // reported by Validate
	}
	if e.was != nil {
		if before, err := e.was.Resolve(); err == nil && before.HostHeader == now.HostHeader {
			return nil, nil
		}
	}
	host := hostOf("//" + now.HostHeader)
	holder, err := tx.HostHolder(host)
	if err != nil || holder == "" {
		return nil, err
	}
	field := "url"
	if e.origin.HostHeader != "" {
		field = "host_header"
	}
	return []fault{{field: field, code: catalog.APIExclusive, hint: "Name the bucket's own host.",
		message: fmt.Sprintf("sends Host %s, which is a hostname of a zone: requests would come back to the edge", host)}}, nil
}

// contentChanged reports whether what is stored of the origin must no longer
// be used.
func (e *edit) contentChanged() bool {
	if e.was == nil || e.keepCache {
		return false
	}
	before, _ := e.was.Resolve()
	now, _ := e.origin.Resolve()
	return !e.was.SameContent(&e.origin) || before.Virtual != now.Virtual || before.HostBucket != now.HostBucket
}

// secretKept reports whether the key was changed beside a secret that was not.
func (e *edit) secretKept() bool {
	return e.was != nil && e.origin.Auth != zone.AuthNone && e.key.keyChanged && e.key.keepsSecret()
}

// putOrigins writes the credentials of the edited origins, and then the group,
// which holds the origins.
func (s *server) putOrigins(tx *store.Tx, f *store.Full, edits ...*edit) error {
	for _, e := range edits {
		o := f.Group.Origin(e.origin.UUID)
		c, err := s.putCredential(tx, e, f.Zone.Account)
		if err != nil {
			return err
		}
		delete(f.Credentials, o.Credential)
		o.Credential = ""
		if c != nil {
			o.Credential = c.UUID
			f.Credentials[c.UUID] = c
		}
	}
	return tx.PutGroup(f.Group)
}

// lookUp returns the fault of a URL whose host already resolves to addresses
// that may not be fetched from. It asks the name servers, so it stands outside
// of transactions. A name that does not resolve is the edge's business.
func (s *server) lookUp(ctx context.Context, was string, p contract.OriginPatch) ([]fault, error) {
	given, err := p.URL.Get()
	if err != nil {
		return nil, nil
	}
	canonical, err := zone.CanonicalURL(given)
	if err != nil || canonical == was {
		return nil, nil
	}
	host := hostOf(canonical)
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else {
		ctx, cancel := context.WithTimeout(ctx, lookUpTime)
		defer cancel()
		addrs, _ = s.resolver.LookupNetIP(ctx, "ip", host)
	}
	var refused []*zone.AddressError
	for _, a := range addrs {
		e, ok := errors.AsType[*zone.AddressError](s.addresses.Check(a))
		if !ok {
			return nil, nil
		}
		refused = append(refused, e)
	}
	if len(refused) == 0 {
		return nil, nil
	}
	return []fault{prohibited(host, refused)}, nil
}

// prohibited says why a host may not be fetched from, given what is refused of
// its addresses: of these, one that the operator can allow.
func prohibited(host string, refused []*zone.AddressError) fault {
	e := refused[max(0, slices.IndexFunc(refused, func(e *zone.AddressError) bool { return e.Private }))]
	names := "resolves to"
	if e.Addr.String() == host {
		names = "names"
	}
	f := fault{field: "url", code: catalog.APIAddressProhibited,
		message: fmt.Sprintf("%s %s, a private address, and this installation does not fetch from it", names, e.Addr)}
	if !e.Private {
		f.message = fmt.Sprintf("%s %s, which is link-local, metadata of a cloud or no address of a host, and never fetched from", names, e.Addr)
		f.hint = "Use the endpoint of the bucket. No setting allows this address."
	}
	return f
}

// hostOf returns the host of a URL, without port and brackets, or "".
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
