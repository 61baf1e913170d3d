package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Update calls fn with a transaction and commits what fn wrote, all or
// nothing; by is the name kept in CreatedBy and UpdatedBy. If another
// transaction changed in between what fn had read, fn is called again with a
// new Tx: so fn must have no effect besides the Tx, and must read in it what
// it decides upon. (A list that fn read counts as changed when a record of
// it was added or written, not when one was removed.)
//
// The revision returned is the one of the commit, or, if fn wrote nothing
// new, the one that it read. After a commit the records put carry it. An
// error of fn is returned as it is, and nothing is written. After an error
// that wraps ErrUnavailable or that of ctx the outcome is unknown.
func (s *Store) Update(ctx context.Context, by string, fn func(tx *Tx) error) (int64, error) {
	for {
		tx := &Tx{Reader: newReader(ctx, s.client), by: by, now: s.now().UTC()}
		err := fn(tx)
		if errors.Is(err, rpctypes.ErrCompacted) {
			continue
		}
		if err != nil {
			return 0, err
		}
		rev, ok, err := tx.commit()
		if err != nil {
			return 0, err
		}
		if ok {
			return rev, nil
		}
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("write store: %w", err)
		}
	}
}

// A Tx reads and writes within one transaction. What it wrote it also reads.
// It is for one goroutine, and only until the function it was given to
// returns.
type Tx struct {
	*Reader
	by  string
	now time.Time
	put []Record // whose Meta.Revision the commit fills in
}

// PutZone writes z, new or changed. A new zone gets its ID, and a UUID if it
// has none. Its name and hostnames, which must be canonical and without
// duplicates, are claimed: the error is a *TakenError if another zone has
// them.
func (tx *Tx) PutZone(z *Zone) error {
	if z.UUID == "" {
		z.UUID = NewUUID()
	}
	old, err := tx.Zone(z.UUID)
	if errors.Is(err, ErrNotFound) {
		old, err = &Zone{}, nil
		if z.ID, err = tx.nextID(KindZone); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else {
		z.ID, z.Meta = old.ID, old.Meta
	}
	// Hostnames first: a name is often taken from one, and then the hostname is
	// what the caller chose.
	if err := tx.claimHosts(z, old.Hostnames); err != nil {
		return err
	}
	if err := tx.claimName(KindZone, z.Account, z.UUID, old.Name, z.Name); err != nil {
		return err
	}
	return tx.write(z)
}

// DeleteZone removes a zone with its claims, its private group and the private
// credentials of that group. Its purges are left to [Store.Sweep].
func (tx *Tx) DeleteZone(uuid string) error {
	z, err := tx.Zone(uuid)
	if err != nil {
		return err
	}
	if err := tx.claimName(KindZone, z.Account, z.UUID, z.Name, ""); err != nil {
		return err
	}
	for _, h := range z.Hostnames {
		tx.drop(hostKey(h))
	}
	g, err := tx.Group(z.Group)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil && g.PrivateTo == z.UUID {
		if err := tx.dropCredentials(g, nil); err != nil {
			return err
		}
		tx.drop(g.key())
	}
	tx.drop(z.key())
	return nil
}

// PutGroup writes g, new or changed, with its origins. New origins get their
// ID, and a UUID if they have none; an origin that is no longer in g loses
// its private credential.
func (tx *Tx) PutGroup(g *Group) error {
	if g.UUID == "" {
		g.UUID = NewUUID()
	}
	old, err := tx.Group(g.UUID)
	if errors.Is(err, ErrNotFound) {
		old, err = &Group{}, nil
		if g.ID, err = tx.nextID(KindGroup); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else {
		g.ID, g.Meta = old.ID, old.Meta
	}
	meta := make(map[string]Meta, len(g.Origins))
	for i := range g.Origins {
		o := &g.Origins[i]
		if o.UUID == "" {
			o.UUID = NewUUID()
		}
		was := old.Origin(o.UUID)
		if was == nil {
			if o.ID, err = tx.nextID("origin"); err != nil {
				return err
			}
			meta[o.UUID] = tx.stamp(Meta{})
			continue
		}
		o.ID = was.ID
		meta[o.UUID] = old.OriginMeta[o.UUID]
		if *o != *was {
			meta[o.UUID] = tx.stamp(old.OriginMeta[o.UUID])
		}
	}
	g.OriginMeta = meta
	if err := tx.dropCredentials(old, g); err != nil {
		return err
	}
	return tx.write(g)
}

// DeleteGroup removes a group with the private credentials of its origins.
// That no zone uses it is for the caller to see to.
func (tx *Tx) DeleteGroup(uuid string) error {
	g, err := tx.Group(uuid)
	if err != nil {
		return err
	}
	if err := tx.dropCredentials(g, nil); err != nil {
		return err
	}
	tx.drop(g.key())
	return nil
}

// dropCredentials removes the private credentials of the origins of old that
// now, which may be nil, no longer has.
func (tx *Tx) dropCredentials(old, now *Group) error {
	for i := range old.Origins {
		o := &old.Origins[i]
		if o.Credential == "" || now != nil && now.Origin(o.UUID) != nil {
			continue
		}
		c, err := tx.Credential(o.Credential)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if c.PrivateTo == o.UUID {
			tx.drop(c.key())
		}
	}
	return nil
}

// PutCredential writes c, new or changed. A new one gets its ID, and a UUID
// if it has none (which the vault needs before it can seal).
func (tx *Tx) PutCredential(c *Credential) error {
	if c.UUID == "" {
		c.UUID = NewUUID()
	}
	old, err := tx.Credential(c.UUID)
	if errors.Is(err, ErrNotFound) {
		c.ID, err = tx.nextID(KindCredential)
	} else if err == nil {
		c.ID, c.Meta = old.ID, old.Meta
	}
	if err != nil {
		return err
	}
	return tx.write(c)
}

// DeleteCredential removes a credential. That no origin uses it is for the
// caller to see to.
func (tx *Tx) DeleteCredential(uuid string) error {
	c, err := tx.Credential(uuid)
	if err != nil {
		return err
	}
	tx.drop(c.key())
	return nil
}

// PutPurge writes the progress of a purge; [Store.CreatePurge] makes new ones.
// The error wraps ErrNotFound if the purge is gone.
func (tx *Tx) PutPurge(p *Purge) error {
	old, err := get[Purge](tx.Reader, p.key())
	if err != nil {
		return err
	}
	p.ID, p.Meta, p.Issued, p.List, p.Chunks = old.ID, old.Meta, old.Issued, old.List, old.Chunks
	return tx.write(p)
}

// DeletePurge forgets a purge.
func (tx *Tx) DeletePurge(zoneUUID, uuid string) error {
	p, err := tx.Purge(zoneUUID, uuid)
	if err != nil {
		return err
	}
	kvs, err := tx.listKeys(purgeListPrefix(p.UUID))
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		tx.drop(string(kv.Key))
	}
	tx.drop(p.key())
	return nil
}

// PutToken writes t, new or changed. A new one gets its ID, and a UUID if it
// has none. Its text, and so Hash, never changes.
func (tx *Tx) PutToken(t *Token) error {
	if t.UUID == "" {
		t.UUID = NewUUID()
	}
	old, err := tx.Token(t.UUID)
	if errors.Is(err, ErrNotFound) {
		tx.writes[tokenHashKey(t.Hash)] = []byte(t.UUID)
		t.ID, err = tx.nextID(KindToken)
	} else if err == nil {
		t.ID, t.Meta = old.ID, old.Meta
	}
	if err != nil {
		return err
	}
	return tx.write(t)
}

// DeleteToken removes a token.
func (tx *Tx) DeleteToken(uuid string) error {
	t, err := tx.Token(uuid)
	if err != nil {
		return err
	}
	tx.drop(tokenHashKey(t.Hash))
	tx.drop(t.key())
	return nil
}

// PutAccount writes a, new or changed. A new one gets its ID, and a UUID if
// it has none.
func (tx *Tx) PutAccount(a *Account) error {
	if a.UUID == "" {
		a.UUID = NewUUID()
	}
	old, err := tx.Account(a.UUID)
	if errors.Is(err, ErrNotFound) {
		a.ID, err = tx.nextID(KindAccount)
	} else if err == nil {
		a.ID, a.Meta = old.ID, old.Meta
	}
	if err != nil {
		return err
	}
	return tx.write(a)
}

// write buffers rec, unless it says what is stored already.
func (tx *Tx) write(rec Record) error {
	stored, err := tx.getKey(rec.key())
	if err != nil {
		return err
	}
	if stored != nil {
		same, err := json.Marshal(rec)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", rec.Kind(), rec.RecordUUID(), err)
		}
		if bytes.Equal(same, stored.Value) {
			return nil
		}
	}
	*rec.meta() = tx.stamp(*rec.meta())
	value, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", rec.Kind(), rec.RecordUUID(), err)
	}
	tx.writes[rec.key()] = value
	tx.put = append(tx.put, rec)
	return nil
}

