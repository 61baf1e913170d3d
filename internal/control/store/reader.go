package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// View calls fn with a Reader: all that fn reads is as of one revision. The
// error is fn's, or says why the store cannot be read.
func (s *Store) View(ctx context.Context, fn func(r *Reader) error) error {
	for {
		err := fn(newReader(ctx, s.client))
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return err
		}
		// The revision was compacted under a slow reader: read a newer one.
	}
}

// A Reader reads records as of one revision. It is for one goroutine, and
// only until the function it was given to returns. Errors of the methods
// wrap ErrNotFound or ErrUnavailable.
type Reader struct {
	// ctx is the one of the View or Update that the Reader lives in.
	ctx context.Context
	kv  clientv3.KV
	rev int64 // 0 before the first read

	got    map[string]*mvccpb.KeyValue // keys read; nil: absent
	lists  map[string]bool             // prefixes read
	writes map[string][]byte           // of the Tx around; nil: deleted
}

func newReader(ctx context.Context, kv clientv3.KV) *Reader {
	return &Reader{ctx: ctx, kv: kv,
		got: map[string]*mvccpb.KeyValue{}, lists: map[string]bool{}, writes: map[string][]byte{}}
}

// Revision returns the revision that is read. Before the first read it is 0.
func (r *Reader) Revision() int64 { return r.rev }

// Zone returns the zone named uuid.
func (r *Reader) Zone(uuid string) (*Zone, error) {
	return get[Zone](r, recordKey(KindZone, uuid))
}

// Zones returns all zones, by UUID.
func (r *Reader) Zones() ([]*Zone, error) { return list[Zone](r, kindPrefix(KindZone)) }

// Group returns the group named uuid.
func (r *Reader) Group(uuid string) (*Group, error) {
	return get[Group](r, recordKey(KindGroup, uuid))
}

// Groups returns all groups, by UUID.
func (r *Reader) Groups() ([]*Group, error) { return list[Group](r, kindPrefix(KindGroup)) }

// Credential returns the credential named uuid.
func (r *Reader) Credential(uuid string) (*Credential, error) {
	return get[Credential](r, recordKey(KindCredential, uuid))
}

// Credentials returns all credentials, by UUID.
func (r *Reader) Credentials() ([]*Credential, error) {
	return list[Credential](r, kindPrefix(KindCredential))
}

// Purge returns a purge of a zone, with its list.
func (r *Reader) Purge(zoneUUID, uuid string) (*Purge, error) {
	p, err := get[Purge](r, purgeKey(zoneUUID, uuid))
	if err != nil || p.Chunks == 0 {
		return p, err
	}
	kvs, err := r.listKeys(purgeListPrefix(uuid))
	if err != nil {
		return nil, err
	}
	entries := p.list()
	for _, kv := range kvs {
		var chunk []string
		if err := json.Unmarshal(kv.Value, &chunk); err != nil {
			return nil, fmt.Errorf("decode purge %s: %w", uuid, err)
		}
		*entries = append(*entries, chunk...)
	}
	return p, nil
}

// Purges returns the purges of a zone, by UUID and without their lists; of all
// zones if zoneUUID is empty.
func (r *Reader) Purges(zoneUUID string) ([]*Purge, error) {
	if zoneUUID == "" {
		return list[Purge](r, kindPrefix(KindPurge))
	}
	return list[Purge](r, purgePrefix(zoneUUID))
}

// Token returns the token named uuid.
func (r *Reader) Token(uuid string) (*Token, error) {
	return get[Token](r, recordKey(KindToken, uuid))
}

// TokenByHash returns the token whose text has this SHA-256.
func (r *Reader) TokenByHash(hash []byte) (*Token, error) {
	kv, err := r.getKey(tokenHashKey(hash))
	if err != nil {
		return nil, err
	}
	if kv == nil {
		return nil, fmt.Errorf("read token: %w", ErrNotFound)
	}
	return r.Token(string(kv.Value))
}

// Tokens returns all tokens, by UUID.
func (r *Reader) Tokens() ([]*Token, error) { return list[Token](r, kindPrefix(KindToken)) }

// Account returns the account named uuid.
func (r *Reader) Account(uuid string) (*Account, error) {
	return get[Account](r, recordKey(KindAccount, uuid))
}

// Accounts returns all accounts, by UUID.
func (r *Reader) Accounts() ([]*Account, error) { return list[Account](r, kindPrefix(KindAccount)) }

// HasSecrets reports whether anything sealed is stored.
func (r *Reader) HasSecrets() (bool, error) {
	all, err := r.Credentials()
	return slices.ContainsFunc(all, func(c *Credential) bool { return len(c.Secret)+len(c.Token) > 0 }), err
}

