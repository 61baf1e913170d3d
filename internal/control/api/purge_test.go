package api

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A recordingEdge applies everything at once and tells what it got.
type recordingEdge struct {
	snapshots chan *zone.Snapshot
	purges    chan *link.Purge
}

func newRecordingEdge() *recordingEdge {
	return &recordingEdge{make(chan *zone.Snapshot, 100), make(chan *link.Purge, 100)}
}

func (e *recordingEdge) Apply(s *zone.Snapshot) { e.snapshots <- s }

func (e *recordingEdge) Purge(p *link.Purge) link.PurgeResult {
	e.purges <- p
	return link.PurgeResult{Objects: 3, Bytes: 4096}
}

// finished asks until the purge at path is no longer running.
func (f *fixture) finished(path string) answer {
	for {
		if a := f.must(200, "GET", path, ""); a.str("state") != "running" {
			return a
		}
	}
}

func TestPurge(t *testing.T) {
	f := start(t)
	e := newRecordingEdge()
	f.run(e)
	a := f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com","*.b.example.com"]}`)
	z := "/cdn/zones/" + a.str("uuid")
	tests := []struct {
		name, body string
		urls       []string // nil: all
		status     int
		faults     string
	}{
		{name: "all", body: `{"all":true}`, status: 202},
		{name: "all, with defaults", body: `{"all":true,"urls":[],"prefixes":[],"soft":false}`, status: 202},
		{name: "paths and URLs", status: 202,
			body: `{"urls":["/x?y=1","http://A.example.com:8080/z","https://c.b.example.com","/tour/München 1.jpg","http://1.localhost/s","/?q"]}`,
			urls: []string{"/x?y=1", "/z", "/", "/tour/M%C3%BCnchen%201.jpg", "/s", "/?q"}},
		{name: "nothing", body: `{}`, status: 422, faults: "urls:exclusive"},
		{name: "empty list", body: `{"urls":[]}`, status: 422, faults: "urls:exclusive"},
		{name: "both", body: `{"all":true,"urls":["/x"]}`, status: 422, faults: "all:exclusive"},
		{name: "soft", body: `{"all":true,"soft":true}`, status: 422, faults: "soft:unsupported"},
		{name: "prefixes", body: `{"prefixes":["/x"]}`, status: 422, faults: "prefixes:unsupported"},
		{name: "bad lines", status: 422, body: `{"urls":["x","/ok","ftp://a.example.com/","https://other.example.com/x","/%zz","/x#y","/a\nb","","https://b.example.com/"]}`,
			faults: "urls.0:bad_format urls.2:bad_format urls.3:bad_format urls.4:bad_format urls.5:bad_format urls.6:bad_format urls.7:bad_format urls.8:bad_format"},
		{name: "wrong type", body: `{"urls":"/x"}`, status: 422, faults: "urls:bad_type"},
		{name: "too many", body: `{"urls":[` + strings.Repeat(`"/x",`, 10000) + `"/x"]}`, status: 422, faults: "urls:too_many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do("POST", z+"/purge", tt.body)
			if a.status != tt.status || a.codes() != tt.faults {
				t.Fatalf("POST purge %.200s = %d %q; want %d %q", tt.body, a.status, a.codes(), tt.status, tt.faults)
			}
			if tt.status != 202 {
				return
			}
			got := <-e.purges
			if got.All != (tt.urls == nil) || !cmp.Equal(got.URLs, tt.urls) {
				t.Errorf("the edge got %+v; want URLs %q", got, tt.urls)
			}
			done := f.finished(a.header.Get("Location"))
			if done.str("state") != "done" || done.at("edges.total") != 1.0 || done.at("edges.done") != 1.0 ||
				done.str("edge_results.0.name") != "par1" || done.at("edge_results.0.objects") != 3.0 || done.str("finished_at") == "" {
				t.Errorf("finished purge = %s", done.text)
			}
		})
	}
	list := f.must(200, "GET", z+"/purges?limit=2&state=done", "")
	if list.at("total") != 3.0 || list.at("items.0.id") != 3.0 || len(list.at("items.0.urls").([]any)) != 6 {
		t.Errorf("purges = %s", list.text)
	}
	rest := f.must(200, "GET", z+"/purges?limit=2&state=done&cursor="+list.str("next_cursor"), "")
	if rest.at("items.0.id") != 1.0 || rest.at("next_cursor") != nil {
		t.Errorf("second page = %s", rest.text)
	}
	f.must(204, "DELETE", z, "")
	f.must(404, "GET", z+"/purges", "")
}

// What is answered as written reaches the edge, secrets opened, and its word
// that it applied it comes back.
func TestPropagation(t *testing.T) {
	f := start(t)
	e := newRecordingEdge()
	f.run(e)
	z, o := f.zone("a.example.com")
	a := f.must(200, "PATCH", o, `{"s3_access_key":"AKTWO","s3_secret_key":"`+secretTwo+`"}`)
	revision := a.at("propagation.revision")
	p := f.must(200, "GET", z+"/propagation?wait=30", "")
	if p.at("complete") != true || p.at("edges_total") != 1.0 || p.at("edges_applied") != 1.0 || p.at("revision") != revision || p.at("slowest_edge") != nil {
		t.Errorf("propagation = %s; want revision %v everywhere", p.text, revision)
	}
	var last *zone.Snapshot
	for len(e.snapshots) > 0 {
		last = <-e.snapshots
	}
	uuid := strings.TrimPrefix(z, "/cdn/zones/")
	origin := last.Groups[last.Zones[uuid].Group].Origins[0]
	if c := last.Credentials[origin.Credential]; c == nil || c.AccessKey != "AKTWO" || c.Secret.Reveal() != secretTwo || c.Version != 2 {
		t.Errorf("the edge's credential = %+v; want the rotated one", c)
	}
	if a := f.must(200, "GET", z, ""); a.str("status") != "active" {
		t.Errorf("status = %q; want active", a.str("status"))
	}
	edges := f.must(200, "GET", "/cdn/edges", "")
	if edges.str("items.0.name") != "par1" || edges.str("items.0.state") != "live" || edges.at("items.0.revision").(float64) < revision.(float64) {
		t.Errorf("edges = %s", edges.text)
	}
}

// An edge that is behind is named, and the zone says so.
func TestPropagationOfASlowEdge(t *testing.T) {
	f := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() { done <- f.hub.Run(ctx, "slow", "slow-uuid", newRecordingEdge()) }()
	for changed := f.hub.Changed(); len(f.hub.Edges()) == 0; changed = f.hub.Changed() {
		<-changed
	}
	z, _ := f.zone("a.example.com")
	a := f.must(200, "GET", z, "")
	if a.str("status") != "processing" || a.str("propagation.slowest_edge.name") != "slow" || a.at("propagation.complete") != false {
		t.Errorf("zone with a slow edge = %s", a.text)
	}
	if list := f.must(200, "GET", "/cdn/zones?status=processing", ""); list.at("total") != 1.0 {
		t.Errorf("processing zones = %s", list.text)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
