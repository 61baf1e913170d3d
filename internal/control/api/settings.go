package api

import (
	"maps"
	"slices"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// merge sets dst from a field of a PATCH: absent keeps, null is the default,
// a value sets (RFC 7396).
func merge[T any](dst *T, field nullable.Nullable[T], def T) {
	switch {
	case !field.IsSpecified():
	case field.IsNull():
		*dst = def
	default:
		*dst = field.MustGet()
	}
}

// mergeAs is merge for a field whose type is another one than that of dst.
func mergeAs[F, T any](dst *T, field nullable.Nullable[F], def T, convert func(F) T) {
	switch {
	case !field.IsSpecified():
	case field.IsNull():
		*dst = def
	default:
		*dst = convert(field.MustGet())
	}
}

// under returns the object in a field whose absence keeps every field of the
// object. Null sets every field to null.
func under[T any](field nullable.Nullable[T], null T) T {
	switch {
	case !field.IsSpecified():
		var keep T
		return keep
	case field.IsNull():
		return null
	}
	return field.MustGet()
}

// null is a field that says null.
func null[T any]() nullable.Nullable[T] { return nullable.NewNullNullable[T]() }

// text converts an enumeration.
func text[E ~string](e E) string { return string(e) }

// texts converts a list of an enumeration.
func texts[E ~string](list []E) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = string(e)
	}
	return out
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// mergeZone changes z as a body says, and brings it into the form that is
// stored.
func mergeZone(z *zone.Zone, p contract.ZonePatch) {
	def := zone.Default()
	merge(&z.Hostnames, p.Hostnames, nil)
	z.Hostnames = slices.Clone(z.Hostnames)
	merge(&z.Name, p.Name, "")
	merge(&z.Active, p.Active, def.Active)

	mergeZoneOrigin(&z.Origin, def.Origin, under(p.Origin, contract.ZoneOriginPatch{ConnectTimeoutMs: null[int](),
		ReadTimeoutMs: null[int](), AllowedPrefixes: null[[]string](), ForwardQuery: null[contract.ForwardQueryPatch]()}))
	mergeCache(&z.Cache, def.Cache, under(p.Cache, nullCache()))

	delivery := under(p.Delivery, contract.ZoneDeliveryPatch{AllowedMethods: null[[]contract.AllowedMethod](),
		DotSegments: null[contract.DotSegments](), PlusAsSpace: null[bool]()})
	mergeAs(&z.Delivery.AllowedMethods, delivery.AllowedMethods, def.Delivery.AllowedMethods, texts)
	mergeAs(&z.Delivery.DotSegments, delivery.DotSegments, def.Delivery.DotSegments, text)
	merge(&z.Delivery.PlusAsSpace, delivery.PlusAsSpace, def.Delivery.PlusAsSpace)

	access := under(p.Access, contract.ZoneAccessPatch{PublicAck: null[bool]()})
	merge(&z.Access.PublicAck, access.PublicAck, def.Access.PublicAck)

	z.Canonicalize()
}

// mergeZoneOrigin changes s as a body says.
func mergeZoneOrigin(s *zone.OriginSettings, def zone.OriginSettings, p contract.ZoneOriginPatch) {
	mergeAs(&s.ConnectTimeout, p.ConnectTimeoutMs, def.ConnectTimeout, milliseconds)
	mergeAs(&s.ReadTimeout, p.ReadTimeoutMs, def.ReadTimeout, milliseconds)
	merge(&s.AllowedPrefixes, p.AllowedPrefixes, nil)
	if len(s.AllowedPrefixes) == 0 {
		s.AllowedPrefixes = nil
	}
	q := under(p.ForwardQuery, contract.ForwardQueryPatch{Mode: null[contract.ForwardQueryMode](), Names: null[[]string]()})
	mergeAs(&s.ForwardQuery.Mode, q.Mode, def.ForwardQuery.Mode, text)
	mergeNames(&s.ForwardQuery.Names, q.Names, q.Mode.IsSpecified() && s.ForwardQuery.Mode != zone.QueryListed)
}

