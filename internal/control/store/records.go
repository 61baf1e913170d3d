package store

import (
	"fmt"
	"time"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Kind names one sort of record.
type Kind string

// The kinds of records.
const (
	KindZone       Kind = "zone"
	KindGroup      Kind = "group"
	KindCredential Kind = "credential"
	KindPurge      Kind = "purge"
	KindToken      Kind = "token"
	KindAccount    Kind = "account"
)

// Meta is what the store itself knows of a record. Whoever puts a record
// need not fill it: Update does.
type Meta struct {
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	CreatedBy string    `json:"created_by"`
	UpdatedBy string    `json:"updated_by"`

	// Revision is the number of the transaction that last wrote the record.
	Revision int64 `json:"-"`
}

// A Record is a pointer to one of the record types of this package.
type Record interface {
	// Kind names the record's type.
	Kind() Kind
	// RecordUUID returns the UUID, which is unique among all records.
	RecordUUID() string

	key() string
	meta() *Meta
}

// A Zone is a stored zone. Its hostnames are claimed for it in the
// transaction that writes them, and its name within its account.
type Zone struct {
	zone.Zone
	Meta
}

// A Group is a stored group of origins, the origins inside.
type Group struct {
	zone.Group
	Meta

	// Name is the customer's name for a shared group; "" for a private one.
	Name string `json:"name,omitempty"`
	// PrivateTo is the UUID of the zone whose private group this is; "" for
	// a shared group. A private group is deleted with its zone.
	PrivateTo string `json:"private_to,omitempty"`
	// OriginMeta holds, by UUID, when and by whom each origin was written.
	// Update fills it. Its Revision is the group's.
	OriginMeta map[string]Meta `json:"origin_meta,omitempty"`
}

// Origin returns the origin named uuid, inside g, or nil.
func (g *Group) Origin(uuid string) *zone.Origin {
	for i := range g.Origins {
		if g.Origins[i].UUID == uuid {
			return &g.Origins[i]
		}
	}
	return nil
}

// A Credential is a stored credential; secret and session token are sealed
// by the vault, for the context (UUID, field name).
type Credential struct {
	Meta

	UUID    string `json:"uuid"`
	ID      int64  `json:"id"`
	Account string `json:"account_uuid"`
	// PrivateTo is the UUID of the origin that this credential belongs to. It
	// is deleted with that origin.
	PrivateTo string `json:"private_to,omitempty"`
	// Version grows with every change of key, secret or token: whoever
	// changes one of them adds 1.
	Version   int64  `json:"version"`
	AccessKey string `json:"access_key"`
	Secret    []byte `json:"secret,omitempty"`        // sealed; empty: none
	Token     []byte `json:"session_token,omitempty"` // sealed; empty: none
}

// A Job state says how far a purge is.
type JobState string

// The states of a purge.
const (
	JobRunning JobState = "running"
	JobDone    JobState = "done"   // every live edge applied it
	JobFailed  JobState = "failed" // a dry run that no edge was there for
)

// A Purge is a stored order to forget objects of a zone: exactly one of All,
// URLs, Prefixes and Tags. It is retained state: an edge that was away applies
// it later.
type Purge struct {
	Meta

	UUID    string `json:"uuid"`
	ID      int64  `json:"id"`
	Account string `json:"account_uuid"`
	Zone    string `json:"zone_uuid"`
	All     bool   `json:"all,omitempty"`
	// URLs are raw targets, "/a%20b.jpg?v=2"; Prefixes are the beginnings of
	// raw paths, "/a%20b/"; Tags are exact bytes. [Reader.Purge] fills them
	// in, lists and watches leave them out.
	URLs     []string `json:"-"`
	Prefixes []string `json:"-"`
	Tags     []string `json:"-"`
	List     ListKind `json:"list,omitempty"`   // which of the three there is
	Chunks   int      `json:"chunks,omitempty"` // in which it is stored

	Soft   bool     `json:"soft,omitempty"`    // objects count as stale, and are kept
	DryRun bool     `json:"dry_run,omitempty"` // objects are counted only
	State  JobState `json:"state"`
	// Issued is the revision that created the purge. It is 0 until then.
	Issued     int64        `json:"-"`
	FinishedAt time.Time    `json:"finished_at,omitzero"`
	Edges      []EdgeResult `json:"edge_results,omitempty"`
}

// A ListKind names a list of a purge.
type ListKind string

// The lists of a purge.
const (
	ListURLs     ListKind = "" // or none
	ListPrefixes ListKind = "prefixes"
	ListTags     ListKind = "tags"
)

// list returns the list that p has.
func (p *Purge) list() *[]string {
	switch p.List {
	case ListPrefixes:
		return &p.Prefixes
	case ListTags:
		return &p.Tags
	}
	return &p.URLs
}

// An EdgeResult is what one edge did for a purge.
type EdgeResult struct {
	EdgeUUID   string    `json:"edge_uuid"`
	Name       string    `json:"name"`
	State      JobState  `json:"state"`
	Objects    int64     `json:"objects"`
	Bytes      int64     `json:"bytes"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// A Role says what a caller may do.
type Role string

// The roles, from the one that may do most.
const (
	RoleOwner  Role = "owner"
	RoleEditor Role = "editor"
	RolePurger Role = "purger"
	RoleViewer Role = "viewer"
)

// A TokenSource says where a token came from.
type TokenSource string

// The sources of tokens.
const (
	SourceEnvironment TokenSource = "environment" // CISTERN_ADMIN_TOKEN
	SourceFile        TokenSource = "file"        // admin.token in the data directory
	SourceAPI         TokenSource = "api"
)

// A Token is a stored API token; only its SHA-256 is kept.
type Token struct {
	Meta

	UUID      string      `json:"uuid"`
	ID        int64       `json:"id"`
	Account   string      `json:"account_uuid"`
	Name      string      `json:"name"`
	Role      Role        `json:"role"`
	Source    TokenSource `json:"source"`
	Hash      []byte      `json:"hash"` // SHA-256 of the text
	Prefix    string      `json:"prefix"`
	ExpiresAt time.Time   `json:"expires_at,omitzero"` // zero: never
	RevokedAt time.Time   `json:"revoked_at,omitzero"` // zero: in force
}

// An Account is a stored account (tenant).
type Account struct {
	Meta

	UUID       string `json:"uuid"`
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"` // AccountActive or AccountSuspended
	IsOperator bool   `json:"is_operator"`
}

// Values of Account.Status.
const (
	AccountActive    = "active"
	AccountSuspended = "suspended"
)

// prefix stands before every key, so that a shared etcd can be used.
const prefix = "cistern/"

func kindPrefix(k Kind) string              { return prefix + string(k) + "/" }
func recordKey(k Kind, uuid string) string  { return kindPrefix(k) + uuid }
func purgePrefix(zoneUUID string) string    { return kindPrefix(KindPurge) + zoneUUID + "/" }
func purgeKey(zoneUUID, uuid string) string { return purgePrefix(zoneUUID) + uuid }
func counterKey(kind string) string         { return prefix + "count/" + kind }
func tokenHashKey(hash []byte) string       { return fmt.Sprintf("%stoken-hash/%x", prefix, hash) }
func nameKey(account string, k Kind, name string) string {
	return prefix + "name/" + account + "/" + string(k) + "/" + name
}

// Kind returns KindZone.
func (z *Zone) Kind() Kind { return KindZone }

// RecordUUID returns the UUID.
func (z *Zone) RecordUUID() string { return z.UUID }
func (z *Zone) key() string        { return recordKey(KindZone, z.UUID) }
func (z *Zone) meta() *Meta        { return &z.Meta }

// Kind returns KindGroup.
func (g *Group) Kind() Kind { return KindGroup }

// RecordUUID returns the UUID.
func (g *Group) RecordUUID() string { return g.UUID }
func (g *Group) key() string        { return recordKey(KindGroup, g.UUID) }
func (g *Group) meta() *Meta        { return &g.Meta }

// Kind returns KindCredential.
func (c *Credential) Kind() Kind { return KindCredential }

// RecordUUID returns the UUID.
func (c *Credential) RecordUUID() string { return c.UUID }
func (c *Credential) key() string        { return recordKey(KindCredential, c.UUID) }
func (c *Credential) meta() *Meta        { return &c.Meta }

// Kind returns KindPurge.
func (p *Purge) Kind() Kind { return KindPurge }

// RecordUUID returns the UUID.
func (p *Purge) RecordUUID() string { return p.UUID }
func (p *Purge) key() string        { return purgeKey(p.Zone, p.UUID) }
func (p *Purge) meta() *Meta        { return &p.Meta }

// Kind returns KindToken.
func (t *Token) Kind() Kind { return KindToken }

// RecordUUID returns the UUID.
func (t *Token) RecordUUID() string { return t.UUID }
func (t *Token) key() string        { return recordKey(KindToken, t.UUID) }
func (t *Token) meta() *Meta        { return &t.Meta }

// Kind returns KindAccount.
func (a *Account) Kind() Kind { return KindAccount }

// RecordUUID returns the UUID.
func (a *Account) RecordUUID() string { return a.UUID }
func (a *Account) key() string        { return recordKey(KindAccount, a.UUID) }
func (a *Account) meta() *Meta        { return &a.Meta }
