// Package publish brings the stored configuration to the edges: it follows
// the store, turns each change into a new snapshot with the secrets opened,
// and hands snapshots and purges to the link. What edges answer to purges it
// writes into the purge's record.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/link"
)

// by is who the store is told wrote the results of purges.
const by = "cistern"

const (
	keepPurges    = 30 * 24 * time.Hour // how long records of purges are kept
	sweepInterval = time.Hour
)

// Options configures a [Publisher].
type Options struct {
	Store *store.Store // required
	Vault *vault.Vault // required
	Hub   *link.Hub    // required

	Log *slog.Logger     // nil means slog.Default()
	Now func() time.Time // nil means time.Now
}

// A Publisher publishes from one store to one hub. It is safe for concurrent
// use. Use [New] to get one.
type Publisher struct {
	store *store.Store
	vault *vault.Vault
	hub   *link.Hub
	log   *slog.Logger
	now   func() time.Time

	mu sync.Mutex
	// guards dry: the UUIDs of the edges that each dry run under way is for.
	dry map[string][]string
}

// New returns a Publisher that publishes nothing before Run.
func New(o Options) *Publisher {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Publisher{store: o.Store, vault: o.Vault, hub: o.Hub, log: o.Log, now: o.Now, dry: map[string][]string{}}
}

