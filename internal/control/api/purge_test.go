package api

import (
	"context"
	"slices"
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
		want       link.Purge // what the edge gets, besides its numbers
		status     int
		faults     string
	}{
		{name: "all", body: `{"all":true}`, status: 202, want: link.Purge{All: true}},
		{name: "all, with defaults", body: `{"all":true,"urls":[],"prefixes":[],"tags":null,"soft":false,"dry_run":null}`, status: 202, want: link.Purge{All: true}},
		{name: "paths and URLs", status: 202,
			body: `{"urls":["/x?y=1","http://A.example.com:8080/z","https://c.b.example.com","/tour/München 1.jpg","http://1.localhost/s","/?q"]}`,
			want: link.Purge{URLs: []string{"/x?y=1", "/z", "/", "/tour/M%C3%BCnchen%201.jpg", "/s", "/?q"}}},
		{name: "nothing", body: `{}`, status: 422, faults: "urls:exclusive"},
		{name: "empty list", body: `{"urls":[],"tags":[]}`, status: 422, faults: "urls:exclusive"},
		{name: "not all", body: `{"all":false,"soft":true}`, status: 422, faults: "urls:exclusive"},
		{name: "URLs and all", body: `{"all":true,"urls":["/x"]}`, status: 422, faults: "all:exclusive"},
		{name: "three lists", body: `{"urls":["/x"],"prefixes":["/x"],"tags":["x"]}`, status: 422, faults: "prefixes:exclusive tags:exclusive"},
		{name: "a wrong list and another", body: `{"urls":5,"tags":["x"]}`, status: 422, faults: "tags:exclusive urls:bad_type"},
		{name: "bad lines", status: 422, body: `{"urls":["x","/ok","ftp://a.example.com/","https://other.example.com/x","/%zz","/x#y","/a\nb","","https://b.example.com/"]}`,
			faults: "urls.0:bad_format urls.2:bad_format urls.3:bad_format urls.4:bad_format urls.5:bad_format urls.6:bad_format urls.7:bad_format urls.8:bad_format"},
		{name: "wrong type", body: `{"urls":"/x"}`, status: 422, faults: "urls:bad_type"},
		{name: "too many", body: `{"urls":[` + strings.Repeat(`"/x",`, 10000) + `"/x"]}`, status: 422, faults: "urls:too_many"},

		{name: "soft", body: `{"urls":["/x"],"soft":true}`, status: 202, want: link.Purge{URLs: []string{"/x"}, Soft: true}},
		{name: "dry run", body: `{"all":true,"dry_run":true}`, status: 202, want: link.Purge{All: true, DryRun: true}},
		{name: "switches of a wrong type", body: `{"all":true,"soft":"yes","dry_run":1}`, status: 422, faults: "dry_run:bad_type soft:bad_type"},
		{name: "prefixes", status: 202, body: `{"prefixes":["/img/","/img*","/","/*","/tour/M\u00fc 1/*","/a%20b/?v=*#x","/%2A%2a"],"soft":true}`,
			want: link.Purge{Prefixes: []string{"/img/", "/img", "/", "/", "/tour/M%C3%BC%201/", "/a%20b/", "/%2A%2a"}, Soft: true}},
		{name: "bad prefixes", status: 422, body: `{"prefixes":["","*","img/","https://a.example.com/img/","/a*b","/**","/%zz","/a#b","/a\nb"]}`,
			faults: "prefixes.0:bad_format prefixes.1:bad_format prefixes.2:bad_format prefixes.3:bad_format prefixes.4:bad_format " +
				"prefixes.5:bad_format prefixes.6:bad_format prefixes.7:bad_format prefixes.8:bad_format"},
		{name: "most prefixes", body: `{"prefixes":[` + strings.Repeat(`"/x",`, 999) + `"/x"],"dry_run":true}`, status: 202,
			want: link.Purge{Prefixes: slices.Repeat([]string{"/x"}, 1000), DryRun: true}},
		{name: "too many prefixes", body: `{"prefixes":[` + strings.Repeat(`"/x",`, 1000) + `"/x"]}`, status: 422, faults: "prefixes:too_many"},
		{name: "tags", status: 202, body: `{"tags":["article-7","a,b","~!","` + strings.Repeat("t", 128) + `"]}`,
			want: link.Purge{Tags: []string{"article-7", "a,b", "~!", strings.Repeat("t", 128)}}},
		{name: "bad tags", status: 422, body: `{"tags":["","a b","ok","\u00e4","` + strings.Repeat("t", 129) + `","\u007f"]}`,
			faults: "tags.0:bad_format tags.1:bad_format tags.3:bad_format tags.4:bad_format tags.5:bad_format"},
		{name: "tags of a wrong type", body: `{"tags":"x"}`, status: 422, faults: "tags:bad_type"},
		{name: "too many tags", body: `{"tags":[` + strings.Repeat(`"x",`, 1000) + `"x"]}`, status: 422, faults: "tags:too_many"},
	}
	accepted := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do("POST", z+"/purge", tt.body)
			if a.status != tt.status || a.codes() != tt.faults {
				t.Fatalf("POST purge %.200s = %d %q; want %d %q", tt.body, a.status, a.codes(), tt.status, tt.faults)
			}
			if tt.status != 202 {
				return
			}
			accepted++
			got := *<-e.purges
			got.UUID, got.Zone, got.Revision = "", "", 0
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("the edge got (-want +got):\n%s", d)
			}
			done := f.finished(a.header.Get("Location"))
			if done.str("state") != "done" || done.at("edges.total") != 1.0 || done.at("edges.done") != 1.0 ||
				done.str("edge_results.0.name") != "par1" || done.at("edge_results.0.objects") != 3.0 || done.str("finished_at") == "" {
				t.Errorf("finished purge = %s", done.text)
			}
			for name, list := range map[string][]string{"urls": tt.want.URLs, "prefixes": tt.want.Prefixes, "tags": tt.want.Tags} {
				if got := done.at(name).([]any); len(got) != len(list) || len(list) > 0 && got[0] != list[0] {
					t.Errorf("%s of the finished purge = %v; want %q", name, got, list)
				}
			}
			if done.at("all") != tt.want.All || done.at("soft") != tt.want.Soft || done.at("dry_run") != tt.want.DryRun {
				t.Errorf("finished purge = %s; want all %v, soft %v, dry_run %v", done.text, tt.want.All, tt.want.Soft, tt.want.DryRun)
			}
		})
	}
	list := f.must(200, "GET", z+"/purges?limit=1&state=done&sort=-id", "")
	if list.at("total") != float64(accepted) || list.at("items.0.id") != float64(accepted) || list.at("items.0.tags.0") != "article-7" {
		t.Errorf("purges = %s", list.text)
	}
	rest := f.must(200, "GET", z+"/purges?limit=1&state=done&sort=-id&cursor="+list.str("next_cursor"), "")
	if rest.at("items.0.id") != float64(accepted-1) || rest.str("items.0.prefixes.0") != "/x" || rest.at("items.0.dry_run") != true {
		t.Errorf("second page = %.2000s", rest.text)
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
