package zone

import (
	"slices"
	"strings"
)

// A Provider is what is known of one kind of object store, as data: how its
// endpoints are named, and what follows from the name. No other code knows
// one provider from another.
type Provider struct {
	ID   string
	Name string // for people

	// Forms are the endpoint's host names, matched in order. None: any host.
	Forms []Form

	// Region signs where neither the customer nor the host names one. Empty:
	// there is no default, so one of them must.
	Region string

	// Addressing is what AddressAuto means: AddressPath or AddressVirtual.
	Addressing string

	// VirtualOnly refuses AddressPath.
	VirtualOnly bool

	// Auth is the signature that s3_auth_enabled chooses, AuthNone if the
	// provider takes none. It may name one that this version does not have.
	Auth string

	// Query names the parameters, besides versionId, that may be forwarded to
	// a signed origin.
	Query []string

	// AcceptEncoding is sent to signed origins, and not signed; empty: none is.
	AcceptEncoding string

	// SigV4A is the tail of hosts that take no other signature than SigV4A;
	// empty: there are none.
	SigV4A string
}

// A Form is a pattern of a host name: labels that stand for themselves, with
// at most one placeholder each. "<region>" is the region, "<bucket>" the
// bucket, any other placeholder just a label. One more label before the
// pattern is a bucket.
type Form struct {
	Host string // "s3.<region>.amazonaws.com"
	// Region is the region of this form where it is not in the name. With
	// "<>" it is the whole of the first label.
	Region string
}

// Providers returns the rows, each with an ID of its own, the one for any other
// store last. The caller may keep and change them.
func Providers() []Provider {
	return []Provider{
		{ID: "aws", Name: "Amazon S3", Addressing: AddressVirtual, Auth: AuthSigV4,
			SigV4A: ".accesspoint.s3-global.amazonaws.com",
			Forms: []Form{
				{Host: "s3.<region>.amazonaws.com"}, {Host: "s3.dualstack.<region>.amazonaws.com"},
				{Host: "s3.<region>.amazonaws.com.cn"}, {Host: "s3.dualstack.<region>.amazonaws.com.cn"},
				{Host: "s3.amazonaws.com", Region: "us-east-1"},
			}},
		r2("r2", "Cloudflare R2", ""),
		r2("r2-eu", "Cloudflare R2 (EU)", "eu."),
		r2("r2-us", "Cloudflare R2 (US)", "us."),
		r2("r2-fedramp", "Cloudflare R2 (FedRAMP)", "fedramp."),
		{ID: "wasabi", Name: "Wasabi", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "s3.<region>.wasabisys.com"}, {Host: "s3.wasabisys.com", Region: "us-east-1"}}},
		{ID: "b2", Name: "Backblaze B2", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "s3.<region>.backblazeb2.com"}}},
		// It unpacks objects that are stored as gzip for those who do not say
		// that they take gzip.
		{ID: "gcs", Name: "Google Cloud Storage", Region: "auto", Addressing: AddressPath, Auth: AuthSigV4, AcceptEncoding: "gzip",
			Forms: []Form{{Host: "storage.googleapis.com"}}},
		{ID: "gcore", Name: "Gcore Object Storage", Addressing: AddressVirtual, Auth: AuthSigV4,
			Forms: []Form{{Host: "s-<loc>.cloud.gcore.lu", Region: "<>"}, {Host: "<place>.storage.gcore.dev"}}},
		{ID: "do-spaces", Name: "DigitalOcean Spaces", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "<region>.digitaloceanspaces.com"}}},
		{ID: "scaleway", Name: "Scaleway", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "s3.<region>.scw.cloud"}}},
		{ID: "hetzner", Name: "Hetzner", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "<region>.your-objectstorage.com"}}},
		{ID: "oci", Name: "Oracle Cloud", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{
				{Host: "<namespace>.compat.objectstorage.<region>.oraclecloud.com"},
				{Host: "<bucket>.vhcompat.objectstorage.<region>.oci.customer-oci.com"},
			}},
		{ID: "linode", Name: "Linode", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "<region>.linodeobjects.com"}}},
		{ID: "vultr", Name: "Vultr", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "<region>.vultrobjects.com"}}},
		{ID: "idrive", Name: "IDrive e2", Region: "us-east-1", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "s3.<place>.idrivecloud.io"}}},
		{ID: "ibm", Name: "IBM Cloud", Addressing: AddressPath, Auth: AuthSigV4,
			Forms: []Form{{Host: "s3.<region>.cloud-object-storage.appdomain.cloud"}}},
		{ID: "oss", Name: "Alibaba Cloud OSS", Addressing: AddressVirtual, VirtualOnly: true, Auth: authOSSV4, Query: []string{"x-oss-process"},
			Forms: []Form{{Host: "oss-<region>-internal.aliyuncs.com"}, {Host: "oss-<region>.aliyuncs.com"}}},
		{ID: "minio", Name: "MinIO", Region: "us-east-1", Addressing: AddressPath, Auth: AuthSigV4},
		{ID: "web", Name: "Web server", Addressing: AddressPath, Auth: AuthNone},
		{ID: custom, Name: "Other S3-compatible store", Region: "auto", Addressing: AddressPath, Auth: AuthSigV4},
	}
}