// Run publishes until ctx is done, and then returns nil. Another error means
// that the store has failed; nothing is published any more. Run may be called
// once.
func (p *Publisher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	for _, run := range []func(context.Context) error{p.follow, p.record, p.sweep} {
		work.Go(func() { cancel(run(ctx)) })
	}
	work.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// follow publishes the stored state, and then every change.
func (p *Publisher) follow(ctx context.Context) error {
	b := newBuilder(p.vault, p.log)
	for {
		from, err := p.load(ctx, b)
		if err != nil {
			return err
		}
		err = p.store.Watch(ctx, from, func(batch store.Batch) error { return p.apply(ctx, b, batch) })
		if !errors.Is(err, store.ErrCompacted) {
			return err
		}
		p.log.Warn("read the whole configuration anew: changes since the last one are no longer kept")
	}
}

// load publishes the whole stored state, and returns its revision.
func (p *Publisher) load(ctx context.Context, b *builder) (rev int64, err error) {
	var purges []*store.Purge
	err = p.store.View(ctx, func(r *store.Reader) error {
		if err := b.load(r); err != nil {
			return err
		}
		rev = r.Revision()
		purges, err = r.Purges("")
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("publish configuration: %w", err)
	}
	p.hub.Publish(b.snapshot(rev))
	slices.SortFunc(purges, func(a, b *store.Purge) int { return int(a.Issued - b.Issued) })
	for _, purge := range purges {
		// The others are done: every edge that was live has applied them.
		if purge.State == store.JobRunning {
			if err := p.purge(ctx, purge); err != nil {
				return 0, err
			}
		}
	}
	return rev, nil
}

// apply publishes a batch of changes: purges first, as they never wait.
func (p *Publisher) apply(ctx context.Context, b *builder, batch store.Batch) error {
	for _, c := range batch.Changes {
		if c.Kind != store.KindPurge {
			continue
		}
		purge, ok := c.Record.(*store.Purge)
		if !ok {
			p.hub.Forget(c.UUID)
			continue
		}
		if purge.State == store.JobRunning && purge.Issued == purge.Revision {
			if err := p.purge(ctx, purge); err != nil {
				return err
			}
		}
	}
	if b.apply(batch.Changes) {
		p.hub.Publish(b.snapshot(batch.Revision))
	}
	return nil
}

// purge hands a purge, of which rec does not hold the list, to the edges.
func (p *Publisher) purge(ctx context.Context, rec *store.Purge) error {
	if rec.DryRun && !p.begin(rec.UUID) {
		return p.fail(ctx, rec)
	}
	order := &link.Purge{UUID: rec.UUID, Zone: rec.Zone, Revision: rec.Issued, All: rec.All, Soft: rec.Soft, DryRun: rec.DryRun}
	if !rec.All {
		err := p.store.View(ctx, func(r *store.Reader) error {
			full, err := r.Purge(rec.Zone, rec.UUID)
			if err == nil {
				order.URLs, order.Prefixes, order.Tags = full.URLs, full.Prefixes, full.Tags
			}
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil // forgotten meanwhile
		}
		if err != nil {
			return fmt.Errorf("publish purge: %w", err)
		}
	}
	p.hub.Purge(order)
	return nil
}

// begin notes which edges a dry run is for; false means that there are none.
// Those that join later do not get it.
func (p *Publisher) begin(uuid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dry[uuid] != nil {
		return true
	}
	for _, e := range p.hub.Edges() {
		if e.Live {
			p.dry[uuid] = append(p.dry[uuid], e.UUID)
		}
	}
	return p.dry[uuid] != nil
}

// fail ends a dry run that no edge is there for: it is not retained, so none
// would ever answer.
func (p *Publisher) fail(ctx context.Context, rec *store.Purge) error {
	_, err := p.store.Update(ctx, by, func(tx *store.Tx) error {
		now, err := tx.Purge(rec.Zone, rec.UUID)
		if err != nil {
			return err
		}
		if now.State == store.JobRunning {
			now.State, now.FinishedAt = store.JobFailed, p.now().UTC()
		}
		return tx.PutPurge(now)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("end dry run: %w", err)
	}
	return nil
}

// record writes what edges answer to purges into the purges' records.
func (p *Publisher) record(ctx context.Context) error {
	for {
		receipts, err := p.hub.Receipts(ctx)
		if err != nil {
			return err
		}
		byPurge := map[string][]link.Receipt{}
		for _, r := range receipts {
			byPurge[r.Purge.UUID] = append(byPurge[r.Purge.UUID], r)
		}
		for _, rs := range byPurge {
			if err := p.settle(ctx, rs); err != nil {
				return fmt.Errorf("record purge: %w", err)
			}
		}
	}
}

// settle writes receipts of one purge.
func (p *Publisher) settle(ctx context.Context, receipts []link.Receipt) error {
	purge := receipts[0].Purge
	edges, done := p.hub.Edges(), false
	if purge.DryRun {
		p.mu.Lock()
		asked := p.dry[purge.UUID]
		p.mu.Unlock()
		edges = slices.DeleteFunc(edges, func(e link.EdgeState) bool { return !slices.Contains(asked, e.UUID) })
	}
	_, err := p.store.Update(ctx, by, func(tx *store.Tx) error {
		rec, err := tx.Purge(purge.Zone, purge.UUID)
		if err != nil {
			return err
		}
		for _, r := range receipts {
			e := result(rec, r.EdgeUUID, r.EdgeName)
			if e.State != store.JobDone {
				*e = store.EdgeResult{EdgeUUID: r.EdgeUUID, Name: r.EdgeName, State: store.JobDone,
					Objects: r.Result.Objects, Bytes: r.Result.Bytes, FinishedAt: r.At.UTC()}
			}
		}
		done = true
		for _, e := range edges {
			if result(rec, e.UUID, e.Name).State != store.JobDone && e.Live {
				done = false
			}
		}
		if done && rec.State != store.JobDone {
			rec.State, rec.FinishedAt = store.JobDone, p.now().UTC()
		}
		return tx.PutPurge(rec)
	})
	if done {
		p.mu.Lock()
		delete(p.dry, purge.UUID)
		p.mu.Unlock()
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil // forgotten meanwhile
	}
	return err
}

// result returns the place for an edge's result in rec, made if need be.
func result(rec *store.Purge, uuid, name string) *store.EdgeResult {
	for i := range rec.Edges {
		if rec.Edges[i].EdgeUUID == uuid {
			return &rec.Edges[i]
		}
	}
	rec.Edges = append(rec.Edges, store.EdgeResult{EdgeUUID: uuid, Name: name, State: store.JobRunning})
	return &rec.Edges[len(rec.Edges)-1]
}

// sweep forgets old purges, now and then.
func (p *Publisher) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		if _, err := p.store.Sweep(ctx, p.now().Add(-keepPurges)); err != nil {
			return fmt.Errorf("sweep purges: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
