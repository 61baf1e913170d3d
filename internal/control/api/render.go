package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// renderZone writes a zone with its origins.
func (s *server) renderZone(f *store.Full) contract.Zone {
	z := f.Zone
	edges, origins := s.publisher.Edges(), []contract.Origin{}
	for i := range f.Group.Origins {
		origins = append(origins, renderOrigin(f, &f.Group.Origins[i], edges))
	}
	out := contract.Zone{
		UUID: z.UUID, ID: z.ID, AccountUUID: z.Account, CreatedAt: z.CreatedAt, UpdatedAt: f.Newest.UpdatedAt, Revision: f.Newest.Revision,
		Name: z.Name, Hostnames: z.Hostnames, Active: z.Active,
		Status: statusOn(edges, f), Propagation: propagationOn(edges, f.Newest), Warnings: zoneWarnings(f), SystemHostname: s.systemHostname(z),
		Origin: renderZoneOrigin(&z.Origin),
		Cache:  renderCache(&z.Cache),
		Delivery: contract.ZoneDelivery{AllowedMethods: words[contract.AllowedMethod](z.Delivery.AllowedMethods),
			DotSegments: contract.DotSegments(z.Delivery.DotSegments), PlusAsSpace: z.Delivery.PlusAsSpace},
		Access:  contract.ZoneAccess{PublicAck: z.Access.PublicAck},
		Origins: &origins,
	}
	return out
}

func renderZoneOrigin(s *zone.OriginSettings) contract.ZoneOrigin {
	return contract.ZoneOrigin{
		ConnectTimeoutMs: int(s.ConnectTimeout.Milliseconds()), ReadTimeoutMs: int(s.ReadTimeout.Milliseconds()),
		AllowedPrefixes: orEmpty(s.AllowedPrefixes),
		ForwardQuery:    contract.ForwardQuery{Mode: contract.ForwardQueryMode(s.ForwardQuery.Mode), Names: orEmpty(s.ForwardQuery.Names)},
	}
}

func renderCache(c *zone.CacheSettings) contract.ZoneCache {
	out := contract.ZoneCache{
		Enabled: c.Enabled, DefaultTTL: valueOrNull(c.DefaultTTL), OverrideTTL: map[string]int64{}, MinTTL: c.MinTTL,
		MaxTTL: valueOrNull(c.MaxTTL), BrowserTTL: valueOrNull(c.BrowserTTL), NegativeTTL: c.NegativeTTL, Heuristic: c.Heuristic,
		StaleIfError: c.StaleIfError, StaleOn: words[contract.StaleCondition](c.StaleOn), StaleWhileRevalidate: c.StaleWhileRevalidate,
		Query:     contract.QueryKey{Mode: contract.QueryKeyMode(c.Query.Mode), Names: orEmpty(c.Query.Names), Sort: c.Query.Sorted()},
		Key:       contract.KeyParts{Scheme: c.Key.Scheme, Host: c.Key.Host, Headers: orEmpty(c.Key.Headers)},
		SetCookie: contract.SetCookie(c.SetCookie), Cookies: renderCookies(c.Cookies), Authorization: contract.ViewerAuthorization(c.Authorization),
		RequestDirectives: contract.RequestDirectives(c.RequestDirectives), TagHeaders: orEmpty(c.TagHeaders), Share: c.Share,
	}
	maps.Copy(out.OverrideTTL, c.OverrideTTL)
	return out
}

func renderCookies(p zone.CookiePolicy) nullable.Nullable[contract.Cookies] {
	var c contract.Cookies
	var err error
	switch p.Mode {
	case zone.CookiesAuto:
		return null[contract.Cookies]()
	case zone.CookiesKey:
		err = c.FromCookieKey(contract.CookieKey{Key: p.Names})
	default:
		err = c.FromCookieMode(contract.CookieMode(p.Mode))
	}
	if err != nil {
		panic("bug: write cache.cookies: " + err.Error())
	}
	return nullable.NewNullableWithValue(c)
}

// renderOrigin writes an origin of f, without any secret.
func (s *server) renderOrigin(f *store.Full, o *zone.Origin) contract.Origin {
	return renderOrigin(f, o, s.publisher.Edges())
}