// custom is the row of every host that no other row names.
const custom = "custom"

// Signatures that the product knows of and this version does not have.
const (
	authOSSV4 = "oss_v4"
	authOSSV1 = "oss_v1"
)

func r2(id, name, jurisdiction string) Provider {
	return Provider{ID: id, Name: name, Region: "auto", Addressing: AddressPath, Auth: AuthSigV4,
		Forms: []Form{{Host: "<account>." + jurisdiction + "r2.cloudflarestorage.com"}}}
}

// ProviderFor returns the row whose form host has, by itself or behind the
// label of a bucket, or else the row "custom". Host is lower case and has no
// port.
func ProviderFor(host string) Provider {
	rows := Providers()
	for _, label := range []bool{false, true} {
		for _, p := range rows {
			if p.SigV4A != "" && strings.HasSuffix(host, p.SigV4A) {
				return p
			}
			for _, f := range p.Forms {
				if _, ok := f.match(host, label); ok {
					return p
				}
			}
		}
	}
	return rows[len(rows)-1]
}

// ProviderByID returns the row named id, or the one for host if id is empty; ok
// is false if there is no such row.
func ProviderByID(id, host string) (p Provider, ok bool) {
	if id == "" {
		return ProviderFor(host), true
	}
	rows := Providers()
	i := slices.IndexFunc(rows, func(p Provider) bool { return p.ID == id })
	if i < 0 {
		return Provider{}, false
	}
	return rows[i], true
}

// ProviderIDs returns the IDs of all rows, in order.
func ProviderIDs() []string {
	rows := Providers()
	ids := make([]string, len(rows))
	for i, p := range rows {
		ids[i] = p.ID
	}
	return ids
}

// A named is what a host name says by its form.
type named struct {
	region, bucket string
	tail           string // fixed tail of the form, ".amazonaws.com"
}

// read returns what host says if it has one of the provider's forms.
func (p *Provider) read(host string) (n named, ok bool) {
	for _, label := range []bool{false, true} {
		for _, f := range p.Forms {
			if n, ok = f.match(host, label); ok {
				return n, true
			}
		}
	}
	return named{}, false
}

// match compares host with the form; with bucket, one label comes before it.
func (f Form) match(host string, bucket bool) (n named, ok bool) {
	if bucket {
		if n.bucket, host, ok = strings.Cut(host, "."); !ok || n.bucket == "" {
			return named{}, false
		}
	}
	want, got := strings.Split(f.Host, "."), strings.Split(host, ".")
	if len(want) != len(got) {
		return named{}, false
	}
	for i, w := range want {
		before, rest, holds := strings.Cut(w, "<")
		if !holds {
			if w != got[i] {
				return named{}, false
			}
			continue
		}
		name, after, _ := strings.Cut(rest, ">")
		value, ok := strings.CutPrefix(got[i], before)
		if !ok {
			return named{}, false
		}
		if value, ok = strings.CutSuffix(value, after); !ok || !isLabel(value) {
			return named{}, false
		}
		switch name {
		case "region":
			n.region = value
		case "bucket":
			n.bucket = value
		}
	}
	n.tail = f.tail()
	switch f.Region {
	case "":
	case "<>":
		n.region = got[0]
	default:
		n.region = f.Region
	}
	return n, true
}

// tail returns the fixed labels behind the last placeholder, or behind the
// first label if there is none, with the dot before them.
func (f Form) tail() string {
	after := f.Host
	if i := strings.LastIndexByte(f.Host, '>'); i >= 0 {
		after = f.Host[i:]
	}
	_, rest, _ := strings.Cut(after, ".")
	return "." + rest
}

// isLabel reports whether s can be a label of a DNS name, in lower case.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