// nullCache is a body that sets every cache setting to its default.
func nullCache() contract.ZoneCachePatch {
	return contract.ZoneCachePatch{
		Enabled: null[bool](), DefaultTTL: null[int64](), OverrideTTL: null[map[string]*int64](), MinTTL: null[int64](), MaxTTL: null[int64](),
		BrowserTTL: null[int64](), NegativeTTL: null[int64](), Heuristic: null[bool](), StaleIfError: null[int64](),
		StaleOn: null[[]contract.StaleCondition](), StaleWhileRevalidate: null[int64](), Query: null[contract.QueryKeyPatch](),
		Key: null[contract.KeyPartsPatch](), SetCookie: null[contract.SetCookie](), Cookies: null[contract.Cookies](),
		Authorization: null[contract.ViewerAuthorization](), RequestDirectives: null[contract.RequestDirectives](),
		TagHeaders: null[[]string](), Share: null[int](),
	}
}

// mergeCache changes c as a body says.
func mergeCache(c *zone.CacheSettings, def zone.CacheSettings, p contract.ZoneCachePatch) {
	some := func(n int64) *int64 { return &n }
	merge(&c.Enabled, p.Enabled, def.Enabled)
	mergeAs(&c.DefaultTTL, p.DefaultTTL, nil, some)
	mergeAs(&c.OverrideTTL, p.OverrideTTL, nil, func(m map[string]*int64) map[string]int64 { return mergedTTLs(c.OverrideTTL, m) })
	merge(&c.MinTTL, p.MinTTL, def.MinTTL)
	mergeAs(&c.MaxTTL, p.MaxTTL, nil, some)
	mergeAs(&c.BrowserTTL, p.BrowserTTL, nil, some)
	merge(&c.NegativeTTL, p.NegativeTTL, def.NegativeTTL)
	merge(&c.Heuristic, p.Heuristic, def.Heuristic)
	merge(&c.StaleIfError, p.StaleIfError, def.StaleIfError)
	mergeAs(&c.StaleOn, p.StaleOn, def.StaleOn, texts)
	merge(&c.StaleWhileRevalidate, p.StaleWhileRevalidate, def.StaleWhileRevalidate)

	q := under(p.Query, contract.QueryKeyPatch{Mode: null[contract.QueryKeyMode](), Names: null[[]string](), Sort: null[bool]()})
	mergeAs(&c.Query.Mode, q.Mode, def.Query.Mode, text)
	mergeNames(&c.Query.Names, q.Names, q.Mode.IsSpecified() && c.Query.Mode != zone.QueryOnly && c.Query.Mode != zone.QueryExcept)
	mergeAs(&c.Query.Sort, q.Sort, nil, func(on bool) *bool { return &on })

	k := under(p.Key, contract.KeyPartsPatch{Scheme: null[bool](), Host: null[bool](), Headers: null[[]string]()})
	merge(&c.Key.Scheme, k.Scheme, false)
	merge(&c.Key.Host, k.Host, false)
	mergeNames(&c.Key.Headers, k.Headers, false)

	mergeAs(&c.SetCookie, p.SetCookie, def.SetCookie, text)
	mergeAs(&c.Cookies, p.Cookies, def.Cookies, cookiePolicy)
	mergeAs(&c.Authorization, p.Authorization, def.Authorization, text)
	mergeAs(&c.RequestDirectives, p.RequestDirectives, def.RequestDirectives, text)
	merge(&c.TagHeaders, p.TagHeaders, def.TagHeaders)
	merge(&c.Share, p.Share, def.Share)
}

// mergeNames is merge for a list of names. With idle, the names that were set
// before belong to another mode: they go unless the body gives some.
func mergeNames(dst *[]string, field nullable.Nullable[[]string], idle bool) {
	if merge(dst, field, nil); idle && !field.IsSpecified() || len(*dst) == 0 {
		*dst = nil
	}
}