func renderOrigin(f *store.Full, o *zone.Origin, edges []link.EdgeState) contract.Origin {
	meta := originMeta(f, o)
	out := contract.Origin{
		UUID: o.UUID, ID: o.ID, CreatedAt: meta.CreatedAt, UpdatedAt: meta.UpdatedAt,
		Propagation: propagationOn(edges, meta), Warnings: originWarnings(f, o),
		Name: o.Name, URL: o.URL, Provider: o.Provider,
		HostHeader: orNull(o.HostHeader), HostHeaderEffective: o.EffectiveHost(), BasePath: o.BasePath, Enabled: o.Enabled,
		S3AuthEnabled: o.Auth != zone.AuthNone, AuthType: contract.AuthType(o.Auth),
		S3Bucket: o.Bucket, S3Addressing: contract.Addressing(o.Addressing), S3AddressingEffective: contract.OriginS3AddressingEffective(o.EffectiveAddressing()),
		S3AccessKey: null[string](), S3Region: o.Region, S3RegionEffective: o.EffectiveRegion(), S3Service: o.Service,
		S3PayloadHash: contract.PayloadHash(o.PayloadHash), TLSVerify: o.TLSVerify, CaPem: orNull(o.CAPEM), MaxConnections: o.MaxConnections,
		LastCheck: null[map[string]any](),
	}
	if c := f.Credentials[o.Credential]; c != nil {
		out.S3AccessKey = orNull(c.AccessKey)
		out.S3SecretSet, out.S3SessionTokenSet = len(c.Secret) > 0, len(c.Token) > 0
		out.CredentialsVersion = c.Version
	}
	return out
}

// originMeta tells when and by whom an origin or its credential was last
// written.
func originMeta(f *store.Full, o *zone.Origin) store.Meta {
	m := f.Group.OriginMeta[o.UUID]
	m.Revision = f.Group.Meta.Revision
	if c := f.Credentials[o.Credential]; c != nil {
		m.Revision = max(m.Revision, c.Meta.Revision)
		if c.UpdatedAt.After(m.UpdatedAt) {
			m.UpdatedAt, m.UpdatedBy = c.UpdatedAt, c.UpdatedBy
		}
	}
	return m
}

// newest returns the Meta of what was written last of f.
func newest(f *store.Full) store.Meta {
	m := f.Zone.Meta
	for _, other := range append(metas(f.Credentials), f.Group.Meta) {
		if other.Revision > m.Revision {
			m = other
		}
	}
	return m
}

func metas(credentials map[string]*store.Credential) []store.Meta {
	var out []store.Meta
	for _, c := range credentials {
		out = append(out, c.Meta)
	}
	return out
}

// etag is the strong validator of what a revision wrote last (RFC 9110,
// 8.8.3).
func etag(revision int64) string { return strconv.Quote(strconv.FormatInt(revision, 10)) }

func originETag(f *store.Full, o *zone.Origin) string { return etag(originMeta(f, o).Revision) }

func (s *server) status(f *store.Full) contract.ZoneStatus {
	return statusOn(s.publisher.Edges(), f)
}

func statusOn(edges []link.EdgeState, f *store.Full) contract.ZoneStatus {
	switch {
	case !f.Zone.Active:
		return contract.ZoneStatusSuspended
	case !propagationOn(edges, f.Newest).Complete:
		return contract.ZoneStatusProcessing
	}
	return contract.ZoneStatusActive
}

func (s *server) systemHostname(z *store.Zone) nullable.Nullable[string] {
	if s.baseDomain == "" {
		return null[string]()
	}
	return nullable.NewNullableWithValue(fmt.Sprintf("%d.%s", z.ID, s.baseDomain))
}

func orNull(s string) nullable.Nullable[string] {
	if s == "" {
		return null[string]()
	}
	return nullable.NewNullableWithValue(s)
}

func valueOrNull[T any](v *T) nullable.Nullable[T] {
	if v == nil {
		return null[T]()
	}
	return nullable.NewNullableWithValue(*v)
}

// words makes a list of an enumeration.
func words[E ~string](list []string) []E {
	out := make([]E, len(list))
	for i, s := range list {
		out[i] = E(s)
	}
	return out
}