// A Full is a zone with what belongs to it, as of one revision.
type Full struct {
	Zone        *Zone
	Group       *Group
	Credentials map[string]*Credential // those the origins refer to, by UUID

	// Newest is the Meta of the record written last: its Revision is the one
	// of the zone as a whole (the zone's ETag), its UpdatedAt tells since when.
	Newest Meta
}

// Full returns the zone named uuid with its group and their credentials.
func (r *Reader) Full(uuid string) (*Full, error) {
	z, err := r.Zone(uuid)
	if err != nil {
		return nil, err
	}
	g, creds, newest, err := r.FullGroup(z.Group)
	if err != nil {
		return nil, err
	}
	f := &Full{Zone: z, Group: g, Credentials: creds, Newest: newest}
	if z.Meta.Revision > newest.Revision {
		f.Newest = z.Meta
	}
	return f, nil
}

// FullGroup returns a group, the credentials that its origins refer to, by
// UUID, and the Meta of the one among them that was written last.
func (r *Reader) FullGroup(uuid string) (*Group, map[string]*Credential, Meta, error) {
	g, err := r.Group(uuid)
	if err != nil {
		return nil, nil, Meta{}, err
	}
	creds, newest := map[string]*Credential{}, g.Meta
	for i := range g.Origins {
		id := g.Origins[i].Credential
		if id == "" || creds[id] != nil {
			continue
		}
		c, err := r.Credential(id)
		if err != nil {
			return nil, nil, Meta{}, err
		}
		creds[id] = c
		if c.Meta.Revision > newest.Revision {
			newest = c.Meta
		}
	}
	return g, creds, newest, nil
}

// pointer is satisfied by *T if that is a record.
type pointer[T any] interface {
	*T
	Record
}

func get[T any, P pointer[T]](r *Reader, key string) (P, error) {
	kv, err := r.getKey(key)
	if err != nil {
		return nil, err
	}
	if kv == nil {
		return nil, fmt.Errorf("read %s: %w", strings.TrimPrefix(key, prefix), ErrNotFound)
	}
	return decode[T, P](kv)
}

func list[T any, P pointer[T]](r *Reader, under string) ([]P, error) {
	kvs, err := r.listKeys(under)
	if err != nil {
		return nil, err
	}
	out := make([]P, 0, len(kvs))
	for _, kv := range kvs {
		p, err := decode[T, P](kv)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func decode[T any, P pointer[T]](kv *mvccpb.KeyValue) (P, error) {
	p := P(new(T))
	if err := json.Unmarshal(kv.Value, p); err != nil {
		return nil, fmt.Errorf("decode record %s: %w", strings.TrimPrefix(string(kv.Key), prefix), err)
	}
	p.meta().Revision = kv.ModRevision
	if c, ok := any(p).(interface{ created(int64) }); ok {
		c.created(kv.CreateRevision)
	}
	return p, nil
}

func (p *Purge) created(rev int64) { p.Issued = rev }

// getKey returns what key holds, or nil. Writes of the Tx around are seen,
// with revision 0.
func (r *Reader) getKey(key string) (*mvccpb.KeyValue, error) {
	if v, ok := r.writes[key]; ok {
		if v == nil {
			return nil, nil
		}
		return &mvccpb.KeyValue{Key: []byte(key), Value: v}, nil
	}
	if kv, ok := r.got[key]; ok {
		return kv, nil
	}
	resp, err := r.kv.Get(r.ctx, key, clientv3.WithRev(r.rev))
	if err != nil {
		return nil, wrap("read store", err)
	}
	r.rev = cmp.Or(r.rev, resp.Header.Revision)
	r.got[key] = nil
	if len(resp.Kvs) == 1 {
		r.got[key] = resp.Kvs[0]
	}
	return r.got[key], nil
}

// listKeys returns all keys under a prefix in order, with those written by
// the Tx around.
func (r *Reader) listKeys(under string) ([]*mvccpb.KeyValue, error) {
	resp, err := r.kv.Get(r.ctx, under, clientv3.WithPrefix(), clientv3.WithRev(r.rev))
	if err != nil {
		return nil, wrap("read store", err)
	}
	r.rev = cmp.Or(r.rev, resp.Header.Revision)
	r.lists[under] = true
	out := resp.Kvs
	for key, v := range r.writes {
		if !strings.HasPrefix(key, under) {
			continue
		}
		out = slices.DeleteFunc(out, func(kv *mvccpb.KeyValue) bool { return string(kv.Key) == key })
		if v != nil {
			out = append(out, &mvccpb.KeyValue{Key: []byte(key), Value: v})
		}
	}
	slices.SortFunc(out, func(a, b *mvccpb.KeyValue) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return out, nil
}
