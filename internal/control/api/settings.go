package api

import (
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

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// mergeZone changes z as a body says, and brings it into the form that is
// stored.
func mergeZone(z *zone.Zone, p contract.ZonePatch) {
	def := zone.Default()
	merge(&z.Hostnames, p.Hostnames, nil)
	z.Hostnames = slices.Clone(z.Hostnames)
	merge(&z.Name, p.Name, "")
	merge(&z.Active, p.Active, def.Active)

	origin := under(p.Origin, contract.ZoneOriginPatch{ConnectTimeoutMs: null[int](), ReadTimeoutMs: null[int](), AllowedPrefixes: null[[]string]()})
	mergeAs(&z.Origin.ConnectTimeout, origin.ConnectTimeoutMs, def.Origin.ConnectTimeout, milliseconds)
	mergeAs(&z.Origin.ReadTimeout, origin.ReadTimeoutMs, def.Origin.ReadTimeout, milliseconds)
	merge(&z.Origin.AllowedPrefixes, origin.AllowedPrefixes, nil)
	if len(z.Origin.AllowedPrefixes) == 0 {
		z.Origin.AllowedPrefixes = nil
	}

	cache := under(p.Cache, contract.ZoneCachePatch{DefaultTTL: null[int64](), NegativeTTL: null[int64]()})
	mergeAs(&z.Cache.DefaultTTL, cache.DefaultTTL, nil, func(n int64) *int64 { return &n })
	merge(&z.Cache.NegativeTTL, cache.NegativeTTL, def.Cache.NegativeTTL)

	delivery := under(p.Delivery, contract.ZoneDeliveryPatch{DotSegments: null[contract.DotSegments](), PlusAsSpace: null[bool]()})
	mergeAs(&z.Delivery.DotSegments, delivery.DotSegments, def.Delivery.DotSegments, text)
	merge(&z.Delivery.PlusAsSpace, delivery.PlusAsSpace, def.Delivery.PlusAsSpace)

	access := under(p.Access, contract.ZoneAccessPatch{PublicAck: null[bool]()})
	merge(&z.Access.PublicAck, access.PublicAck, def.Access.PublicAck)

	z.Canonicalize()
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
