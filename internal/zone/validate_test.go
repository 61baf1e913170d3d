package zone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// summary renders faults as "field code", which is what the API promises.
func summary(faults []Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.Field+" "+string(f.Code))
	}
	return out
}

func TestZoneValidate(t *testing.T) {
	ttl := func(n int64) *int64 { return &n }
	tests := []struct {
		name   string
		change func(*Zone)
		want   []string
	}{
		{name: "defaults", change: func(*Zone) {}},
		{name: "no hostnames", change: func(z *Zone) { z.Hostnames = nil }, want: []string{"hostnames required"}},
		{name: "too many hostnames", change: func(z *Zone) {
			for i := range 100 {
				z.Hostnames = append(z.Hostnames, fmt.Sprintf("h%d.example", i))
			}
		}, want: []string{"hostnames too_many"}},
		{name: "bad and twice", change: func(z *Zone) { z.Hostnames = []string{"a.example", "b:1", "a.example", ""} },
			want: []string{"hostnames.1 bad_format", "hostnames.2 duplicate", "hostnames.3 required"}},
		{name: "no name", change: func(z *Zone) { z.Name = "" }, want: []string{"name required"}},
		{name: "long name", change: func(z *Zone) { z.Name = strings.Repeat("ü", 256) }, want: []string{"name too_long"}},
		{name: "longest name", change: func(z *Zone) { z.Name = strings.Repeat("ü", 255) }},
		{name: "control in name", change: func(z *Zone) { z.Name = "a\nb" }, want: []string{"name bad_format"}},
		{name: "time-outs at their limits", change: func(z *Zone) {
			z.Origin.ConnectTimeout, z.Origin.ReadTimeout = 100*time.Millisecond, 300*time.Second
		}},
		{name: "time-outs beyond", change: func(z *Zone) {
			z.Origin.ConnectTimeout, z.Origin.ReadTimeout = 99*time.Millisecond, 300_001*time.Millisecond
		}, want: []string{"origin.connect_timeout_ms out_of_range", "origin.read_timeout_ms out_of_range"}},
		{name: "prefixes", change: func(z *Zone) {
			z.Origin.AllowedPrefixes = []string{"/a/", "b", "/c%20", "/d/../e", "/a/", "/f\x01", "/" + strings.Repeat("g", 1024)}
		}, want: []string{"origin.allowed_prefixes.1 bad_format", "origin.allowed_prefixes.2 bad_format",
			"origin.allowed_prefixes.3 bad_format", "origin.allowed_prefixes.4 duplicate",
			"origin.allowed_prefixes.5 bad_format", "origin.allowed_prefixes.6 too_long"}},
		{name: "too many prefixes", change: func(z *Zone) {
			for i := range 101 {
				z.Origin.AllowedPrefixes = append(z.Origin.AllowedPrefixes, fmt.Sprintf("/%d", i))
			}
		}, want: []string{"origin.allowed_prefixes too_many"}},
		{name: "lifetimes at their limits", change: func(z *Zone) { z.Cache.DefaultTTL, z.Cache.NegativeTTL = ttl(31_536_000), 3600 }},
		{name: "lifetimes beyond", change: func(z *Zone) { z.Cache.DefaultTTL, z.Cache.NegativeTTL = ttl(-1), 3601 },
			want: []string{"cache.default_ttl out_of_range", "cache.negative_ttl out_of_range"}},
		{name: "dot segments", change: func(z *Zone) { z.Delivery.DotSegments = "resolve" }, want: []string{"delivery.dot_segments bad_enum"}},
		{name: "all at once", change: func(z *Zone) {
			*z = Zone{Hostnames: []string{"a/b"}}
		}, want: []string{"name required", "hostnames.0 bad_format", "origin.connect_timeout_ms out_of_range",
			"origin.read_timeout_ms out_of_range", "origin.forward_query.mode bad_enum", "cache.query.mode bad_enum",
			"cache.set_cookie bad_enum", "cache.authorization bad_enum", "cache.request_directives bad_enum",
			"cache.share out_of_range", "delivery.allowed_methods required", "delivery.dot_segments bad_enum"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := Default()
			z.Name, z.Hostnames = "media", []string{"cdn.example.com"}
			tt.change(&z)
			if d := cmp.Diff(tt.want, summary(z.Validate())); d != "" {
				t.Errorf("Validate() (-want +got):\n%s", d)
			}
		})
	}
}

func TestOriginValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Origin)
		want   []string
	}{
		{name: "a signed bucket", change: func(*Origin) {}},
		{name: "no url", change: func(o *Origin) { o.URL = "" }, want: []string{"url required"}},
		{name: "url with path", change: func(o *Origin) { o.URL = "https://a.example/b" }, want: []string{"url url_has_path"}},
		{name: "long name", change: func(o *Origin) { o.Name = strings.Repeat("x", 256) }, want: []string{"name too_long"}},
		{name: "provider", change: func(o *Origin) { o.Provider = "nimbus" }, want: []string{"provider bad_enum"}},
		{name: "host header", change: func(o *Origin) { o.HostHeader = "a/b" }, want: []string{"host_header bad_format"}},
		{name: "base path", change: func(o *Origin) { o.BasePath = "a" }, want: []string{"base_path bad_format"}},
		{name: "auth", change: func(o *Origin) { o.Auth = "basic" }, want: []string{"auth_type bad_enum"}},
		{name: "auth of a later version", change: func(o *Origin) { o.Auth = "oss_v4" }, want: []string{"auth_type unsupported"}},
		{name: "addressing", change: func(o *Origin) { o.Addressing = "dns" }, want: []string{"s3_addressing bad_enum"}},
		{name: "payload hash", change: func(o *Origin) { o.PayloadHash = "none" }, want: []string{"s3_payload_hash bad_enum"}},
		{name: "bucket", change: func(o *Origin) { o.Bucket = "a/b" }, want: []string{"s3_bucket bad_format"}},
		{name: "short bucket", change: func(o *Origin) { o.Bucket = "ab" }, want: []string{"s3_bucket bad_format"}},
		{name: "old bucket by path", change: func(o *Origin) { o.Bucket = "My_Bucket"; o.Addressing = AddressPath }},
		{name: "old bucket by host", change: func(o *Origin) { o.Bucket = "My_Bucket"; o.Addressing = AddressVirtual }, want: []string{"s3_bucket bad_format"}},
		{name: "region", change: func(o *Origin) { o.Region = "eu/1" }, want: []string{"s3_region bad_format"}},
		{name: "long region", change: func(o *Origin) { o.Region = strings.Repeat("r", 65) }, want: []string{"s3_region too_long"}},
		{name: "no region", change: func(o *Origin) { o.Region = ""; o.URL = "https://s3.example.com"; o.Provider = "aws" }, want: []string{"s3_region region_required"}},
		{name: "no region, plain", change: func(o *Origin) { o.Auth = AuthNone; o.Provider = "aws"; o.URL = "https://s3.example.com" }},
		{name: "service", change: func(o *Origin) { o.Service = "S3" }, want: []string{"s3_service bad_format"}},
		{name: "no service", change: func(o *Origin) { o.Service = "" }, want: []string{"s3_service bad_format"}},
		{name: "certificate", change: func(o *Origin) { o.CAPEM = "hello" }, want: []string{"ca_pem bad_format"}},
		{name: "damaged certificate", change: func(o *Origin) {
			o.CAPEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
		}, want: []string{"ca_pem bad_format"}},
		{name: "long certificate", change: func(o *Origin) { o.CAPEM = strings.Repeat("x", 65537) }, want: []string{"ca_pem too_long"}},
		{name: "connections", change: func(o *Origin) { o.MaxConnections = 0 }, want: []string{"max_connections out_of_range"}},
		{name: "all at once", change: func(o *Origin) {
			o.URL, o.BasePath, o.Service, o.Addressing, o.MaxConnections = "x", "a%", "", "", 10_001
		}, want: []string{"url bad_format", "base_path bad_format", "s3_addressing bad_enum", "s3_service bad_format", "max_connections out_of_range"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := DefaultOrigin()
			o.URL, o.Auth, o.Bucket = "https://s3.eu-west-1.amazonaws.com/", AuthSigV4, "media"
			tt.change(&o)
			o.Canonicalize()
			if d := cmp.Diff(tt.want, summary(o.Validate())); d != "" {
				t.Errorf("Validate() (-want +got):\n%s", d)
			}
		})
	}
}

