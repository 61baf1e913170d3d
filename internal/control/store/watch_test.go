package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cistern-cdn/cistern/internal/zone"
)

var errEnough = errors.New("enough")

// follow watches until n changes of zones were seen, and returns them as
// "name@revision", "gone@revision" for a deletion.
func follow(t *testing.T, s *Store, from int64, n int) []string {
	t.Helper()
	var seen []string
	err := s.Watch(t.Context(), from, func(b Batch) error {
		for _, c := range b.Changes {
			if c.Kind != KindZone {
				continue
			}
			name := "gone"
			if z, ok := c.Record.(*Zone); ok {
				name = fmt.Sprint(z.Name, "@", z.Revision)
			}
			seen = append(seen, name)
		}
		if len(seen) >= n {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		t.Fatalf("Watch = %v", err)
	}
	return seen
}

func TestWatchResumes(t *testing.T) {
	s := open(t)
	a, b := newZone("acme", "a", "a.example"), newZone("acme", "b", "b.example")
	first := mustPut(t, s, a)
	second := mustPut(t, s, b)
	if _, err := s.Update(t.Context(), "test", func(tx *Tx) error { return tx.DeleteZone(a.UUID) }); err != nil {
		t.Fatal(err)
	}
	whole := []string{fmt.Sprint("a@", first), fmt.Sprint("b@", second), "gone"}
	for i, from := range []int64{0, first, second} {
		if d := cmp.Diff(whole[i:], follow(t, s, from, 3-i)); d != "" {
			t.Errorf("Watch from %d (-want +got):\n%s", from, d)
		}
	}
}

// A transaction of many records is never cut in two.
func TestWatchKeepsTransactionsWhole(t *testing.T) {
	s := open(t)
	var last int64
	for i := range 20 {
		var err error
		last, err = s.Update(t.Context(), "test", func(tx *Tx) error {
			for j := range 10 {
				c := &Credential{Account: fmt.Sprint(i), AccessKey: fmt.Sprint(j)}
				if err := tx.PutCredential(c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := s.Watch(t.Context(), 0, func(b Batch) error {
		per := map[int64]int{}
		for _, c := range b.Changes {
			per[c.Record.meta().Revision]++
		}
		for rev, n := range per {
			if n%10 != 0 {
				t.Errorf("revision %d came with %d of its records in one batch", rev, n)
			}
		}
		if b.Revision == last {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		t.Fatal(err)
	}
}

func TestWatchCompacted(t *testing.T) {
	s := open(t)
	z := newZone("acme", "a", "a.example")
	first := mustPut(t, s, z)
	z.Active = true
	last := mustPut(t, s, z)
	if _, err := s.client.Compact(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	err := s.Watch(t.Context(), first-1, func(Batch) error { return nil })
	if !errors.Is(err, ErrCompacted) {
		t.Errorf("Watch from %d = %v; want ErrCompacted", first-1, err)
	}
}

func TestWatchEnds(t *testing.T) {
	s := open(t)
	mustPut(t, s, newZone("acme", "a", "a.example"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Watch(ctx, 0, func(Batch) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Watch after cancel = %v; want context.Canceled", err)
	}
}

func TestPage(t *testing.T) {
	var items []*Zone
	for i, name := range []string{"d", "b", "a", "c", "b"} {
		items = append(items, &Zone{Zone: zone.Zone{UUID: fmt.Sprint(i), Name: name}})
	}
	byName := func(z *Zone) string { return z.Name }
	tests := []struct {
		name  string
		q     Query[*Zone]
		pages []string // all pages in order, UUIDs
		total int
	}{
		{"all", Query[*Zone]{}, []string{"01234"}, 5},
		{"by name", Query[*Zone]{Key: byName, Limit: 2}, []string{"21", "43", "0"}, 5},
		{"by name, down", Query[*Zone]{Key: byName, Descending: true, Limit: 2}, []string{"03", "14", "2"}, 5},
		{"page of all", Query[*Zone]{Key: byName, Limit: 5}, []string{"21430"}, 5},
		{"some", Query[*Zone]{Match: func(z *Zone) bool { return z.Name == "b" }, Limit: 1}, []string{"1", "4"}, 2},
		{"none", Query[*Zone]{Match: func(*Zone) bool { return false }}, []string{""}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var pages []string
			for {
				page, next, total := tt.q.Page(items)
				uuids := ""
				for _, z := range page {
					uuids += z.UUID
				}
				pages = append(pages, uuids)
				if total != tt.total {
					t.Errorf("total = %d; want %d", total, tt.total)
				}
				if tt.q.After = next; next == nil {
					break
				}
			}
			if !slices.Equal(pages, tt.pages) {
				t.Errorf("pages = %q; want %q", pages, tt.pages)
			}
		})
	}
}

func TestPurgeRecords(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s := openAt(t, func() time.Time { return now })
	z, gone := newZone("acme", "a", "a.example"), newZone("acme", "b", "b.example")
	mustPut(t, s, z)
	mustPut(t, s, gone)
	create := func(zoneUUID string, urls []string) *Purge {
		t.Helper()
		p := &Purge{Zone: zoneUUID, URLs: urls, All: urls == nil}
		rev, err := s.CreatePurge(t.Context(), "ann", p)
		if err != nil || p.Issued != rev || p.State != JobRunning || p.Account != "acme" || p.CreatedBy != "ann" {
			t.Fatalf("CreatePurge = %d, %v, %+v", rev, err, p)
		}
		return p
	}
	var urls []string
	for i := range 10_000 {
		urls = append(urls, fmt.Sprintf("/%0300d", i)) // 3 MB: more than one request of etcd takes
	}
	old := create(z.UUID, urls)
	orphan := create(gone.UUID, nil)
	now = now.Add(31 * 24 * time.Hour)
	young := create(z.UUID, []string{"/x"})
	if old.ID != 1 || young.ID != 3 {
		t.Errorf("ids %d, %d; want 1, 3", old.ID, young.ID)
	}
	_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
		p, err := tx.Purge(z.UUID, old.UUID)
		if err != nil {
			return err
		}
		if !slices.Equal(p.URLs, urls) || p.Issued != old.Issued {
			t.Errorf("purge read back: %d URLs, issued %d; want %d, %d", len(p.URLs), p.Issued, len(urls), old.Issued)
		}
		p.State = JobDone
		if err := tx.PutPurge(p); err != nil {
			return err
		}
		return tx.DeleteZone(gone.UUID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreatePurge(t.Context(), "ann", &Purge{Zone: gone.UUID, URLs: []string{"/x"}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("CreatePurge of an unknown zone = %v; want ErrNotFound", err)
	}
	if n, err := s.Sweep(t.Context(), now.Add(-30*24*time.Hour)); n != 2 || err != nil {
		t.Errorf("Sweep = %d, %v; want 2 (the old one, and that of the deleted zone %s)", n, err, orphan.Zone)
	}
	left, err := s.client.Get(t.Context(), prefix+"purge", clientv3.WithPrefix())
	if err != nil || len(left.Kvs) != 2 {
		t.Errorf("%d keys of purges are left, %v; want the young one and its URLs", len(left.Kvs), err)
	}
}

// Every kind of list comes back as it was, and survives the writing of
// results.
func TestPurgeLists(t *testing.T) {
	s := open(t)
	z := newZone("acme", "a", "a.example")
	mustPut(t, s, z)
	var long []string
	for i := range 1000 {
		long = append(long, fmt.Sprintf("/%08000d/", i)) // 8 MB
	}
	for _, want := range []*Purge{
		{Zone: z.UUID, All: true, Soft: true},
		{Zone: z.UUID, URLs: []string{"/a", "/b?c"}, DryRun: true},
		{Zone: z.UUID, Prefixes: long, Soft: true, DryRun: true},
		{Zone: z.UUID, Tags: []string{"article-7", "a,b"}},
	} {
		if _, err := s.CreatePurge(t.Context(), "ann", want); err != nil {
			t.Fatal(err)
		}
		// The publisher writes what it got from a list, thus without entries.
		_, err := s.Update(t.Context(), "test", func(tx *Tx) error {
			all, err := tx.Purges(z.UUID)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(all, func(p *Purge) bool { return p.UUID == want.UUID })
			if p := all[at]; p.URLs != nil || p.Prefixes != nil || p.Tags != nil {
				t.Errorf("a list of purges holds entries: %+v", p)
			}
			all[at].List, all[at].State = "", JobDone
			return tx.PutPurge(all[at])
		})
		if err != nil {
			t.Fatal(err)
		}
		var got *Purge
		err = s.View(t.Context(), func(r *Reader) (err error) {
			got, err = r.Purge(z.UUID, want.UUID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want.State, want.Meta = JobDone, got.Meta
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("purge %d read back (-want +got):\n%.2000s", want.ID, d)
		}
	}
}

// Lists of a purge that was never written do not outlive a restart.
func TestOrphans(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	z := newZone("acme", "a", "a.example")
	mustPut(t, s, z)
	p := &Purge{Zone: z.UUID, URLs: []string{"/x"}}
	if _, err := s.CreatePurge(t.Context(), "ann", p); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := s.client.Put(t.Context(), fmt.Sprint(purgeListPrefix("orphan"), i), `["/y"]`); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	left, err := s.client.Get(t.Context(), allPurgeLists, clientv3.WithPrefix())
	if err != nil || len(left.Kvs) != 1 || !strings.HasPrefix(string(left.Kvs[0].Key), purgeListPrefix(p.UUID)) {
		t.Errorf("lists after the restart: %v, %v; want those of the purge", left.Kvs, err)
	}
}

// Closing ends a watch, and every later call, with ErrUnavailable.
func TestClosed(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, newZone("acme", "a", "a.example"))
	began, ended := make(chan bool), make(chan error)
	go func() {
		ended <- s.Watch(t.Context(), 0, func(Batch) error { began <- true; return nil })
	}()
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrUnavailable) {
		t.Errorf("Watch = %v; want ErrUnavailable", err)
	}
	<-s.Done()
	if err := s.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Ping = %v; want ErrUnavailable", err)
	}
	_, err = s.Update(t.Context(), "test", func(tx *Tx) error { return tx.PutZone(newZone("acme", "b", "b.example")) })
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("Update = %v; want ErrUnavailable", err)
	}
}
