package publish

import (
	"log/slog"
	"maps"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A builder keeps the configuration in the form of snapshots. Objects that did
// not change are shared from one snapshot to the next. It is for one
// goroutine.
type builder struct {
	vault *vault.Vault
	log   *slog.Logger

	zones       map[string]*zone.Zone
	groups      map[string]*zone.Group
	credentials map[string]*zone.Credential

	// Revisions of the records that the objects above were made of.
	zoneRevs, groupRevs, credentialRevs map[string]int64
}

func newBuilder(v *vault.Vault, log *slog.Logger) *builder {
	return &builder{vault: v, log: log,
		zones: map[string]*zone.Zone{}, groups: map[string]*zone.Group{}, credentials: map[string]*zone.Credential{},
		zoneRevs: map[string]int64{}, groupRevs: map[string]int64{}, credentialRevs: map[string]int64{}}
}

// load makes b say what is stored. What it says already stays as it is.
func (b *builder) load(r *store.Reader) error {
	zones, err := r.Zones()
	if err != nil {
		return err
	}
	groups, err := r.Groups()
	if err != nil {
		return err
	}
	credentials, err := r.Credentials()
	if err != nil {
		return err
	}
	stored := map[string]bool{}
	var changes []store.Change
	add := func(rec store.Record, known int64, rev int64) {
		stored[rec.RecordUUID()] = true
		if known != rev {
			changes = append(changes, store.Change{Kind: rec.Kind(), UUID: rec.RecordUUID(), Record: rec})
		}
	}
	for _, z := range zones {
		add(z, b.zoneRevs[z.UUID], z.Revision)
	}
	for _, g := range groups {
		add(g, b.groupRevs[g.UUID], g.Revision)
	}
	for _, c := range credentials {
		add(c, b.credentialRevs[c.UUID], c.Revision)
	}
	for kind, known := range map[store.Kind]map[string]int64{
		store.KindZone: b.zoneRevs, store.KindGroup: b.groupRevs, store.KindCredential: b.credentialRevs} {
		for uuid := range known {
			if !stored[uuid] {
				changes = append(changes, store.Change{Kind: kind, UUID: uuid})
			}
		}
	}
	b.apply(changes)
	return nil
}

// apply takes changes in, and reports whether a snapshot would be another.
func (b *builder) apply(changes []store.Change) bool {
	changed, epochs := false, false
	for _, c := range changes {
		switch c.Kind {
		case store.KindZone:
			changed = true
			put(b.zones, b.zoneRevs, c, func(z *store.Zone) (*zone.Zone, int64) { return &z.Zone, z.Revision })
		case store.KindGroup:
			changed, epochs = true, true
			put(b.groups, b.groupRevs, c, func(g *store.Group) (*zone.Group, int64) { return &g.Group, g.Revision })
		case store.KindCredential:
			changed, epochs = true, true
			put(b.credentials, b.credentialRevs, c, b.open)
		}
	}
	if epochs {
		b.setEpochs()
	}
	return changed
}

// put takes one change into a map and its revisions. An object that from
// gives as nil is left out.
func put[T, R any](objects map[string]*T, revs map[string]int64, c store.Change, from func(R) (*T, int64)) {
	rec, ok := c.Record.(R)
	if !ok {
		delete(objects, c.UUID)
		delete(revs, c.UUID)
		return
	}
	o, rev := from(rec)
	revs[c.UUID] = rev
	if o == nil {
		delete(objects, c.UUID)
		return
	}
	objects[c.UUID] = o
}

// open makes the credential that signers use; nil if its secrets cannot be
// opened, so that the zones without it still get published.
func (b *builder) open(c *store.Credential) (*zone.Credential, int64) {
	secret, err := b.vault.Open(c.UUID, vault.FieldSecret, c.Secret)
	if err == nil {
		var token zone.Secret
		if token, err = b.vault.Open(c.UUID, vault.FieldToken, c.Token); err == nil {
			return &zone.Credential{UUID: c.UUID, Version: c.Version, AccessKey: c.AccessKey, Secret: secret, Token: token}, c.Revision
		}
	}
	b.log.Error("leave out a credential; its origin cannot sign until the secret is given again",
		"error", err, "credential", c.UUID, "origin", c.PrivateTo)
	return nil, c.Revision
}

// setEpochs gives each group its negative epoch. A group whose epoch moved is
// copied, as the old one may be in a snapshot.
func (b *builder) setEpochs() {
	for uuid, g := range b.groups {
		epoch := b.groupRevs[uuid]
		for i := range g.Origins {
			epoch = max(epoch, b.credentialRevs[g.Origins[i].Credential])
		}
		if g.NegativeEpoch != epoch {
			moved := *g
			moved.NegativeEpoch = epoch
			b.groups[uuid] = &moved
		}
	}
}

// snapshot returns what b says, as of a revision.
func (b *builder) snapshot(rev int64) *zone.Snapshot {
	return &zone.Snapshot{Revision: rev,
		Zones: maps.Clone(b.zones), Groups: maps.Clone(b.groups), Credentials: maps.Clone(b.credentials)}
}
