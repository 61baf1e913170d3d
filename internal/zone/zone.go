// Package zone is the vocabulary that both planes share: what a customer
// configured. A [Snapshot] holds it all for one edge, as an immutable and
// versioned value.
package zone

// A Zone is one delivery configuration: its hostnames, and how their
// requests are cached and fetched.
type Zone struct {
	UUID      string   `json:"uuid"`
	ID        int64    `json:"id"` // from 1, never reused in an installation
	Account   string   `json:"account_uuid"`
	Name      string   `json:"name"`
	Hostnames []string `json:"hostnames"` // canonical (see CanonicalHostname); the first is the primary one
	Active    bool     `json:"active"`    // false: viewers get 403 zone_suspended
	Group     string   `json:"group_uuid"`

	Origin   OriginSettings   `json:"origin"`
	Cache    CacheSettings    `json:"cache"`
	Delivery DeliverySettings `json:"delivery"`
	Access   AccessSettings   `json:"access"`
}

// A Group is a set of origins that hold the same content. One group is one
// cache identity.
type Group struct {
	UUID    string `json:"uuid"`
	ID      int64  `json:"id"`
	Account string `json:"account_uuid"`
	// Content counts the changes after which stored objects of the group may
	// no longer be used, such as another bucket. It is part of the cache key.
	Content int64    `json:"content"`
	Origins []Origin `json:"origins"`

	// NegativeEpoch is the newest revision of the group, its origins and
	// their credentials. A negative entry stored under another epoch is void.
	// It is set by whoever builds a Snapshot and is not stored.
	NegativeEpoch int64 `json:"-"`
}

// An Origin is one server or bucket from which objects are fetched.
type Origin struct {
	UUID       string `json:"uuid"`
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	URL        string `json:"url"`         // scheme://host[:port], canonical: lower case, without the scheme's default port
	Provider   string `json:"provider"`    // id of a row of Providers
	HostHeader string `json:"host_header"` // empty: derived
	BasePath   string `json:"base_path"`   // canonical: empty, or "/…" without a final "/"
	Enabled    bool   `json:"enabled"`

	Auth        string `json:"auth_type"`       // AuthNone or AuthSigV4
	Bucket      string `json:"s3_bucket"`       // empty: the URL names it
	Addressing  string `json:"s3_addressing"`   // AddressAuto, AddressPath or AddressVirtual
	Region      string `json:"s3_region"`       // empty: see EffectiveRegion
	Service     string `json:"s3_service"`      // scope of the signature, "s3"
	PayloadHash string `json:"s3_payload_hash"` // PayloadUnsigned or PayloadEmpty
	Credential  string `json:"credential_uuid"` // empty: none

	TLSVerify      bool   `json:"tls_verify"`
	CAPEM          string `json:"ca_pem"` // one more root, PEM; empty: none
	MaxConnections int    `json:"max_connections"`
}

// Values of Origin.Auth.
const (
	AuthNone  = "none"  // a plain origin: nothing is signed
	AuthSigV4 = "sigv4" // AWS Signature Version 4
)

// Values of Origin.Addressing.
const (
	AddressAuto    = "auto"
	AddressPath    = "path"
	AddressVirtual = "virtual"
)

// Values of Origin.PayloadHash.
const (
	PayloadUnsigned = "unsigned" // x-amz-content-sha256: UNSIGNED-PAYLOAD
	PayloadEmpty    = "empty"    // the hash of the empty body
)

// A Credential signs requests to origins that refer to it.
type Credential struct {
	UUID      string
	Version   int64 // grows with every change of key, secret or token
	AccessKey string
	Secret    Secret
	Token     Secret // session token of temporary credentials; zero: none
}

// A Snapshot is everything that one edge serves, as of one revision. It is
// immutable: nobody changes it or what it points to after it was published.
type Snapshot struct {
	Revision    int64
	Zones       map[string]*Zone       // by UUID
	Groups      map[string]*Group      // by UUID
	Credentials map[string]*Credential // by UUID
}
