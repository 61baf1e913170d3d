package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// open starts a store on a new directory, for one test.
func open(t *testing.T) *Store {
	t.Helper()
	return openAt(t, nil)
}

// openAt does it with a clock.
func openAt(t *testing.T, now func() time.Time) *Store {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "store"), Log: quiet, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newZone(account, name string, hosts ...string) *Zone {
	return &Zone{Zone: zone.Zone{Account: account, Name: name, Hostnames: hosts}}
}

// mustPut writes a zone in a transaction of its own.
func mustPut(t *testing.T, s *Store, z *Zone) int64 {
	t.Helper()
	rev, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(z) })
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestUpdateThenView(t *testing.T) {
	s := open(t)
	z := newZone("acme", "media", "cdn.example.com")
	rev := mustPut(t, s, z)
	if z.Meta.Revision != rev || z.ID != 1 || z.CreatedBy != "test" {
		t.Errorf("after Update: revision %d, id %d, by %q; want %d, 1, test", z.Meta.Revision, z.ID, z.CreatedBy, rev)
	}
	err := s.View(t.Context(), func(r *Reader) error {
		got, err := r.Zone(z.UUID)
		if err != nil {
			return err
		}
		if got.Name != "media" || got.Meta.Revision != rev || got.ID != 1 {
			t.Errorf("View after Update = %+v", got)
		}
		_, err = r.Zone("absent")
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("Zone(absent) = %v; want ErrNotFound", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUpdateStamps(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s := openAt(t, func() time.Time { return now })
	put := func(by string, z *Zone) int64 {
		rev, err := s.Update(t.Context(), by, func(tx *Tx) error { return tx.PutZone(z) })
		if err != nil {
			t.Fatal(err)
		}
		return rev
	}
	z := newZone("acme", "media", "cdn.example.com")
	first := put("ann", z)
	now = now.Add(time.Hour)
	if rev := put("bob", z); rev != first || z.UpdatedBy != "ann" || z.Revision != first {
		t.Errorf("writing the same again: revision %d, by %q; want no write (%d, ann)", rev, z.UpdatedBy, first)
	}
	z.Active = !z.Active
	if rev := put("bob", z); rev <= first || z.CreatedBy != "ann" || z.UpdatedBy != "bob" ||
		!z.CreatedAt.Equal(now.Add(-time.Hour)) || !z.UpdatedAt.Equal(now) {
		t.Errorf("after a change: revision %d, %+v", rev, z.Meta)
	}
	// What the caller puts into these fields does not count.
	z.ID, z.CreatedBy = 99, "mallory"
	put("bob", z)
	if z.ID != 1 || z.CreatedBy != "ann" {
		t.Errorf("id %d, created by %q; want 1, ann", z.ID, z.CreatedBy)
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	s := open(t)
	errStop := errors.New("stop")
	_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
		if err := tx.PutZone(newZone("acme", "a", "a.example")); err != nil {
			return err
		}
		// The transaction reads what it wrote.
		if zones, err := tx.Zones(); err != nil || len(zones) != 1 {
			t.Errorf("Zones inside = %v, %v; want one", zones, err)
		}
		return errStop
	})
	if err != errStop {
		t.Errorf("Update = %v; want the error of the function", err)
	}
	z := newZone("acme", "a", "a.example")
	mustPut(t, s, z)
	if z.ID != 1 {
		t.Errorf("id = %d; want 1, as the first transaction wrote nothing", z.ID)
	}
}

// Many who write the same record at once lose no write.
func TestUpdateRetries(t *testing.T) {
	s := open(t)
	z := newZone("acme", "a", "a.example")
	mustPut(t, s, z)
	const writers, writes = 8, 10
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			for range writes {
				_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
					got, err := tx.Zone(z.UUID)
					if err != nil {
						return err
					}
					got.Cache.NegativeTTL++
					return tx.PutZone(got)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	err := s.View(t.Context(), func(r *Reader) error {
		got, err := r.Zone(z.UUID)
		if err == nil && got.Cache.NegativeTTL != writers*writes {
			t.Errorf("%d writes arrived; want %d", got.Cache.NegativeTTL, writers*writes)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Of many who claim one hostname at once, one gets it; ids are unique.
func TestHostnameRace(t *testing.T) {
	s := open(t)
	var work sync.WaitGroup
	var mu sync.Mutex
	won, ids := 0, map[int64]bool{}
	for i := range 16 {
		work.Go(func() {
			z := newZone(fmt.Sprint("account", i), fmt.Sprint("zone", i), "cdn.example.com")
			_, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(z) })
			own := newZone(fmt.Sprint("account", i), fmt.Sprint("own", i), fmt.Sprintf("own%d.example.com", i))
			_, err2 := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(own) })
			mu.Lock()
			defer mu.Unlock()
			var taken *TakenError
			if err == nil {
				won++
				ids[z.ID] = true
			} else if !errors.As(err, &taken) {
				t.Error(err)
			}
			if err2 != nil || ids[own.ID] {
				t.Errorf("own zone: id %d, %v", own.ID, err2)
			}
			ids[own.ID] = true
		})
	}
	work.Wait()
	if won != 1 || len(ids) != 17 {
		t.Errorf("%d zones won the hostname, %d ids; want 1 and 17", won, len(ids))
	}
}

func TestClaims(t *testing.T) {
	tests := []struct {
		name     string
		there    string // hostname of a zone of account "acme"
		account  string
		asked    []string
		taken    []string // "index name by"
		released bool     // whether the zone there is deleted first
	}{
		{name: "free", there: "a.example.com", account: "rival", asked: []string{"b.example.com"}},
		{name: "taken", there: "a.example.com", account: "rival", asked: []string{"b.example.com", "a.example.com"}, taken: []string{"1 a.example.com a.example.com"}},
		{name: "taken in the same account", there: "a.example.com", account: "acme", asked: []string{"a.example.com"}, taken: []string{"0 a.example.com a.example.com"}},
		{name: "freed", there: "a.example.com", account: "rival", asked: []string{"a.example.com"}, released: true},
		{name: "under a wildcard", there: "*.example.com", account: "rival", asked: []string{"a.example.com"}, taken: []string{"0 a.example.com *.example.com"}},
		{name: "under the own account's wildcard", there: "*.example.com", account: "acme", asked: []string{"a.example.com"}},
		{name: "deeper than the wildcard", there: "*.example.com", account: "rival", asked: []string{"a.b.example.com", "example.com", "*.b.example.com"}},
		{name: "wildcard over a name", there: "a.example.com", account: "rival", asked: []string{"*.example.com"}, taken: []string{"0 *.example.com a.example.com"}},
		{name: "wildcard over the own account's name", there: "a.example.com", account: "acme", asked: []string{"*.example.com"}},
		{name: "same wildcard", there: "*.example.com", account: "acme", asked: []string{"*.example.com"}, taken: []string{"0 *.example.com *.example.com"}},
		{name: "address", there: "192.0.2.1", account: "rival", asked: []string{"192.0.2.1", "192.0.2.2", "*.0.2.example"}, taken: []string{"0 192.0.2.1 192.0.2.1"}},
		{name: "IPv6 address", there: "2001:db8::1", account: "rival", asked: []string{"2001:db8::1"}, taken: []string{"0 2001:db8::1 2001:db8::1"}},
		{name: "one label", there: "localhost", account: "rival", asked: []string{"localhost", "*.localhost"}, taken: []string{"0 localhost localhost"}},
		{name: "all that is taken is told", there: "*.example.com", account: "rival", asked: []string{"a.example.com", "free.example", "b.example.com"},
			taken: []string{"0 a.example.com *.example.com", "2 b.example.com *.example.com"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			there := newZone("acme", "there", tt.there)
			mustPut(t, s, there)
			if tt.released {
				if _, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.DeleteZone(there.UUID) }); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(newZone(tt.account, "new", tt.asked...)) })
			var got []string
			var taken *TakenError
			if errors.As(err, &taken) {
				for _, k := range taken.Taken {
					got = append(got, fmt.Sprint(k.Index, " ", k.Name, " ", k.By))
					if k.Zone != there.UUID || k.SameAccount != (tt.account == "acme") || taken.Kind != "hostname" {
						t.Errorf("taken: %+v", k)
					}
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.taken, got); d != "" {
				t.Errorf("PutZone(%v): %v (-want +got):\n%s", tt.asked, err, d)
			}
		})
	}
}

func TestNamesAndHostsOfOneZone(t *testing.T) {
	s := open(t)
	z := newZone("acme", "media", "a.example", "b.example")
	mustPut(t, s, z)
	rename := func(change func(*Zone)) error {
		_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
			got, err := tx.Zone(z.UUID)
			if err != nil {
				return err
			}
			change(got)
			return tx.PutZone(got)
		})
		return err
	}
	var taken *TakenError
	if _, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(newZone("acme", "media", "c.example")) }); !errors.As(err, &taken) || taken.Kind != "name" {
		t.Errorf("a second zone of that name: %v; want a *TakenError of kind name", err)
	}
	mustPut(t, s, newZone("rival", "media", "d.example")) // another account

	if err := rename(func(z *Zone) { z.Name = "video"; z.Hostnames = []string{"b.example", "e.example"} }); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, newZone("acme", "media", "a.example")) // both are free now
	if err := rename(func(z *Zone) { z.Hostnames = append(z.Hostnames, "a.example") }); !errors.As(err, &taken) || taken.Taken[0].Index != 2 {
		t.Errorf("claiming what was given away: %v; want index 2 taken", err)
	}
	err := s.View(t.Context(), func(r *Reader) error {
		for name, want := range map[string]string{"b.example": z.UUID, "e.example": z.UUID, "free.example": ""} {
			if got, err := r.HostHolder(name); err != nil || got != want {
				t.Errorf("HostHolder(%s) = %q, %v; want %q", name, got, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The largest zone changes all its hostnames in one transaction.
func TestManyHostnames(t *testing.T) {
	s := open(t)
	hosts := func(tag string) (out []string) {
		for i := range zone.MaxHostnames {
			out = append(out, fmt.Sprintf("%s.p%d.example.com", tag, i))
		}
		return out
	}
	z := newZone("acme", "media", hosts("old")...)
	mustPut(t, s, z)
	z.Hostnames = hosts("new")
	mustPut(t, s, z)
	mustPut(t, s, newZone("rival", "media", hosts("old")...))
	if _, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.DeleteZone(z.UUID) }); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, newZone("rival", "again", hosts("new")...))
}

// putSite stores a zone with a private group of two origins, each with a
// credential of its own.
func putSite(t *testing.T, s *Store) (z *Zone, g *Group, creds [2]*Credential) {
	t.Helper()
	z = newZone("acme", "media", "cdn.example.com")
	z.UUID, z.Group = NewUUID(), NewUUID()
	g = &Group{Group: zone.Group{UUID: z.Group, Account: "acme"}, PrivateTo: z.UUID}
	for i := range creds {
		o := zone.DefaultOrigin()
		o.UUID = NewUUID()
		creds[i] = &Credential{UUID: NewUUID(), Account: "acme", PrivateTo: o.UUID, Version: 1, AccessKey: "AKIA", Secret: []byte("sealed")}
		o.Credential = creds[i].UUID
		g.Origins = append(g.Origins, o)
	}
	_, err := s.Update(t.Context(), "ann", func(tx *Tx) error {
		return errors.Join(tx.PutZone(z), tx.PutGroup(g), tx.PutCredential(creds[0]), tx.PutCredential(creds[1]))
	})
	if err != nil {
		t.Fatal(err)
	}
	return z, g, creds
}

func TestFull(t *testing.T) {
	s := open(t)
	z, g, creds := putSite(t, s)
	full := func() (f *Full) {
		t.Helper()
		if err := s.View(t.Context(), func(r *Reader) (err error) { f, err = r.Full(z.UUID); return err }); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := full()
	if f.Zone.Name != "media" || len(f.Group.Origins) != 2 || len(f.Credentials) != 2 || f.Newest.Revision != z.Revision {
		t.Errorf("Full = %+v", f)
	}
	if f.Group.Origins[0].ID != 1 || f.Group.Origins[1].ID != 2 || f.Group.OriginMeta[g.Origins[1].UUID].CreatedBy != "ann" {
		t.Errorf("origins = %+v, %+v", f.Group.Origins, f.Group.OriginMeta)
	}
	// A newer credential makes the whole zone newer.
	rev, err := s.Update(t.Context(), "bob", func(tx *Tx) error {
		c, err := tx.Credential(creds[1].UUID)
		if err != nil {
			return err
		}
		c.Version++
		return tx.PutCredential(c)
	})
	if err != nil {
		t.Fatal(err)
	}
	if f = full(); f.Newest.Revision != rev || f.Newest.UpdatedBy != "bob" || f.Zone.Revision == rev {
		t.Errorf("after a rotation: newest %+v; want revision %d by bob", f.Newest, rev)
	}
	// A change of one origin is noted with that origin.
	_, err = s.Update(t.Context(), "eve", func(tx *Tx) error {
		g, err := tx.Group(z.Group)
		if err != nil {
			return err
		}
		g.Origins[1].Name = "second"
		return tx.PutGroup(g)
	})
	if err != nil {
		t.Fatal(err)
	}
	f = full()
	if m := f.Group.OriginMeta; m[g.Origins[0].UUID].UpdatedBy != "ann" || m[g.Origins[1].UUID].UpdatedBy != "eve" || m[g.Origins[1].UUID].CreatedBy != "ann" {
		t.Errorf("OriginMeta = %+v", m)
	}
	if f.Group.Origin(g.Origins[1].UUID).Name != "second" || f.Group.Origin("absent") != nil {
		t.Error("Origin does not find the origin")
	}
}

// counts returns how many records of each kind are stored.
func counts(t *testing.T, s *Store) (zones, groups, credentials int) {
	t.Helper()
	err := s.View(t.Context(), func(r *Reader) error {
		z, err := r.Zones()
		if err != nil {
			return err
		}
		g, err := r.Groups()
		if err != nil {
			return err
		}
		c, err := r.Credentials()
		zones, groups, credentials = len(z), len(g), len(c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return zones, groups, credentials
}

func TestWhatIsDeletedTogether(t *testing.T) {
	s := open(t)
	z, g, creds := putSite(t, s)
	shared := &Credential{Account: "acme"}
	_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
		if err := tx.PutCredential(shared); err != nil {
			return err
		}
		g, err := tx.Group(g.UUID)
		if err != nil {
			return err
		}
		o := zone.DefaultOrigin()
		o.Credential = shared.UUID
		g.Origins = append(g.Origins[1:], o) // the first origin goes
		return tx.PutGroup(g)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, n := counts(t, s); n != 2 {
		t.Errorf("%d credentials after an origin was removed; want its own to go, 2", n)
	}
	err = s.View(t.Context(), func(r *Reader) error {
		_, err := r.Credential(creds[0].UUID)
		return err
	})
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("credential of the removed origin: %v; want ErrNotFound", err)
	}
	if _, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.DeleteZone(z.UUID) }); err != nil {
		t.Fatal(err)
	}
	if zones, groups, n := counts(t, s); zones != 0 || groups != 0 || n != 1 {
		t.Errorf("after DeleteZone: %d zones, %d groups, %d credentials; want only the shared credential", zones, groups, n)
	}
	_, err = s.Update(t.Context(), "test", func(tx *Tx) error { return tx.DeleteZone(z.UUID) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("DeleteZone again = %v; want ErrNotFound", err)
	}
}

func TestCancelled(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Update(ctx, "test", func(tx *Tx) error { return tx.PutZone(newZone("acme", "a", "a.example")) })
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("Update = %v; want the error of the context", err)
	}
}
