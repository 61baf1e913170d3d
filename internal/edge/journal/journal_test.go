package journal

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// site returns a site of a zone with this UUID.
func site(uuid string) *flow.Site { return &flow.Site{Zone: &zone.Zone{UUID: uuid}} }

// exchange returns an exchange that has been answered.
func exchange(t testing.TB, s *flow.Site, head string, status int, result flow.Result) *flow.Exchange {
	t.Helper()
	x := &flow.Exchange{
		Site:   s,
		Peer:   netip.MustParseAddr("203.0.113.7"),
		Now:    time.Date(2026, time.October, 15, 9, 30, 0, 42e6, time.UTC).UnixNano(),
		Host:   []byte("cdn.example.com"),
		Result: result,
		Reply:  flow.Reply{Status: status},
	}
	if n, err := x.Request.Parse([]byte(head), nil); n != len(head) || err != nil {
		t.Fatalf("parse %q: %d, %v", head, n, err)
	}
	return x
}

const plainHead = "GET /a.jpg HTTP/1.1\r\nHost: cdn.example.com\r\n\r\n"

// scrape returns the lines that j exports, without comments, of which keep is
// a part.
func scrape(t *testing.T, j *Journal, keep string) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(j); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && strings.Contains(line, keep) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestCounters(t *testing.T) {
	j := New(Options{
		Log: NewLog(io.Discard, Text, nil),
		Cache: func() Cache {
			return Cache{Budget: 1000, Bytes: 600, Objects: 3, Evicted: 2, DroppedTags: 5, Zones: []ZoneCache{{"a", 500, 2}}}
		},
	})
	a, b := site("a"), site("b")
	for range 3 {
		j.Record(exchange(t, a, plainHead, 200, flow.ResultHit), 100, nil)
	}
	j.Record(exchange(t, a, plainHead, 206, flow.ResultMiss), 50, nil)
	j.Record(exchange(t, a, plainHead, 502, flow.ResultError), 10, errors.New("reset"))
	j.Record(exchange(t, b, plainHead, 304, flow.ResultRevalidated), 0, nil)
	j.Record(exchange(t, nil, plainHead, 404, flow.ResultNone), 20, nil)
	j.Record(exchange(t, nil, plainHead, 999, flow.ResultNone), 0, nil)
	j.Refused(400)
	j.Refused(431)
	j.Refused(505)
	for range 2 {
		j.Sent(a)
	}
	j.Fetched(a, nil, 1500)
	j.Fetched(a, &flow.Fault{Code: "secret_wrong"}, 0)
	j.Fetched(a, &flow.Fault{Code: "secret_wrong"}, 0)
	j.Purged("b")
	j.Damaged(b)

	want := []string{
		`cistern_access_log_dropped_lines_total 0`,
		`cistern_cache_budget_bytes 1000`,
		`cistern_cache_bytes 600`,
		`cistern_cache_evicted_objects_total 2`,
		`cistern_cache_objects 3`,
		`cistern_cache_tags_dropped_total 5`,
		`cistern_cache_zone_bytes{zone="a"} 500`,
		`cistern_cache_zone_objects{zone="a"} 2`,
		`cistern_origin_damaged_objects_total{zone="b"} 1`,
		`cistern_origin_faults_total{code="secret_wrong",zone="a"} 2`,
		`cistern_origin_fetches_total{zone=""} 0`,
		`cistern_origin_fetches_total{zone="a"} 2`,
		`cistern_origin_fetches_total{zone="b"} 0`,
		`cistern_origin_received_bytes_total{zone=""} 0`,
		`cistern_origin_received_bytes_total{zone="a"} 1500`,
		`cistern_origin_received_bytes_total{zone="b"} 0`,
		`cistern_purges_applied_total{zone=""} 0`,
		`cistern_purges_applied_total{zone="a"} 0`,
		`cistern_purges_applied_total{zone="b"} 1`,
		`cistern_replies_cut_total{zone=""} 0`,
		`cistern_replies_cut_total{zone="a"} 1`,
		`cistern_replies_cut_total{zone="b"} 0`,
		`cistern_requests_refused_total{class="4xx"} 2`,
		`cistern_requests_refused_total{class="5xx"} 1`,
		`cistern_requests_total{class="2xx",result="hit",zone="a"} 3`,
		`cistern_requests_total{class="2xx",result="miss",zone="a"} 1`,
		`cistern_requests_total{class="3xx",result="revalidated",zone="b"} 1`,
		`cistern_requests_total{class="4xx",result="none",zone=""} 1`,
		`cistern_requests_total{class="5xx",result="error",zone="a"} 1`,
		`cistern_requests_total{class="other",result="none",zone=""} 1`,
		`cistern_sent_bytes_total{zone=""} 20`,
		`cistern_sent_bytes_total{zone="a"} 360`,
		`cistern_sent_bytes_total{zone="b"} 0`,
	}
	if diff := cmp.Diff(want, scrape(t, j, "")); diff != "" {
		t.Errorf("exported (-want +got):\n%s", diff)
	}
}