func timeOrNull(t time.Time) nullable.Nullable[time.Time] {
	if t.IsZero() {
		return null[time.Time]()
	}
	return nullable.NewNullableWithValue(t)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func warning(code catalog.API, at string) contract.Warning {
	row := code.Row()
	return contract.Warning{Code: row.Code, Message: row.Meaning + " " + row.Fix, Field: at + row.Field}
}

// zoneWarnings says what is legal and probably not meant.
func zoneWarnings(f *store.Full) []contract.Warning {
	out := []contract.Warning{}
	enabled, signed, open := false, false, false
	for i := range f.Group.Origins {
		o := &f.Group.Origins[i]
		if !o.Enabled {
			continue
		}
		enabled = true
		signed = signed || o.Auth != zone.AuthNone
		e, err := o.Resolve()
		open = open || err == nil && o.Auth != zone.AuthNone && o.Bucket == "" && e.HostBucket == "" && o.BasePath == ""
	}
	if !enabled {
		out = append(out, warning(catalog.APINoOrigin, ""))
	}
	if signed && !f.Zone.Access.PublicAck {
		out = append(out, warning(catalog.APIPrivateBucketPublicCache, ""))
	}
	if open && len(f.Zone.Origin.AllowedPrefixes) == 0 {
		out = append(out, warning(catalog.APIBucketInURLUnrestricted, ""))
	}
	for i := range f.Group.Origins {
		for _, w := range originWarnings(f, &f.Group.Origins[i]) {
			w.Field = "origins." + strconv.Itoa(i) + "." + w.Field
			out = append(out, w)
		}
	}
	return out
}

// originWarnings says of an enabled origin what is legal and probably not
// meant.
func originWarnings(f *store.Full, o *zone.Origin) []contract.Warning {
	out := []contract.Warning{}
	e, err := o.Resolve()
	if !o.Enabled || err != nil {
		return out
	}
	signed := o.Auth != zone.AuthNone
	if c := f.Credentials[o.Credential]; signed && (c == nil || c.AccessKey == "" || len(c.Secret) == 0) {
		out = append(out, warning(catalog.APISecretMissing, ""))
	}
	if bucket := cmp.Or(o.Bucket, e.HostBucket); bucket != "" && strings.HasPrefix(o.BasePath+"/", "/"+bucket+"/") {
		out = append(out, warning(catalog.APIBucketTwice, ""))
	}
	if e.Scheme == "http" && !nearby(e.DialHost) {
		out = append(out, warning(catalog.APIHTTPOnly, ""))
	}
	if e.Scheme == "https" && !o.TLSVerify {
		out = append(out, warning(catalog.APITLSNotVerified, ""))
	}
	return out
}

// nearby reports whether a host is on the operator's own network as far as its
// name tells, where plain HTTP is usual.
func nearby(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsPrivate() || a.IsLoopback()) || err != nil && !strings.Contains(host, ".") ||
		strings.HasSuffix(host, ".localhost")
}

// changedReadOnly returns a fault for each read-only field that a body sends
// with another value than the object has. Object is nil for a new one, which
// has none.
func (c *call) changedReadOnly(object any) []fault {
	if c.body == nil || len(c.body.readOnly) == 0 {
		return nil
	}
	now := map[string]any{}
	if object != nil {
		raw, err := json.Marshal(object)
		if err == nil {
			err = json.Unmarshal(raw, &now)
		}
		if err != nil {
			panic("bug: read what was rendered: " + err.Error())
		}
	}
	var faults []fault
	for field, sent := range c.body.readOnly {
		if sent == nil && now[field] == nil || reflect.DeepEqual(stable(field, sent), stable(field, now[field])) && now[field] != nil {
			continue
		}
		faults = append(faults, fault{field: field, code: catalog.APIReadOnly, message: "is read-only and has another value"})
	}
	return faults
}

// stable takes out of a value what Cistern itself changes all the time: a
// client that sends back what it read a second ago changes nothing.
func stable(field string, v any) any {
	switch field {
	case "propagation", "warnings":
		return "moves"
	case "status":
		if v == string(contract.ZoneStatusProcessing) {
			return string(contract.ZoneStatusActive)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, sub := range v {
			out[name] = stable(name, sub)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = stable("", out[i])
		}
		return out
	}
	return v
}

// fromZone takes over a fault of package zone.
func fromZone(f zone.Fault) fault {
	return fault{field: f.Field, code: f.Code, message: f.Message, hint: f.Hint}
}

// merged appends those of more that are not about a field that faults speak of
// already: a value of the wrong type was taken out, and would seem missing.
func merged(faults, more []fault) []fault {
	for _, m := range more {
		if !slices.ContainsFunc(faults, func(f fault) bool { return related(f.field, m.field) }) {
			faults = append(faults, m)
		}
	}
	return faults
}

func related(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}
