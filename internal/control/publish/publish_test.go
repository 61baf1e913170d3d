package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A plant is a control plane without API, for one test.
type plant struct {
	t     testing.TB
	store *store.Store
	vault *vault.Vault
	hub   *link.Hub
	pub   *Publisher
	log   *bytes.Buffer // read it after stop
	stop  func()
}

func newPlant(t testing.TB) *plant {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v, err := vault.Load(filepath.Join(t.TempDir(), "vault.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	p := &plant{t: t, store: s, vault: v}
	p.start()
	return p
}

// start runs a new Publisher and hub, as after a restart of the process.
func (p *plant) start() {
	p.log = &bytes.Buffer{}
	p.hub = link.NewHub()
	p.pub = New(Options{Store: p.store, Vault: p.vault, Hub: p.hub, Log: slog.New(slog.NewTextHandler(p.log, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.pub.Run(ctx) }()
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("Run = %v", err)
		}
	}
	p.t.Cleanup(func() { p.stop() })
}

// An edge hands on what it is given.
type edge struct {
	snapshots chan *zone.Snapshot
	purges    chan *link.Purge
	hold      chan struct{} // if set, a purge waits until it is closed
}

func (e *edge) Apply(s *zone.Snapshot) { e.snapshots <- s }

func (e *edge) Purge(p *link.Purge) link.PurgeResult {
	e.purges <- p
	if e.hold != nil {
		<-e.hold
	}
	return link.PurgeResult{Objects: 2, Bytes: 300}
}

// join runs an edge until the test ends, or stop is called.
func (p *plant) join(name string) (e *edge, stop func()) {
	e = &edge{snapshots: make(chan *zone.Snapshot, 1000), purges: make(chan *link.Purge, 1000)}
	return e, p.run(name, e)
}

// run is join for an edge that is made already.
func (p *plant) run(name string, e *edge) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.hub.Run(ctx, name, "uuid-"+name, e) }()
	stop = func() { cancel(); <-done }
	p.t.Cleanup(cancel)
	return stop
}

// at returns the first snapshot that has reached a revision.
func (e *edge) at(t testing.TB, rev int64) *zone.Snapshot {
	t.Helper()
	for {
		select {
		case s := <-e.snapshots:
			if s.Revision >= rev {
				return s
			}
		case <-t.Context().Done():
			t.Fatal("no snapshot came")
		}
	}
}

func (p *plant) update(fn func(tx *store.Tx) error) int64 {
	p.t.Helper()
	rev, err := p.store.Update(p.t.Context(), "test", fn)
	if err != nil {
		p.t.Fatal(err)
	}
	return rev
}

// ids are the records of one zone.
type ids struct{ zone, group, origin, credential string }

// addZone stores a zone with a signed origin.
func (p *plant) addZone(name, secret string) (ids, int64) {
	p.t.Helper()
	id := ids{store.NewUUID(), store.NewUUID(), store.NewUUID(), store.NewUUID()}
	rev := p.update(func(tx *store.Tx) error {
		z := &store.Zone{Zone: zone.Default()}
		z.UUID, z.Name, z.Group, z.Hostnames = id.zone, name, id.group, []string{name + ".example"}
		g := &store.Group{PrivateTo: id.zone}
		g.UUID = id.group
		o := zone.DefaultOrigin()
		o.UUID, o.URL, o.Auth, o.Credential = id.origin, "http://127.0.0.1:9000", zone.AuthSigV4, id.credential
		g.Origins = []zone.Origin{o}
		c := &store.Credential{UUID: id.credential, PrivateTo: id.origin, Version: 1, AccessKey: "AKIA",
			Secret: p.vault.Seal(id.credential, vault.FieldSecret, zone.NewSecret(secret))}
		return errors.Join(tx.PutZone(z), tx.PutGroup(g), tx.PutCredential(c))
	})
	return id, rev
}

func TestChangesReachTheEdge(t *testing.T) {
	p := newPlant(t)
	a, rev := p.addZone("a", "first-secret")
	b, rev2 := p.addZone("b", "other-secret")
	e, _ := p.join("edge")
	before := e.at(t, max(rev, rev2))
	if got := before.Credentials[a.credential]; got == nil || got.Secret.Reveal() != "first-secret" || got.Version != 1 {
		t.Fatalf("credential in the snapshot: %+v", got)
	}
	if got := before.Groups[b.group].NegativeEpoch; got != rev2 {
		t.Errorf("NegativeEpoch = %d; want %d", got, rev2)
	}

	rev = p.update(func(tx *store.Tx) error {
		c, err := tx.Credential(a.credential)
		if err != nil {
			return err
		}
		c.Version++
		c.Secret = p.vault.Seal(c.UUID, vault.FieldSecret, zone.NewSecret("second-secret"))
		return tx.PutCredential(c)
	})
	after := e.at(t, rev)
	if got := after.Credentials[a.credential]; got.Secret.Reveal() != "second-secret" || got.Version != 2 {
		t.Errorf("credential after the rotation: %+v", got)
	}
	if before.Credentials[a.credential].Secret.Reveal() != "first-secret" || before.Groups[a.group].NegativeEpoch == rev {
		t.Error("the older snapshot was changed")
	}
	if got := after.Groups[a.group].NegativeEpoch; got != rev {
		t.Errorf("NegativeEpoch after the rotation = %d; want %d", got, rev)
	}
	if after.Zones[a.zone] != before.Zones[a.zone] || after.Zones[b.zone] != before.Zones[b.zone] ||
		after.Groups[b.group] != before.Groups[b.group] || after.Credentials[b.credential] != before.Credentials[b.credential] {
		t.Error("objects that did not change are not shared")
	}

	rev = p.update(func(tx *store.Tx) error { return tx.DeleteZone(a.zone) })
	gone := e.at(t, rev)
	if gone.Zones[a.zone] != nil || gone.Groups[a.group] != nil || gone.Credentials[a.credential] != nil || gone.Zones[b.zone] == nil {
		t.Errorf("after the deletion: %d zones, %d groups, %d credentials", len(gone.Zones), len(gone.Groups), len(gone.Credentials))
	}
}

// One secret that does not open must not keep others from being published.
func TestSecretThatDoesNotOpen(t *testing.T) {
	p := newPlant(t)
	bad, _ := p.addZone("bad", "secret-1")
	good, _ := p.addZone("good", "secret-2")
	rev := p.update(func(tx *store.Tx) error {
		c, err := tx.Credential(bad.credential)
		if err != nil {
			return err
		}
		c.Secret[len(c.Secret)-1] ^= 1
		return tx.PutCredential(c)
	})
	e, _ := p.join("edge")
	s := e.at(t, rev)
	if s.Zones[bad.zone] == nil || s.Credentials[bad.credential] != nil || s.Credentials[good.credential] == nil {
		t.Errorf("snapshot: zone %v, its credential %v, the other credential %v",
			s.Zones[bad.zone] != nil, s.Credentials[bad.credential] != nil, s.Credentials[good.credential] != nil)
	}
	p.stop()
	if log := p.log.String(); !strings.Contains(log, "leave out a credential") || !strings.Contains(log, bad.origin) || strings.Contains(log, "secret-1") {
		t.Errorf("log: %s", log)
	}
}

// purgeDone waits until the record of a purge says that it is done.
func (p *plant) purgeDone(zoneUUID, uuid string) *store.Purge {
	p.t.Helper()
	return p.purgeEnd(zoneUUID, uuid, store.JobDone)
}

// purgeEnd waits until the record of a purge has a state.
func (p *plant) purgeEnd(zoneUUID, uuid string, state store.JobState) (rec *store.Purge) {
	p.t.Helper()
	read := func(r *store.Reader) (err error) {
		rec, err = r.Purge(zoneUUID, uuid)
		return err
	}
	if err := p.store.View(p.t.Context(), read); err != nil {
		p.t.Fatal(err)
	}
	if rec.State == state {
		return rec
	}
	errDone := errors.New("done")
	err := p.store.Watch(p.t.Context(), rec.Revision, func(b store.Batch) error {
		for _, c := range b.Changes {
			if r, ok := c.Record.(*store.Purge); ok && r.UUID == uuid && r.State == state {
				rec = r
				return errDone
			}
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		p.t.Fatal(err)
	}
	return rec
}

func TestPurge(t *testing.T) {
	p := newPlant(t)
	id, _ := p.addZone("a", "secret-1")
	one, _ := p.join("one")
	two, stopTwo := p.join("two")
	one.at(t, 1)
	two.at(t, 1)

	var urls []string
	for i := range 10_000 {
		urls = append(urls, fmt.Sprintf("/%d/%s?v=1", i, strings.Repeat("x", 100)))
	}
	rec := &store.Purge{Zone: id.zone, URLs: urls}
	rev, err := p.store.CreatePurge(t.Context(), "test", rec)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*edge{"one": one, "two": two} {
		got := <-e.purges
		if got.UUID != rec.UUID || got.Zone != id.zone || got.Revision != rev || got.All || len(got.URLs) != len(urls) || got.URLs[9999] != urls[9999] {
			t.Errorf("edge %s got purge %s of %d URLs at %d", name, got.UUID, len(got.URLs), got.Revision)
		}
	}
	done := p.purgeDone(id.zone, rec.UUID)
	if len(done.Edges) != 2 || done.FinishedAt.IsZero() {
		t.Fatalf("record: %+v", done.Edges)
	}
	for _, r := range done.Edges {
		if r.State != store.JobDone || r.Objects != 2 || r.Bytes != 300 || r.FinishedAt.IsZero() || r.EdgeUUID != "uuid-"+r.Name {
			t.Errorf("result: %+v", r)
		}
	}

	// An edge that left keeps nobody waiting, and stays listed.
	stopTwo()
	all := &store.Purge{Zone: id.zone, All: true}
	if _, err := p.store.CreatePurge(t.Context(), "test", all); err != nil {
		t.Fatal(err)
	}
	if got := <-one.purges; !got.All || got.URLs != nil {
		t.Errorf("purge of everything: %+v", got)
	}
	done = p.purgeDone(id.zone, all.UUID)
	if r := result(done, "uuid-two", "two"); len(done.Edges) != 2 || r.State != store.JobRunning {
		t.Errorf("results without edge two: %+v", done.Edges)
	}
}

// Every kind of purge reaches the edge as it was ordered.
func TestPurgeForms(t *testing.T) {
	p := newPlant(t)
	id, _ := p.addZone("a", "secret-1")
	e, _ := p.join("edge")
	e.at(t, 1)
	for _, rec := range []*store.Purge{
		{URLs: []string{"/a"}, Soft: true},
		{Prefixes: []string{"/a/", "/b"}},
		{Tags: []string{"x", "y"}, Soft: true},
		{Tags: []string{"x"}, DryRun: true},
		{All: true, Soft: true, DryRun: true},
	} {
		rec.Zone = id.zone
		rev, err := p.store.CreatePurge(t.Context(), "test", rec)
		if err != nil {
			t.Fatal(err)
		}
		want := &link.Purge{UUID: rec.UUID, Zone: id.zone, Revision: rev, All: rec.All, URLs: rec.URLs, Prefixes: rec.Prefixes,
			Tags: rec.Tags, Soft: rec.Soft, DryRun: rec.DryRun}
		if d := cmp.Diff(want, <-e.purges); d != "" {
			t.Errorf("the edge got (-want +got):\n%s", d)
		}
		if done := p.purgeDone(id.zone, rec.UUID); done.Edges[0].Objects != 2 || done.Soft != rec.Soft || done.DryRun != rec.DryRun {
			t.Errorf("record: %+v", done)
		}
	}
}

// An edge that joins while a dry run is under way is not asked, and keeps
// nobody waiting.
func TestDryRunAndALateEdge(t *testing.T) {
	p := newPlant(t)
	id, _ := p.addZone("a", "secret-1")
	slow := &edge{snapshots: make(chan *zone.Snapshot, 1000), purges: make(chan *link.Purge, 1000), hold: make(chan struct{})}
	p.run("slow", slow)
	slow.at(t, 1)
	rec := &store.Purge{Zone: id.zone, All: true, DryRun: true}
	if _, err := p.store.CreatePurge(t.Context(), "test", rec); err != nil {
		t.Fatal(err)
	}
	<-slow.purges
	late, _ := p.join("late")
	late.at(t, 1)
	close(slow.hold)
	if done := p.purgeDone(id.zone, rec.UUID); len(done.Edges) != 1 || done.Edges[0].Name != "slow" {
		t.Errorf("results: %+v", done.Edges)
	}
}

// A dry run counts on the edges that are there; without any it is over, as it
// waits for none.
func TestDryRunWithoutEdge(t *testing.T) {
	p := newPlant(t)
	id, _ := p.addZone("a", "secret-1")
	rec := &store.Purge{Zone: id.zone, All: true, DryRun: true}
	if _, err := p.store.CreatePurge(t.Context(), "test", rec); err != nil {
		t.Fatal(err)
	}
	if got := p.purgeEnd(id.zone, rec.UUID, store.JobFailed); got.FinishedAt.IsZero() || len(got.Edges) != 0 {
		t.Errorf("record: %+v", got)
	}
	e, _ := p.join("edge")
	next := &store.Purge{Zone: id.zone, All: true}
	if _, err := p.store.CreatePurge(t.Context(), "test", next); err != nil {
		t.Fatal(err)
	}
	if got := <-e.purges; got.UUID != next.UUID {
		t.Errorf("an edge that joined later got purge %+v", got)
	}
	// One that the end of the process broke off is over too.
	p.stop()
	broken := &store.Purge{Zone: id.zone, All: true, DryRun: true}
	if _, err := p.store.CreatePurge(t.Context(), "test", broken); err != nil {
		t.Fatal(err)
	}
	p.start()
	p.purgeEnd(id.zone, broken.UUID, store.JobFailed)
}

// A purge that nobody applied before the process ended is ordered again; one
// that is done is not.
func TestPurgeAfterRestart(t *testing.T) {
	p := newPlant(t)
	id, _ := p.addZone("a", "secret-1")
	first, leave := p.join("edge")
	old := &store.Purge{Zone: id.zone, URLs: []string{"/old"}}
	if _, err := p.store.CreatePurge(t.Context(), "test", old); err != nil {
		t.Fatal(err)
	}
	<-first.purges
	p.purgeDone(id.zone, old.UUID)
	leave()
	p.stop()
	pending := &store.Purge{Zone: id.zone, URLs: []string{"/pending"}}
	if _, err := p.store.CreatePurge(t.Context(), "test", pending); err != nil {
		t.Fatal(err)
	}
	p.start()
	e, _ := p.join("edge")
	if got := <-e.purges; got.UUID != pending.UUID {
		t.Errorf("first purge after the restart: %v; want the pending one", got.URLs)
	}
	p.purgeDone(id.zone, pending.UUID)
}

// BenchmarkPropagation measures from the start of a write to the moment when
// the edge has the snapshot, with 1,000 zones stored.
func BenchmarkPropagation(b *testing.B) {
	p := newPlant(b)
	var last ids
	for i := range 1000 {
		last, _ = p.addZone(fmt.Sprintf("z%d", i), "some-secret")
	}
	e, _ := p.join("edge")
	var writing time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		rev := p.update(func(tx *store.Tx) error {
			z, err := tx.Zone(last.zone)
			if err != nil {
				return err
			}
			z.Cache.NegativeTTL = int64(i % 3000)
			return tx.PutZone(z)
		})
		writing += time.Since(start)
		e.at(b, rev)
	}
	b.ReportMetric(float64(writing.Microseconds())/float64(b.N), "µs-write/op")
}