func TestRetainForgetsDeletedZones(t *testing.T) {
	j := New(Options{})
	for _, s := range []*flow.Site{site("a"), site("b"), nil} {
		j.Record(exchange(t, s, plainHead, 200, flow.ResultHit), 1, nil)
	}
	j.Retain(&zone.Snapshot{Zones: map[string]*zone.Zone{"b": {UUID: "b"}}})
	want := []string{`cistern_sent_bytes_total{zone=""} 1`, `cistern_sent_bytes_total{zone="b"} 1`}
	if diff := cmp.Diff(want, scrape(t, j, "sent_bytes")); diff != "" {
		t.Errorf("after Retain (-want +got):\n%s", diff)
	}
}

// The first event of a zone is an increase: its series were there before it.
func TestSeriesBeginAtZero(t *testing.T) {
	j := New(Options{})
	j.Retain(&zone.Snapshot{Zones: map[string]*zone.Zone{"a": {UUID: "a"}, "b": {UUID: "b"}}})
	j.Record(exchange(t, site("a"), plainHead, 200, flow.ResultHit), 1, nil)
	j.Record(exchange(t, site("a"), plainHead, 101, flow.ResultMiss), 1, nil)
	j.Record(exchange(t, nil, plainHead, 404, flow.ResultNone), 1, nil)
	j.Fetched(site("a"), &flow.Fault{Code: "kms_denied"}, 0)
	j.Fetched(site("a"), &flow.Fault{Code: "timeout"}, 0)

	tests := []struct{ line, want string }{
		{`requests_total{class="2xx",result="hit",zone="a"}`, "1"},
		{`requests_total{class="1xx",result="miss",zone="a"}`, "1"}, // seldom, but it was there
		{`requests_total{class="1xx",result="miss",zone="b"}`, ""},
		{`requests_total{class="2xx",result="hit",zone="b"}`, "0"},
		{`requests_total{class="5xx",result="error",zone="b"}`, "0"},
		{`requests_total{class="4xx",result="none",zone=""}`, "1"},
		{`requests_total{class="2xx",result="hit",zone=""}`, ""},
		{`origin_faults_total{code="timeout",zone="a"}`, "1"},
		{`origin_faults_total{code="kms_denied",zone="a"}`, "1"},
		{`origin_faults_total{code="kms_denied",zone="b"}`, ""},
		{`origin_faults_total{code="timeout",zone="b"}`, "0"},
		{`origin_faults_total{code="access_denied",zone="b"}`, "0"},
		{`origin_faults_total{code="timeout",zone=""}`, ""},
		{`origin_fetches_total{zone="b"}`, "0"},
		{`requests_refused_total{class="4xx"}`, "0"},
	}
	for _, tt := range tests {
		got := strings.TrimPrefix(strings.Join(scrape(t, j, tt.line), " "), "cistern_"+tt.line+" ")
		if got != tt.want {
			t.Errorf("%s = %q; want %q", tt.line, got, tt.want)
		}
	}
	if n := len(scrape(t, j, `zone="b"`)); n > 40 {
		t.Errorf("%d series of a zone that nobody asked for; want at most 40", n)
	}

	many := &zone.Snapshot{Zones: make(map[string]*zone.Zone)}
	for i := range maxZeroed + 1 {
		many.Zones[strconv.Itoa(i)] = &zone.Zone{}
	}
	j.Retain(many)
	if got := scrape(t, j, `zone="7"`); got != nil {
		t.Errorf("of one zone of very many: %q; want nothing before its first request", got)
	}
}

