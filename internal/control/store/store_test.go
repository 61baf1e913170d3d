package store

import (
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// open starts a store on a new directory, for one test.
func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
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
