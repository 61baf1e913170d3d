package edge

import (
	"math"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/cache/purge"
	"github.com/cistern-cdn/cistern/internal/edge/fill"
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Purge implements link.Edge. From its return on, and for requests that come
// after the purge is in force even before, nothing that it names is used.
func (e *Edge) Purge(p *link.Purge) (result link.PurgeResult) {
	t := e.purges.Table(p.Zone)
	record := t.Record(purgeOrder(e.table.Load().Zone(p.Zone), p, time.Now().Unix()))
	if p.DryRun {
		result.Objects, result.Bytes = e.memory.Count(t, record)
		return result
	}
	defer e.journal.Purged(p.Zone)
	t.Add(record)
	result.Objects, result.Bytes = e.memory.Sweep(t, record)
	t.Done(record)
	return result
}

// begin implements fill.Options.Begin.
func (e *Edge) begin(zoneUUID, key string) fill.Generation {
	f := e.purges.Table(zoneUUID).Begin(key)
	if site := e.table.Load().Zone(zoneUUID); site != nil {
		f.TagFields = site.Zone.Cache.TagHeaders
	}
	return f
}

// drop implements fill.Options.Drop: a purge of this edge alone, which no
// revision orders, as it comes from a request.
func (e *Edge) drop(site *flow.Site, keys [][]byte) {
	t := e.purges.Table(site.Zone.UUID)
	e.memory.Sweep(t, t.Record(&purge.Order{Revision: math.MaxInt64, Keys: keys}))
}

// retain voids what is stored of zones that are no longer served: should one
// come back, purges may have passed it by meanwhile.
func (e *Edge) retain(s *zone.Snapshot) {
	for uuid := range e.served {
		if s.Zones[uuid] == nil {
			t := e.purges.Table(uuid)
			record := t.Record(&purge.Order{Revision: s.Revision, All: true})
			t.Add(record)
			t.Done(record)
		}
	}
	e.served = s.Zones
}

// purgeOrder maps what a purge names as requests for it are mapped. What no
// request can be made for is left out, and URLs are if site is nil: then
// nothing is stored.
func purgeOrder(site *flow.Site, p *link.Purge, now int64) *purge.Order {
	o := &purge.Order{Revision: p.Revision, At: now, Soft: p.Soft, All: p.All, Tags: p.Tags}
	var rules objkey.Rules
	if site != nil {
		rules = site.Rules
		for _, target := range p.URLs {
			if key := purgeKey(site, target); key != nil {
				o.Keys = append(o.Keys, key)
			}
		}
	}
	for _, raw := range p.Prefixes {
		if prefix, ok := purgePrefix(rules, raw); ok {
			o.Prefixes = append(o.Prefixes, prefix)
		}
	}
	return o
}

// storable returns rules that refuse nothing that other settings would allow:
// it may have been stored under them, and be asked for under them again.
func storable(rules objkey.Rules) objkey.Rules {
	rules.AllowedPrefixes, rules.DotSegments = nil, objkey.DotRaw
	return rules
}

// purgeKey returns the cache key of a request for target, nil if none can be
// made.
func purgeKey(site *flow.Site, target string) []byte {
	raw, query, hasQuery := strings.Cut(target, "?")
	rules := storable(site.Rules)
	path, err := rules.AppendPath(nil, []byte(raw))
	if err != nil {
		return nil
	}
	x := flow.Exchange{Site: site, Path: path}
	x.Request.Query, x.Request.HasQuery = []byte(query), hasQuery
	if x.Normalize() != nil {
		return nil
	}
	return x.AppendKey(nil)
}

// purgePrefix returns the beginning that the strict forms of all paths have
// which begin with raw, decoded as paths are. One "*" at the end, and a
// query, are ignored.
func purgePrefix(rules objkey.Rules, raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "?")
	raw = strings.TrimSuffix(raw, "*")
	rules = storable(rules)
	rules.IndexDocument = ""
	// With one byte more a last segment ".." is the beginning of a name.
	path, err := rules.AppendPath(nil, []byte(raw+"x"))
	if err != nil {
		return "", false
	}
	return string(objkey.AppendStrict(nil, path[:len(path)-1])), true
}