// Connections count at the same time, new zones come, and somebody reads.
func TestCountersConcurrently(t *testing.T) {
	const connections, requests = 8, 500
	var out bytes.Buffer
	j := New(Options{Log: NewLog(&out, JSON, nil)})
	sites := []*flow.Site{site("a"), site("b"), site("c")}
	var all sync.WaitGroup
	for range connections {
		x := exchange(t, nil, plainHead, 200, flow.ResultHit)
		all.Go(func() {
			for i := range requests {
				x.Site = sites[i%len(sites)]
				j.Record(x, 1, nil)
				j.Sent(x.Site)
				j.Fetched(x.Site, &flow.Fault{Code: "timeout"}, 1)
			}
		})
	}
	all.Go(func() {
		for range 20 {
			j.Log.Flush()
			for id, c := range *j.zones.Load() {
				c.collect(id, true, func(*prometheus.Desc, uint64, ...string) {})
			}
		}
	})
	all.Wait()
	var sent, fetched uint64
	for _, c := range *j.zones.Load() {
		for i := range c.shards {
			sent += c.shards[i].sent.Load()
		}
		fetched += c.sent.Load()
	}
	if sent != connections*requests || fetched != connections*requests {
		t.Errorf("sent %d, fetched %d; want %d of both", sent, fetched, connections*requests)
	}
	j.Log.Flush()
	if lines := bytes.Count(out.Bytes(), []byte("\n")); lines+int(j.Log.Dropped()) != connections*requests {
		t.Errorf("%d lines and %d dropped; want %d together", lines, j.Log.Dropped(), connections*requests)
	}
}

const browserHead = "GET /media/cover.jpg?v=12&Signature=AbCdEfGhIjKlMnOpQrStUvWxYz HTTP/1.1\r\n" +
	"Host: cdn.example.com\r\n" +
	"Referer: https://www.example.com/articles/private-buckets\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"

func TestRecordAllocatesNothing(t *testing.T) {
	for _, format := range []Format{Text, JSON} {
		log := NewLog(io.Discard, format, nil)
		j := New(Options{Log: log})
		x := exchange(t, site("a"), browserHead, 200, flow.ResultHit)
		x.Fault = &flow.Fault{Code: "timeout"}
		for range 300 { // until both buffers have grown
			j.Record(x, 1, nil)
			log.Flush()
		}
		if n := testing.AllocsPerRun(100, func() { j.Record(x, 1024, nil) }); n != 0 {
			t.Errorf("format %d: Record allocates %v times; want 0", format, n)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, bb := range []struct {
		name string
		log  *Log
	}{
		{"counters", nil},
		{"text", NewLog(io.Discard, Text, nil)},
		{"json", NewLog(io.Discard, JSON, nil)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			j := New(Options{Log: bb.log})
			s := site("7d3a4a1e-2b0e-4c33-9f0e-0a57a4f2c111")
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				x := exchange(b, s, browserHead, 200, flow.ResultHit)
				for i := 0; pb.Next(); i++ {
					j.Record(x, 1024, nil)
					if bb.log != nil && i%256 == 255 {
						bb.log.Flush()
					}
				}
			})
		})
	}
}