// drop buffers the deletion of a key.
func (tx *Tx) drop(key string) { tx.writes[key] = nil }

// stamp returns m with the transaction's time and author; a zero m is new.
func (tx *Tx) stamp(m Meta) Meta {
	if m.CreatedAt.IsZero() {
		m.CreatedAt, m.CreatedBy = tx.now, tx.by
	}
	m.UpdatedAt, m.UpdatedBy = tx.now, tx.by
	return m
}

// nextID returns the next number of a kind, from 1; it is not given again
// once the transaction is committed.
func (tx *Tx) nextID(k Kind) (int64, error) {
	key, last := counterKey(string(k)), int64(0)
	kv, err := tx.getKey(key)
	if err != nil {
		return 0, err
	}
	if kv != nil {
		if last, err = strconv.ParseInt(string(kv.Value), 10, 64); err != nil {
			return 0, fmt.Errorf("read counter of %ss: %w", k, err)
		}
	}
	tx.writes[key] = strconv.AppendInt(nil, last+1, 10)
	return last + 1, nil
}

// commit sends the transaction; ok is false if something read has changed.
func (tx *Tx) commit() (rev int64, ok bool, err error) {
	ops := make([]clientv3.Op, 0, len(tx.writes))
	for _, key := range slices.Sorted(maps.Keys(tx.writes)) {
		if value := tx.writes[key]; value != nil {
			ops = append(ops, clientv3.OpPut(key, string(value)))
			continue
		}
		ops = append(ops, clientv3.OpDelete(key))
	}
	if len(ops) == 0 {
		return tx.rev, true, nil
	}
	var unchanged []clientv3.Cmp
	for key, kv := range tx.got {
		unchanged = append(unchanged, clientv3.Compare(clientv3.ModRevision(key), "=", kv.GetModRevision()))
	}
	for under := range tx.lists {
		unchanged = append(unchanged,
			clientv3.Compare(clientv3.ModRevision(under), "<", tx.rev+1).WithPrefix())
	}
	resp, err := tx.kv.Txn(tx.ctx).If(unchanged...).Then(ops...).Commit()
	if err != nil {
		return 0, false, wrap("write store", err)
	}
	if !resp.Succeeded {
		return 0, false, nil
	}
	for _, rec := range tx.put {
		rec.meta().Revision = resp.Header.Revision
	}
	return resp.Header.Revision, true, nil
}
