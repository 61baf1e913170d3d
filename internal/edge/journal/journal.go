// Package journal accounts for what the edge did: counters for Prometheus,
// and one access log line per request when that is switched on.
//
// What an exchange adds goes to one of several shards, chosen by its
// connection, so that connections on different processors do not wait for one
// another. Recording allocates nothing, unless it is the first request of a
// zone.
package journal

import (
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Options configures a Journal. The zero value counts and logs nothing.
type Options struct {
	// Log gets a line for each exchange; nil: none does.
	Log *Log
	// Cache is asked for the cache's figures whenever the counters are read,
	// possibly concurrently; nil: they are not exported.
	Cache func() Cache
}

// Cache holds the figures of the cache.
type Cache struct {
	Budget, Bytes, Objects int64
	Evicted                int64 // objects, since the start
	DroppedTags            int64 // purge tags that were ignored, since the start
	Zones                  []ZoneCache
}

// ZoneCache are the figures of one zone of which something is stored.
type ZoneCache struct {
	UUID           string
	Bytes, Objects int64
}

// A Journal counts what one edge does. It is a prometheus.Collector; an edge
// has one, and edges that share a registry wrap theirs in a label. All methods
// are safe for concurrent use.
type Journal struct {
	Options
	shards uint32 // of each zone, a power of two

	refused [statusClasses]atomic.Uint64 // requests that never became an exchange

	mu    sync.Mutex                           // guards changes of what follows
	zones atomic.Pointer[map[string]*counters] // by UUID, "" for unknown hosts; immutable
	// existing are the zones of the configuration whose series begin at 0.
	existing atomic.Pointer[map[string]struct{}] // immutable
}

// statusClasses counts 1xx to 5xx, with everything else at 0.
const statusClasses = 6

// counters are those of one zone.
type counters struct {
	shards []shard

	sent     atomic.Uint64 // requests to origins
	received atomic.Uint64 // body bytes from them
	purges   atomic.Uint64
	damaged  atomic.Uint64 // objects that differ from their digest

	mu     sync.Mutex        // guards faults
	faults map[string]uint64 // by catalogue code
}

// A shard holds what every exchange adds to. It fills whole cache lines, and
// one more keeps its neighbour's apart, since processors fetch lines in pairs.
type shard struct {
	requests [flow.Results][statusClasses]atomic.Uint64
	sent     atomic.Uint64 // body bytes to viewers
	cut      atomic.Uint64 // replies that ended early
	_        [64 + (64-shardBytes%64)%64]byte
}

const shardBytes = (int(flow.Results)*statusClasses + 2) * 8

// New returns a journal that has counted nothing.
func New(o Options) *Journal {
	j := &Journal{Options: o, shards: shardCount()}
	j.zones.Store(&map[string]*counters{})
	j.existing.Store(&map[string]struct{}{})
	return j
}

// shardCount is twice the processors, so that two connections that run at the
// same time seldom share a shard, but at least 4 and at most 16: a zone pays
// half a kilobyte for each.
func shardCount() uint32 {
	n := uint32(4)
	for n < 16 && int(n) < 2*runtime.GOMAXPROCS(0) {
		n *= 2
	}
	return n
}

// Record accounts for an exchange that is done: sent body bytes have gone to
// the viewer, and err tells that the reply was cut.
func (j *Journal) Record(x *flow.Exchange, sent int64, err error) {
	id := ""
	if x.Site != nil {
		id = x.Site.Zone.UUID
	}
	at := shardOf(x)
	s := &j.zone(id).shards[at&(j.shards-1)]
	s.requests[x.Result][classOf(x.Reply.Status)].Add(1)
	s.sent.Add(uint64(max(sent, 0)))
	if err != nil {
		s.cut.Add(1)
	}
	if j.Log != nil {
		j.Log.record(at, x, sent, err)
	}
}

// Refused counts a request that was answered with status before it became an
// exchange, as its head could not be understood.
func (j *Journal) Refused(status int) { j.refused[classOf(status)].Add(1) }

// Sent counts a request that went out to an origin of site.
func (j *Journal) Sent(site *flow.Site) { j.zone(site.Zone.UUID).sent.Add(1) }

// Fetched counts what a fetch from an origin of site has brought: bytes of
// body, and its fault if it is not nil.
func (j *Journal) Fetched(site *flow.Site, fault *flow.Fault, bytes int64) {
	c := j.zone(site.Zone.UUID)
	c.received.Add(uint64(max(bytes, 0)))
	if fault == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults == nil {
		c.faults = make(map[string]uint64)
	}
	c.faults[string(fault.Code)]++
}

// Damaged counts an object of site that differs from its own digest.
func (j *Journal) Damaged(site *flow.Site) { j.zone(site.Zone.UUID).damaged.Add(1) }

// Purged counts a purge of a zone that is in force.
func (j *Journal) Purged(zone string) { j.zone(zone).purges.Add(1) }

// Retain takes note of the zones that exist: the series of those that s has
// begin at 0, and others are forgotten, so that a deleted zone does not stay in
// the counters for ever.
func (j *Journal) Retain(s *zone.Snapshot) {
	j.mu.Lock()
	defer j.mu.Unlock()
	zones := maps.Clone(*j.zones.Load())
	maps.DeleteFunc(zones, func(id string, _ *counters) bool {
		_, ok := s.Zones[id]
		return !ok && id != ""
	})
	j.zones.Store(&zones)
	existing := make(map[string]struct{})
	if len(s.Zones) <= maxZeroed {
		for id := range s.Zones {
			existing[id] = struct{}{}
		}
	}
	j.existing.Store(&existing)
}

// zone returns the counters of a zone, making them at its first request.
func (j *Journal) zone(id string) *counters {
	if c := (*j.zones.Load())[id]; c != nil {
		return c
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if c := (*j.zones.Load())[id]; c != nil {
		return c
	}
	c := &counters{shards: make([]shard, j.shards)}
	zones := maps.Clone(*j.zones.Load())
	zones[id] = c
	j.zones.Store(&zones)
	return c
}

// shardOf spreads connections over shards. Each has its own Exchange that it
// uses again and again, so its address names the connection.
func shardOf(x *flow.Exchange) uint32 {
	return uint32(uint64(uintptr(unsafe.Pointer(x))) * 0x9e3779b97f4a7c15 >> 32)
}

func classOf(status int) int {
	if class := status / 100; class > 0 && class < statusClasses {
		return class
	}
	return 0
}