func TestGroupValidate(t *testing.T) {
	origin := func(enabled bool) Origin {
		o := DefaultOrigin()
		o.URL, o.Enabled = "https://www.example.com", enabled
		return o
	}
	tests := []struct {
		name    string
		origins []Origin
		want    []string
	}{
		{name: "empty"},
		{name: "one enabled", origins: []Origin{origin(false), origin(true)}},
		{name: "two enabled", origins: []Origin{origin(true), origin(true)}, want: []string{"origins.1.enabled unsupported"}},
		{name: "fault of a member", origins: []Origin{origin(true), {URL: "https://www.example.com", Auth: AuthNone, Addressing: AddressAuto, PayloadHash: PayloadEmpty, Service: "s3"}},
			want: []string{"origins.1.max_connections out_of_range"}},
		{name: "too many", origins: make([]Origin, 0, 21), want: []string{"origins too_many"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := Group{Origins: tt.origins}
			for cap(g.Origins) > 20 && len(g.Origins) < cap(g.Origins) {
				g.Origins = append(g.Origins, origin(false))
			}
			if d := cmp.Diff(tt.want, summary(g.Validate())); d != "" {
				t.Errorf("Validate() (-want +got):\n%s", d)
			}
		})
	}
}

func TestCredentialValidate(t *testing.T) {
	tests := []struct {
		name    string
		c       Credential
		signing bool
		want    []string
	}{
		{name: "complete", c: Credential{AccessKey: "AKIAIOSFODNN7EXAMPLE", Secret: NewSecret("/wJalrXUtnFEMI+K7MDENG")}, signing: true},
		{name: "none, plain"},
		{name: "none, signed", signing: true, want: []string{"s3_access_key required", "s3_secret_key required"}},
		{name: "short", c: Credential{AccessKey: "ab", Secret: NewSecret("1234567")}, want: []string{"s3_access_key bad_format", "s3_secret_key out_of_range"}},
		{name: "long", c: Credential{AccessKey: strings.Repeat("a", 513), Secret: NewSecret(strings.Repeat("s", 1025)), Token: NewSecret(strings.Repeat("t", 8193))},
			want: []string{"s3_access_key bad_format", "s3_secret_key out_of_range", "s3_session_token too_long"}},
		{name: "blank after", c: Credential{AccessKey: "abc ", Secret: NewSecret("12345678 "), Token: NewSecret(" t")},
			want: []string{"s3_access_key bad_format", "s3_secret_key bad_format", "s3_session_token bad_format"}},
		{name: "line end inside", c: Credential{Secret: NewSecret("1234\n5678")}, want: []string{"s3_secret_key bad_format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := tt.c.Validate(tt.signing)
			if d := cmp.Diff(tt.want, summary(faults)); d != "" {
				t.Errorf("Validate(%v) (-want +got):\n%s", tt.signing, d)
			}
			for _, f := range faults {
				if s := tt.c.Secret.Reveal(); s != "" && strings.Contains(f.Message, s) {
					t.Errorf("message %q holds the secret", f.Message)
				}
			}
		})
	}
}

func TestCanonicalize(t *testing.T) {
	z := Zone{Hostnames: []string{"CDN.Example.com", "b/c"}}
	z.Canonicalize()
	if d := cmp.Diff(Zone{Name: "cdn.example.com", Hostnames: []string{"cdn.example.com", "b/c"}}, z); d != "" {
		t.Errorf("zone (-want +got):\n%s", d)
	}
	o := Origin{URL: "HTTPS://ACC.r2.cloudflarestorage.com:443/", BasePath: "/media/", HostHeader: "X.example"}
	o.Canonicalize()
	want := Origin{URL: "https://acc.r2.cloudflarestorage.com", Name: "acc.r2.cloudflarestorage.com", Provider: "r2", BasePath: "/media", HostHeader: "x.example"}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("origin (-want +got):\n%s", d)
	}
}