// mergedTTLs sets in ttls what changes has, and takes out what is nil there
// (RFC 7396). It returns nil if nothing is left.
func mergedTTLs(ttls map[string]int64, changes map[string]*int64) map[string]int64 {
	out := map[string]int64{}
	maps.Copy(out, ttls)
	for status, n := range changes {
		if delete(out, status); n != nil {
			out[status] = *n
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// cookiePolicy reads one of the two forms, which the check of the body has
// told to be well-formed.
func cookiePolicy(c contract.Cookies) zone.CookiePolicy {
	if names, err := c.AsCookieKey(); err == nil {
		return zone.CookiePolicy{Mode: zone.CookiesKey, Names: names.Key}
	}
	mode, err := c.AsCookieMode()
	if err != nil {
		panic("bug: read cache.cookies: " + err.Error())
	}
	return zone.CookiePolicy{Mode: string(mode)}
}

// mergeOrigin changes o as a body says, and brings it into the form that is
// stored. Key and secrets are not part of it: see mergeCredential.
func mergeOrigin(o *zone.Origin, p contract.OriginPatch) []fault {
	def, was := zone.DefaultOrigin(), *o
	merge(&o.URL, p.URL, "")
	merge(&o.HostHeader, p.HostHeader, "")
	merge(&o.BasePath, p.BasePath, "")
	merge(&o.Enabled, p.Enabled, def.Enabled)
	merge(&o.Bucket, p.S3Bucket, "")
	mergeAs(&o.Addressing, p.S3Addressing, def.Addressing, text)
	merge(&o.Region, p.S3Region, "")
	merge(&o.Service, p.S3Service, def.Service)
	mergeAs(&o.PayloadHash, p.S3PayloadHash, def.PayloadHash, text)
	merge(&o.TLSVerify, p.TLSVerify, def.TLSVerify)
	merge(&o.CAPEM, p.CaPem, "")
	merge(&o.MaxConnections, p.MaxConnections, def.MaxConnections)

	// A name and a provider that followed from the URL follow the new one.
	derived := zone.Origin{URL: was.URL}
	derived.Canonicalize()
	if was.Name == derived.Name {
		o.Name = ""
	}
	if was.Provider == derived.Provider {
		o.Provider = ""
	}
	merge(&o.Name, p.Name, "")
	merge(&o.Provider, p.Provider, "")
	o.Canonicalize()
	return mergeAuth(o, p)
}

// mergeAuth settles the kind of signature, which two fields speak of. It needs
// the provider.
func mergeAuth(o *zone.Origin, p contract.OriginPatch) []fault {
	on, onErr := p.S3AuthEnabled.Get()
	kind, kindErr := p.AuthType.Get()
	switch {
	case onErr == nil && kindErr == nil:
		if on == (kind == zone.AuthNone) {
			return []fault{{field: "s3_auth_enabled", code: catalog.APIExclusive,
				message: "contradicts auth_type " + string(kind), hint: "Send one of the two."}}
		}
		o.Auth = string(kind)
	case kindErr == nil:
		o.Auth = string(kind)
	case onErr == nil && on && o.Auth == zone.AuthNone:
		row, _ := zone.ProviderByID(o.Provider, hostOf(o.URL))
		if row.Auth == zone.AuthNone {
			return []fault{{field: "s3_auth_enabled", code: catalog.APIExclusive,
				message: "must be false: provider " + row.ID + " takes no signatures", hint: "Choose another provider, such as custom."}}
		}
		if row.ID != "" { // an unknown provider is reported as such
			o.Auth = row.Auth
		}
	case onErr == nil && !on, p.S3AuthEnabled.IsNull(), p.AuthType.IsNull():
		o.Auth = zone.AuthNone
	}
	return nil
}
