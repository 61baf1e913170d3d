package journal

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// What the journal exports. zone is a UUID, empty for unknown hosts.
var (
	requestsDesc = desc("requests_total", "Requests answered, by what the cache did and class of status.", "zone", "result", "class")
	sentDesc     = desc("sent_bytes_total", "Body bytes sent to viewers.", "zone")
	cutDesc      = desc("replies_cut_total", "Replies that ended before their last byte.", "zone")
	refusedDesc  = desc("requests_refused_total", "Requests whose head could not be understood, by class of status.", "class")
	fetchesDesc  = desc("origin_fetches_total", "Requests sent to origins.", "zone")
	receivedDesc = desc("origin_received_bytes_total", "Body bytes received from origins.", "zone")
	faultsDesc   = desc("origin_faults_total", "Fetches that gave nothing to pass on, by code of the error catalogue.", "zone", "code")
	purgesDesc   = desc("purges_applied_total", "Purges applied.", "zone")
	damagedDesc  = desc("origin_damaged_objects_total", "Objects not stored, as they differ from a digest that came with them.", "zone")
	budgetDesc   = desc("cache_budget_bytes", "Bytes that the memory cache may hold.")
	bytesDesc    = desc("cache_bytes", "Bytes that the memory cache holds.")
	objectsDesc  = desc("cache_objects", "Objects that the memory cache holds.")
	evictedDesc  = desc("cache_evicted_objects_total", "Objects that left the memory cache to make room.")
	zoneBytes    = desc("cache_zone_bytes", "Bytes that the memory cache holds of a zone.", "zone")
	zoneObjects  = desc("cache_zone_objects", "Objects that the memory cache holds of a zone.", "zone")
	tagsDesc     = desc("cache_tags_dropped_total", "Purge tags of responses that were ignored: malformed, or beyond 256 of one object.")
	droppedDesc  = desc("access_log_dropped_lines_total", "Access log lines lost, as their writer was too slow or refused them.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cistern_"+name, help, labels, nil)
}

var _ prometheus.Collector = (*Journal)(nil)

// Describe implements prometheus.Collector.
func (j *Journal) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		requestsDesc, sentDesc, cutDesc, refusedDesc, fetchesDesc, receivedDesc, faultsDesc, purgesDesc, damagedDesc,
		budgetDesc, bytesDesc, objectsDesc, evictedDesc, zoneBytes, zoneObjects, tagsDesc, droppedDesc,
	} {
		out <- d
	}
}

// maxZeroed bounds the zones whose series begin before their first event: some
// forty each. In an installation with more, a zone is exported from its first
// request on, and a series of it from its first event.
const maxZeroed = 1000

// Collect implements prometheus.Collector. Series of zones that exist begin at
// 0, so that increase() sees the first event, but for what hardly ever happens:
// that is exported once it has.
func (j *Journal) Collect(out chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	zones, existing := *j.zones.Load(), *j.existing.Load()
	for id, c := range zones {
		_, zeroed := existing[id]
		c.collect(id, zeroed, count)
	}
	var untouched counters
	for id := range existing {
		if zones[id] == nil {
			untouched.collect(id, true, count)
		}
	}
	for class := range j.refused {
		if n := j.refused[class].Load(); n > 0 || class == 4 || class == 5 {
			count(refusedDesc, n, classNames[class])
		}
	}
	if j.Cache != nil {
		cache := j.Cache()
		gauge(budgetDesc, cache.Budget)
		gauge(bytesDesc, cache.Bytes)
		gauge(objectsDesc, cache.Objects)
		count(evictedDesc, uint64(max(cache.Evicted, 0)))
		count(tagsDesc, uint64(max(cache.DroppedTags, 0)))
		for _, z := range cache.Zones {
			gauge(zoneBytes, z.Bytes, z.UUID)
			gauge(zoneObjects, z.Objects, z.UUID)
		}
	}
	if j.Log != nil {
		count(droppedDesc, j.Log.Dropped())
	}
}

var classNames = [statusClasses]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

// collect exports the counters of a zone, the usual ones also if they are 0 if
// zeroed is set.
func (c *counters) collect(id string, zeroed bool, count func(*prometheus.Desc, uint64, ...string)) {
	var requests [flow.Results][statusClasses]uint64
	var sent, cut uint64
	for i := range c.shards {
		s := &c.shards[i]
		for result := range requests {
			for class := range requests[result] {
				requests[result][class] += s.requests[result][class].Load()
			}
		}
		sent += s.sent.Load()
		cut += s.cut.Load()
	}
	for result := range requests {
		for class, n := range requests[result] {
			if n > 0 || zeroed && usual(flow.Result(result), class) {
				count(requestsDesc, n, id, resultName(flow.Result(result)), classNames[class])
			}
		}
	}
	count(sentDesc, sent, id)
	count(cutDesc, cut, id)
	count(fetchesDesc, c.sent.Load(), id)
	count(receivedDesc, c.received.Load(), id)
	count(purgesDesc, c.purges.Load(), id)
	if n := c.damaged.Load(); n > 0 {
		count(damagedDesc, n, id)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	for code, n := range c.faults {
		count(faultsDesc, n, id, code)
	}
	if !zeroed {
		return
	}
	for _, code := range usualFaults {
		if _, ok := c.faults[string(code)]; !ok {
			count(faultsDesc, 0, id, string(code))
		}
	}
}

// usualFaults are those whose first event somebody wants to hear of, and that
// most zones may meet.
var usualFaults = [...]catalog.Origin{
	catalog.OriginSecretWrong, catalog.OriginKeyUnknown, catalog.OriginRegionWrong, catalog.OriginAccessDenied,
	catalog.OriginBucketMissing, catalog.OriginOriginBusy, catalog.OriginOriginError,
	catalog.OriginDNSFailed, catalog.OriginConnectFailed, catalog.OriginTLSFailed,
	catalog.OriginConnectionCut, catalog.OriginTimeout,
}

// usual reports whether answers of a class of status are to be expected with a
// result.
func usual(r flow.Result, class int) bool {
	switch r {
	case flow.ResultHit:
		return 2 <= class && class <= 4
	case flow.ResultMiss, flow.ResultBypass:
		return 2 <= class && class <= 5
	case flow.ResultStale, flow.ResultRevalidated:
		return class == 2 || class == 3
	case flow.ResultError:
		return class == 4 || class == 5
	case flow.ResultNone:
		return class == 4
	}
	return false
}

func resultName(r flow.Result) string {
	if r == flow.ResultNone {
		return "none"
	}
	return strings.ToLower(r.String())
}
