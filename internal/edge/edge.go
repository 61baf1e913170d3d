package edge

import (
	"log/slog"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/cache/mem"
	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/fill"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/edge/journal"
	"github.com/cistern-cdn/cistern/internal/edge/origin"
	"github.com/cistern-cdn/cistern/internal/edge/route"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Options configures an Edge.
type Options struct {
	// CacheMemory is the budget of the RAM tier in bytes; 0 stores nothing.
	CacheMemory int64
	// FillBudget bounds all attempts of one fetch up to the response header.
	// Zero means 60 s.
	FillBudget time.Duration
	// BaseDomain gives zones their system name <id>.BaseDomain; empty: none.
	BaseDomain string
	// Addresses rules which private addresses may be origins; the zero value
	// permits all.
	Addresses zone.AddressPolicy
	// AccessLog gets a line for each request; nil: none does.
	AccessLog *journal.Log
	Log       *slog.Logger // nil: slog.Default
}

// An Edge is one data plane: a cache, the fetches that fill it, and the
// configuration it serves. Several may live in one process.
type Edge struct {
	Handler
	base   string
	log    *slog.Logger
	purges *purge.Zones
	memory *mem.Store
	origin *origin.Client
	served map[string]*zone.Zone // of the newest snapshot; only Apply uses it
}

var _ link.Edge = (*Edge)(nil)

// New returns an edge that serves nothing until its first snapshot.
func New(o Options) (*Edge, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	purges := purge.NewZones()
	memory, err := mem.New(o.CacheMemory, purges)
	if err != nil {
		return nil, err
	}
	e := &Edge{base: o.BaseDomain, log: o.Log, purges: purges, memory: memory}
	e.store = memory
	e.journal = journal.New(journal.Options{Log: o.AccessLog, Cache: e.cacheFigures})
	e.origin = origin.New(origin.Options{Addresses: o.Addresses, Log: o.Log, Sent: e.journal.Sent})
	e.filler = fill.New(fill.Options{
		Store: memory, Origin: e.origin, Begin: e.begin, Key: purgeKey, Drop: e.drop, Budget: o.FillBudget, Fetched: e.journal.Fetched,
		Damaged: e.damaged,
	})
	e.table.Store(route.Compile(&zone.Snapshot{}, nil, "", o.Log))
	return e, nil
}

// Abort ends all waiting for origins at once, so that no exchange blocks any
// more; those concerned get a fault. It does not wait.
func (e *Edge) Abort() { e.filler.Abort() }

// Close ends all fetches. No exchange may be in progress.
func (e *Edge) Close() error {
	e.filler.Close()
	e.origin.Close()
	return e.memory.Close()
}

func (e *Edge) cacheFigures() journal.Cache {
	s := e.memory.Stats()
	out := journal.Cache{
		Budget: s.Budget, Bytes: s.Used, Objects: s.Objects, Evicted: s.Evicted, DroppedTags: e.purges.DroppedTags(),
	}
	for _, z := range s.Zones {
		out.Zones = append(out.Zones, journal.ZoneCache{UUID: z.UUID, Bytes: z.Bytes, Objects: z.Objects})
	}
	return out
}

// damaged implements fill.Options.Damaged.
func (e *Edge) damaged(site *flow.Site, path []byte, algorithm string) {
	e.journal.Damaged(site)
	e.log.Warn("object differs from its digest", "zone", site.Zone.Name, "path", string(path), "algorithm", algorithm)
}

// Journal returns the counters of the edge, for export.
func (e *Edge) Journal() *journal.Journal { return e.journal }

// Revision returns the revision of the snapshot in force; 0: none yet.
func (e *Edge) Revision() int64 { return e.table.Load().Revision }

// Apply implements link.Edge.
func (e *Edge) Apply(s *zone.Snapshot) {
	t := route.Compile(s, e.table.Load(), e.base, e.log)
	e.origin.Apply(s)
	e.table.Store(t)
	e.journal.Retain(s)
	e.retain(s)
}

var _ flow.Handler = (*Edge)(nil)
