package zone

import (
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

func TestProviderFor(t *testing.T) {
	tests := []struct {
		host, id, region, bucket string
	}{
		{"s3.eu-west-1.amazonaws.com", "aws", "eu-west-1", ""},
		{"s3.amazonaws.com", "aws", "us-east-1", ""},
		{"media.s3.eu-west-1.amazonaws.com", "aws", "eu-west-1", "media"},
		{"s3.dualstack.eu-west-1.amazonaws.com", "aws", "eu-west-1", ""},
		{"media.s3.dualstack.eu-west-1.amazonaws.com", "aws", "eu-west-1", "media"},
		{"s3.cn-north-1.amazonaws.com.cn", "aws", "cn-north-1", ""},
		{"acc.r2.cloudflarestorage.com", "r2", "auto", ""},
		{"media.acc.r2.cloudflarestorage.com", "r2", "auto", "media"},
		{"acc.eu.r2.cloudflarestorage.com", "r2-eu", "auto", ""},
		{"media.acc.eu.r2.cloudflarestorage.com", "r2-eu", "auto", "media"},
		{"acc.us.r2.cloudflarestorage.com", "r2-us", "auto", ""},
		{"acc.fedramp.r2.cloudflarestorage.com", "r2-fedramp", "auto", ""},
		{"s3.eu-central-1.wasabisys.com", "wasabi", "eu-central-1", ""},
		{"s3.wasabisys.com", "wasabi", "us-east-1", ""},
		{"s3.us-west-004.backblazeb2.com", "b2", "us-west-004", ""},
		{"storage.googleapis.com", "gcs", "auto", ""},
		{"media.storage.googleapis.com", "gcs", "auto", "media"},
		{"s-ed1.cloud.gcore.lu", "gcore", "s-ed1", ""},
		{"media.s-ed1.cloud.gcore.lu", "gcore", "s-ed1", "media"},
		{"luxembourg.storage.gcore.dev", "gcore", "", ""},
		{"fra1.digitaloceanspaces.com", "do-spaces", "fra1", ""},
		{"media.fra1.digitaloceanspaces.com", "do-spaces", "fra1", "media"},
		{"s3.fr-par.scw.cloud", "scaleway", "fr-par", ""},
		{"fsn1.your-objectstorage.com", "hetzner", "fsn1", ""},
		{"ns.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", "oci", "eu-frankfurt-1", ""},
		{"media.vhcompat.objectstorage.eu-frankfurt-1.oci.customer-oci.com", "oci", "eu-frankfurt-1", "media"},
		{"us-east-1.linodeobjects.com", "linode", "us-east-1", ""},
		{"ewr1.vultrobjects.com", "vultr", "ewr1", ""},
		{"s3.us-west-1.idrivecloud.io", "idrive", "us-east-1", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud", "ibm", "eu-de", ""},
		{"oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou", ""},
		{"oss-cn-hangzhou-internal.aliyuncs.com", "oss", "cn-hangzhou", ""},
		{"media.oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou", "media"},
		{"minio.example.com", "custom", "auto", ""},
		{"s3.-x.amazonaws.com", "custom", "auto", ""},
		{"127.0.0.1", "custom", "auto", ""},
		{"evilr2.cloudflarestorage.com", "custom", "auto", ""},
	}
	for _, tt := range tests {
		p := ProviderFor(tt.host)
		o := Origin{URL: "https://" + tt.host, Auth: AuthSigV4}
		e, _ := o.Resolve()
		if p.ID != tt.id || e.Region != tt.region || e.HostBucket != tt.bucket {
			t.Errorf("ProviderFor(%q) = %s, region %q, bucket %q; want %s, %q, %q",
				tt.host, p.ID, e.Region, e.HostBucket, tt.id, tt.region, tt.bucket)
		}
	}
}

func TestProviderRows(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Providers() {
		if seen[p.ID] {
			t.Errorf("provider %s has two rows", p.ID)
		}
		seen[p.ID] = true
		if p.Addressing != AddressPath && p.Addressing != AddressVirtual {
			t.Errorf("provider %s: addressing %q", p.ID, p.Addressing)
		}
		if _, ok := ProviderByID(p.ID, ""); !ok {
			t.Errorf("ProviderByID(%q) found nothing", p.ID)
		}
	}
}

func TestResolve(t *testing.T) {
	tests := []struct {
		name  string
		o     Origin
		want  Endpoint // of the fields that are compared below
		field string
		code  catalog.API
	}{
		{name: "aws, bucket goes before the host",
			o:    Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto},
			want: Endpoint{DialHost: "media.s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "media.s3.eu-west-1.amazonaws.com", ServerName: "media.s3.eu-west-1.amazonaws.com", Virtual: true, Region: "eu-west-1"}},
		{name: "aws, a dot in the bucket means path",
			o:    Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "my.media", Addressing: AddressAuto},
			want: Endpoint{DialHost: "s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "s3.eu-west-1.amazonaws.com", ServerName: "s3.eu-west-1.amazonaws.com", Region: "eu-west-1"}},
		{name: "aws, bucket in the path",
			o:    Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Addressing: AddressAuto},
			want: Endpoint{DialHost: "s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "s3.eu-west-1.amazonaws.com", ServerName: "s3.eu-west-1.amazonaws.com", Region: "eu-west-1"}},
		{name: "aws, host names the bucket",
			o:    Origin{URL: "https://media.s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Addressing: AddressAuto},
			want: Endpoint{DialHost: "media.s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "media.s3.eu-west-1.amazonaws.com", ServerName: "media.s3.eu-west-1.amazonaws.com", Virtual: true, HostBucket: "media", Region: "eu-west-1"}},
		{name: "host and s3_bucket name the same bucket",
			o:    Origin{URL: "https://media.s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto},
			want: Endpoint{DialHost: "media.s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "media.s3.eu-west-1.amazonaws.com", ServerName: "media.s3.eu-west-1.amazonaws.com", Virtual: true, Region: "eu-west-1"}},
		{name: "host and s3_bucket differ",
			o:     Origin{URL: "https://media.s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "other", Addressing: AddressAuto},
			field: "s3_bucket", code: "exclusive"},
		{name: "r2, path and region auto",
			o:    Origin{URL: "https://acc.r2.cloudflarestorage.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto},
			want: Endpoint{DialHost: "acc.r2.cloudflarestorage.com", Port: 443, HostHeader: "acc.r2.cloudflarestorage.com", ServerName: "acc.r2.cloudflarestorage.com", Region: "auto"}},
		{name: "own server on an address",
			o:    Origin{URL: "http://127.0.0.1:9000", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto, Region: "eu-1"},
			want: Endpoint{DialHost: "127.0.0.1", Port: 9000, HostHeader: "127.0.0.1:9000", Region: "eu-1"}},
		{name: "own server, IPv6",
			o:    Origin{URL: "https://[2001:db8::1]", Auth: AuthSigV4, Addressing: AddressAuto},
			want: Endpoint{DialHost: "2001:db8::1", Port: 443, HostHeader: "[2001:db8::1]", Region: "auto"}},
		{name: "minio preset",
			o:    Origin{URL: "https://minio.example.com:9000", Provider: "minio", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto},
			want: Endpoint{DialHost: "minio.example.com", Port: 9000, HostHeader: "minio.example.com:9000", ServerName: "minio.example.com", Region: "us-east-1"}},
		{name: "own server, virtual",
			o:    Origin{URL: "http://minio.example.com:9000", Auth: AuthSigV4, Bucket: "media", Addressing: AddressVirtual},
			want: Endpoint{DialHost: "media.minio.example.com", Port: 9000, HostHeader: "media.minio.example.com:9000", ServerName: "media.minio.example.com", Virtual: true, Region: "auto"}},
		{name: "own server, virtual, bucket in the host",
			o:    Origin{URL: "https://media.minio.example.com", Auth: AuthSigV4, Addressing: AddressVirtual},
			want: Endpoint{DialHost: "media.minio.example.com", Port: 443, HostHeader: "media.minio.example.com", ServerName: "media.minio.example.com", Virtual: true, HostBucket: "media", Region: "auto"}},
		{name: "an address cannot be virtual",
			o:     Origin{URL: "http://127.0.0.1:9000", Auth: AuthSigV4, Bucket: "media", Addressing: AddressVirtual},
			field: "s3_addressing", code: "exclusive"},
		{name: "host set by hand names the bucket",
			o:    Origin{URL: "https://s-ed1.cloud.gcore.lu", Auth: AuthSigV4, HostHeader: "media.s-ed1.cloud.gcore.lu", Addressing: AddressAuto},
			want: Endpoint{DialHost: "s-ed1.cloud.gcore.lu", Port: 443, HostHeader: "media.s-ed1.cloud.gcore.lu", ServerName: "media.s-ed1.cloud.gcore.lu", Virtual: true, HostBucket: "media", Region: "s-ed1"}},
		{name: "host set by hand is the endpoint",
			o:    Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "media", HostHeader: "s3.eu-west-1.amazonaws.com", Addressing: AddressAuto},
			want: Endpoint{DialHost: "s3.eu-west-1.amazonaws.com", Port: 443, HostHeader: "s3.eu-west-1.amazonaws.com", ServerName: "s3.eu-west-1.amazonaws.com", Region: "eu-west-1"}},
		{name: "oss refuses path",
			o:     Origin{URL: "https://oss-cn-hangzhou.aliyuncs.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressPath},
			field: "s3_addressing", code: "exclusive"},
		{name: "oss, virtual even with a dot",
			o:    Origin{URL: "https://oss-cn-hangzhou.aliyuncs.com", Auth: AuthSigV4, Bucket: "a.b", Addressing: AddressAuto},
			want: Endpoint{DialHost: "a.b.oss-cn-hangzhou.aliyuncs.com", Port: 443, HostHeader: "a.b.oss-cn-hangzhou.aliyuncs.com", ServerName: "a.b.oss-cn-hangzhou.aliyuncs.com", Virtual: true, Region: "cn-hangzhou"}},
		{name: "region wanted",
			o:     Origin{URL: "https://bucket.vpce-1.example.com", Provider: "aws", Auth: AuthSigV4, Addressing: AddressAuto},
			field: "s3_region", code: "region_required"},
		{name: "multi-region access point",
			o:     Origin{URL: "https://mfzwi23gnjvgw.accesspoint.s3-global.amazonaws.com", Provider: "aws", Auth: AuthSigV4, Region: "us-east-1", Addressing: AddressAuto},
			field: "url", code: "sigv4a_unsupported"},
		{name: "plain origin",
			o:    Origin{URL: "https://www.example.com", Auth: AuthNone, Addressing: AddressAuto, HostHeader: "static.example.com:8443"},
			want: Endpoint{DialHost: "www.example.com", Port: 443, HostHeader: "static.example.com:8443", ServerName: "static.example.com"}},
		{name: "multi-region access point, provider derived",
			o:     Origin{URL: "https://mfzwi23gnjvgw.accesspoint.s3-global.amazonaws.com", Auth: AuthSigV4, Addressing: AddressAuto},
			field: "url", code: "sigv4a_unsupported"},
		{name: "a web server takes no signature",
			o:     Origin{URL: "https://www.example.com", Provider: "web", Auth: AuthSigV4, Addressing: AddressAuto},
			field: "auth_type", code: "exclusive"},
		{name: "unknown provider",
			o:     Origin{URL: "https://www.example.com", Provider: "nimbus", Auth: AuthNone},
			field: "provider", code: "bad_enum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.o.Resolve()
			if codeOf(err) != tt.code {
				t.Fatalf("Resolve() = %v; want code %q", err, tt.code)
			}
			if f, ok := err.(*Fault); ok {
				if f.Field != tt.field {
					t.Errorf("Resolve() blames %q; want %q", f.Field, tt.field)
				}
				return
			}
			got.Scheme, got.Provider, got.Trusted = "", "", ""
			if got != tt.want {
				t.Errorf("Resolve() =\n%+v; want\n%+v", got, tt.want)
			}
		})
	}
}

func TestTrustedTail(t *testing.T) {
	tests := []struct{ url, provider, want string }{
		{"https://s3.eu-west-1.amazonaws.com", "", ".amazonaws.com"},
		{"https://media.s3.eu-west-1.amazonaws.com", "", ".amazonaws.com"},
		{"https://s3.cn-north-1.amazonaws.com.cn", "", ".amazonaws.com.cn"},
		{"https://s3.amazonaws.com", "", ".amazonaws.com"},
		{"https://acc.r2.cloudflarestorage.com", "", ".r2.cloudflarestorage.com"},
		{"https://acc.eu.r2.cloudflarestorage.com", "", ".eu.r2.cloudflarestorage.com"},
		{"https://storage.googleapis.com", "", ".googleapis.com"},
		{"https://s-ed1.cloud.gcore.lu", "", ".cloud.gcore.lu"},
		{"https://oss-cn-hangzhou.aliyuncs.com", "", ".aliyuncs.com"},
		{"https://minio.example.com", "minio", ""},
		{"https://s3.example.com", "", ""},
		{"https://vpce-1.example.com", "aws", ""},
	}
	for _, tt := range tests {
		o := Origin{URL: tt.url, Provider: tt.provider, Auth: AuthSigV4, Region: "x", Addressing: AddressAuto}
		if e, err := o.Resolve(); err != nil || e.Trusted != tt.want {
			t.Errorf("Resolve(%s) trusts %q, %v; want %q", tt.url, e.Trusted, err, tt.want)
		}
	}
}

func TestSameContent(t *testing.T) {
	base := Origin{URL: "https://a.example", Bucket: "b", BasePath: "/p", Addressing: AddressAuto}
	tests := []struct {
		name   string
		change func(*Origin)
		want   bool
	}{
		{"nothing", func(*Origin) {}, true},
		{"url", func(o *Origin) { o.URL = "https://b.example" }, false},
		{"bucket", func(o *Origin) { o.Bucket = "c" }, false},
		{"base path", func(o *Origin) { o.BasePath = "" }, false},
		{"addressing", func(o *Origin) { o.Addressing = AddressPath }, false},
		{"name, credential, region", func(o *Origin) { o.Name, o.Credential, o.Region = "x", "y", "z" }, true},
	}
	for _, tt := range tests {
		o := base
		tt.change(&o)
		if got := base.SameContent(&o); got != tt.want {
			t.Errorf("SameContent after a change of %s = %v; want %v", tt.name, got, tt.want)
		}
	}
}

func TestEffectiveAddressing(t *testing.T) {
	tests := []struct {
		name string
		o    Origin
		want string
	}{
		{name: "provider names it in the host", o: Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto}, want: AddressVirtual},
		{name: "bucket with a dot", o: Origin{URL: "https://s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Bucket: "media.eu", Addressing: AddressAuto}, want: AddressPath},
		{name: "any store", o: Origin{URL: "https://minio.example.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto}, want: AddressPath},
		{name: "a name like the bucket's", o: Origin{URL: "https://media.example.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressAuto}, want: AddressPath},
		{name: "customer's word", o: Origin{URL: "https://minio.example.com", Auth: AuthSigV4, Bucket: "media", Addressing: AddressVirtual}, want: AddressVirtual},
		{name: "bucket in the URL", o: Origin{URL: "https://media.s3.eu-west-1.amazonaws.com", Auth: AuthSigV4, Addressing: AddressAuto}, want: AddressVirtual},
		{name: "bucket in the path", o: Origin{URL: "https://minio.example.com", Auth: AuthSigV4, BasePath: "/media", Addressing: AddressAuto}, want: AddressPath},
		{name: "public bucket", o: Origin{URL: "https://minio.example.com", Auth: AuthNone, Bucket: "media", Addressing: AddressAuto}, want: AddressPath},
		{name: "web server", o: Origin{URL: "https://www.example.com", Auth: AuthNone, Addressing: AddressAuto}, want: ""},
		{name: "no URL", o: Origin{Auth: AuthSigV4}, want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.o.EffectiveAddressing(); got != tt.want {
				t.Errorf("EffectiveAddressing() = %q; want %q", got, tt.want)
			}
		})
	}
}
