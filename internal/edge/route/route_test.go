package route

import (
	"bytes"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// addZone puts an active zone with these hostnames and its group of origins
// into s. Its UUID is "z" and its id.
func addZone(s *zone.Snapshot, id int64, hostnames string, origins ...zone.Origin) *zone.Zone {
	z := zone.Default()
	z.ID, z.UUID, z.Name = id, "z"+strconv.FormatInt(id, 10), strings.Fields(hostnames + " none")[0]
	z.Hostnames, z.Active, z.Group = strings.Fields(hostnames), true, "g"+z.UUID
	s.Zones[z.UUID] = &z
	s.Groups[z.Group] = &zone.Group{UUID: z.Group, ID: 10 + id, Content: 3, Origins: origins}
	return &z
}

func newSnapshot() *zone.Snapshot {
	return &zone.Snapshot{Revision: 7, Zones: map[string]*zone.Zone{}, Groups: map[string]*zone.Group{},
		Credentials: map[string]*zone.Credential{"c1": {UUID: "c1", AccessKey: "AK"}}}
}

// bucket returns an enabled signed origin.
func bucket(name string) zone.Origin {
	o := zone.DefaultOrigin()
	o.Name, o.URL, o.Provider, o.Auth = name, "https://s3.example.com", "custom", zone.AuthSigV4
	o.Bucket, o.Addressing, o.Region, o.Credential, o.Enabled = "media", zone.AddressPath, "eu-1", "c1", true
	return o
}

func plain(name string) zone.Origin {
	o := zone.DefaultOrigin()
	o.Name, o.URL, o.Provider, o.Auth, o.Enabled = name, "https://www.example.com", "web", zone.AuthNone, true
	return o
}

// compile returns the table of s, and what was logged.
func compile(s *zone.Snapshot, old *Table) (*Table, string) {
	var log bytes.Buffer
	t := Compile(s, old, "localhost", slog.New(slog.NewTextHandler(&log, nil)))
	return t, log.String()
}

func TestSite(t *testing.T) {
	s := newSnapshot()
	addZone(s, 1, "cdn.example.com www.example.org")
	addZone(s, 2, "*.example.com a.b.example.com")
	addZone(s, 3, "*.cdn.example.com 192.0.2.1")
	s.Zones["z3"].Active = false
	table, _ := compile(s, nil)
	tests := []struct{ host, want string }{
		{"cdn.example.com", "z1"},
		{"www.example.org", "z1"},
		{"img.example.com", "z2"},
		{"a.b.example.com", "z2"},
		{"x.cdn.example.com", "z3"}, // suspended zones have sites: their requests are refused, not unknown
		{"192.0.2.1", "z3"},
		{"1.localhost", "z1"},
		{"3.localhost", "z3"},

		{"", ""},
		{"example.com", ""},
		{".example.com", ""},
		{"c.b.example.com", ""}, // a wildcard is one label deep
		{"x.y.cdn.example.com", ""},
		{"example.org", ""},
		{"localhost", ""},
		{"4.localhost", ""},
		{"01.localhost", ""},
		{"x.1.localhost", ""},
		{"com", ""},
		{"*.example.com", "z2"}, // no valid authority holds "*"; it would be one label
	}
	for _, tt := range tests {
		got := ""
		if site := table.Site([]byte(tt.host)); site != nil {
			got = site.Zone.UUID
		}
		if got != tt.want {
			t.Errorf("Site(%q) = zone %q; want %q", tt.host, got, tt.want)
		}
	}
	if table.Revision != 7 || table.Zone("z2") == nil || table.Zone("z9") != nil {
		t.Errorf("Revision = %d, Zone(z2) = %v, Zone(z9) = %v; want 7, a site, nil", table.Revision, table.Zone("z2"), table.Zone("z9"))
	}
}

func TestSiteWithoutSystemNames(t *testing.T) {
	s := newSnapshot()
	addZone(s, 1, "cdn.example.com")
	table := Compile(s, nil, "", slog.New(slog.DiscardHandler))
	for _, host := range []string{"1.", "1.localhost", "1"} {
		if table.Site([]byte(host)) != nil {
			t.Errorf("Site(%q) is there; want none without a base domain", host)
		}
	}
}

func TestSiteAllocates(t *testing.T) {
	s := newSnapshot()
	addZone(s, 1, "cdn.example.com *.example.com")
	table, _ := compile(s, nil)
	for _, host := range [][]byte{[]byte("cdn.example.com"), []byte("a.example.com"), []byte("unknown.example.org")} {
		if n := testing.AllocsPerRun(100, func() { table.Site(host) }); n != 0 {
			t.Errorf("Site(%q) allocates %v times; want 0", host, n)
		}
	}
}

func TestCompilePolicy(t *testing.T) {
	ttl := func(n int64) *int64 { return &n }
	tests := []struct {
		name   string
		origin zone.Origin
		change func(*zone.Zone)
		want   httpcache.Policy
	}{
		{name: "signed", origin: bucket("b"),
			want: httpcache.Policy{Signed: true, DefaultTTL: -1, NegativeTTL: 10, StaleIfError: 86400, Heuristic: true}},
		{name: "plain", origin: plain("w"),
			want: httpcache.Policy{DefaultTTL: -1, NegativeTTL: 10, StaleIfError: 86400, Heuristic: true}},
		{name: "lifetimes", origin: bucket("b"), change: func(z *zone.Zone) { z.Cache.DefaultTTL, z.Cache.NegativeTTL = ttl(60), 5 },
			want: httpcache.Policy{Signed: true, DefaultTTL: 60, NegativeTTL: 5, StaleIfError: 86400, Heuristic: true}},
		{name: "no lifetimes", origin: plain("w"),
			change: func(z *zone.Zone) {
				z.Cache.DefaultTTL, z.Cache.NegativeTTL, z.Cache.StaleIfError, z.Cache.Heuristic = ttl(0), 0, 0, false
			},
			want: httpcache.Policy{}},
		{name: "bounds", origin: plain("w"),
			change: func(z *zone.Zone) {
				z.Cache.MinTTL, z.Cache.MaxTTL, z.Cache.StaleWhileRevalidate, z.Cache.SetCookie = 5, ttl(0), 30, zone.CookieBypass
			},
			want: httpcache.Policy{DefaultTTL: -1, NegativeTTL: 10, MinTTL: 5, HasMaxTTL: true, StaleWhileRevalidate: 30,
				StaleIfError: 86400, Heuristic: true, SetCookie: httpcache.CookieBypass}},
		{name: "overrides", origin: plain("w"),
			change: func(z *zone.Zone) {
				z.Cache.OverrideTTL, z.Cache.SetCookie = map[string]int64{"404": 60, zone.AnyStatus: 0}, zone.CookieStrip
			},
			want: httpcache.Policy{DefaultTTL: -1, NegativeTTL: 10, StaleIfError: 86400, Heuristic: true, SetCookie: httpcache.CookieStrip,
				Override: []httpcache.StatusTTL{{Status: httpcache.AnyStatus}, {Status: 404, TTL: 60}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSnapshot()
			z := addZone(s, 1, "cdn.example.com", tt.origin)
			if tt.change != nil {
				tt.change(z)
			}
			table, _ := compile(s, nil)
			got := table.Zone("z1").Policy
			slices.SortFunc(got.Override, func(a, b httpcache.StatusTTL) int { return a.Status - b.Status })
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Policy (-want +got):\n%s", d)
			}
		})
	}
}

func TestCompileSite(t *testing.T) {
	s := newSnapshot()
	off := bucket("off")
	off.Enabled = false
	z := addZone(s, 1, "cdn.example.com", plain("web"), off)
	z.Delivery = zone.DeliverySettings{DotSegments: zone.DotRaw, PlusAsSpace: true}
	z.Origin.AllowedPrefixes = []string{"/img/"}
	table, _ := compile(s, nil)
	site := table.Zone("z1")
	if d := cmp.Diff(objkey.Rules{DotSegments: "raw", PlusAsSpace: true, AllowedPrefixes: []string{"/img/"}}, site.Rules); d != "" {
		t.Errorf("Rules (-want +got):\n%s", d)
	}
	if string(site.KeyPrefix) != "1.11.3" {
		t.Errorf("KeyPrefix = %q; want zone, group and content 1.11.3", site.KeyPrefix)
	}
	if len(site.Members) != 1 || site.Members[0].Origin.Name != "web" {
		t.Errorf("Members = %+v; want the enabled origin alone", site.Members)
	}
	if !site.Signed {
		t.Error("a site with a signed origin that is disabled is not Signed; what it stored is private")
	}
	if got := string(site.Members[0].Mapping.AppendWire(nil, []byte("/a b"))); got != "/a%20b" {
		t.Errorf("wire path of a plain origin = %q; want /a%%20b", got)
	}

	s = newSnapshot()
	addZone(s, 1, "cdn.example.com", bucket("b"))
	table, _ = compile(s, nil)
	m := table.Zone("z1").Members[0]
	if m.Credential != s.Credentials["c1"] || m.Endpoint.Region != "eu-1" {
		t.Errorf("member = %+v; want credential c1 and region eu-1", m)
	}
	if got := string(m.Mapping.AppendWire(nil, []byte("/a"))); got != "/media/a" {
		t.Errorf("wire path of a bucket = %q; want /media/a", got)
	}
}

// An origin that cannot be used, and a zone without a group, take nothing
// down but themselves.
func TestCompileBroken(t *testing.T) {
	s := newSnapshot()
	broken := bucket("broken")
	broken.URL = "ftp://nowhere"
	addZone(s, 1, "one.example.com", broken, plain("web"))
	addZone(s, 2, "two.example.com", bucket("b"))
	addZone(s, 3, "three.example.com").Group = "gone"
	table, log := compile(s, nil)
	if n := len(table.Site([]byte("one.example.com")).Members); n != 1 {
		t.Errorf("zone with a broken origin has %d members; want the other one", n)
	}
	if n := len(table.Site([]byte("two.example.com")).Members); n != 1 {
		t.Errorf("other zone has %d members; want 1", n)
	}
	if site := table.Site([]byte("three.example.com")); site == nil || site.Group == nil || len(site.Members) != 0 {
		t.Errorf("zone without a group: %+v; want a site with an empty group", site)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "origin=broken") || !strings.Contains(log, "zone=one.example.com") {
		t.Errorf("log = %q; want one line that names zone and origin", log)
	}
}

// What has not changed is not compiled again, nor complained of again.
func TestCompileKeeps(t *testing.T) {
	broken := bucket("broken")
	broken.URL = "ftp://nowhere"
	s := newSnapshot()
	addZone(s, 1, "one.example.com", bucket("b"), broken)
	addZone(s, 2, "two.example.com", plain("w"))
	addZone(s, 3, "three.example.com").Group = "gone"
	first, _ := compile(s, nil)

	tests := []struct {
		name   string
		change func(*zone.Snapshot)
		again  string // zones that are compiled anew
		logged bool
	}{
		{name: "nothing", change: func(*zone.Snapshot) {}},
		{name: "zone", change: func(s *zone.Snapshot) { z := *s.Zones["z2"]; s.Zones["z2"] = &z }, again: "z2"},
		{name: "group", change: func(s *zone.Snapshot) { g := *s.Groups["gz1"]; s.Groups["gz1"] = &g }, again: "z1", logged: true},
		{name: "credential", change: func(s *zone.Snapshot) { c := *s.Credentials["c1"]; s.Credentials["c1"] = &c }, again: "z1", logged: true},
		{name: "credential gone", change: func(s *zone.Snapshot) { delete(s.Credentials, "c1") }, again: "z1", logged: true},
		{name: "group comes", change: func(s *zone.Snapshot) { s.Groups["gone"] = &zone.Group{ID: 9} }, again: "z3"},
		{name: "group goes", change: func(s *zone.Snapshot) { delete(s.Groups, "gz2") }, again: "z2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next := newSnapshot()
			for k, v := range s.Zones {
				next.Zones[k] = v
			}
			for k, v := range s.Groups {
				next.Groups[k] = v
			}
			next.Credentials["c1"] = s.Credentials["c1"]
			tt.change(next)
			second, log := compile(next, first)
			again := ""
			for _, uuid := range []string{"z1", "z2", "z3"} {
				if second.Zone(uuid) != first.Zone(uuid) {
					again += uuid
				}
			}
			if again != tt.again || (log != "") != tt.logged {
				t.Errorf("compiled again %q, logged %q; want %q, logged %v", again, log, tt.again, tt.logged)
			}
		})
	}

	gone := newSnapshot()
	gone.Zones["z1"], gone.Groups["gz1"] = s.Zones["z1"], s.Groups["gz1"]
	table, _ := compile(gone, first)
	if table.Site([]byte("two.example.com")) != nil || table.Site([]byte("2.localhost")) != nil || table.Zone("z2") != nil {
		t.Error("a zone that was deleted is still served")
	}
}

func BenchmarkCompileUnchanged(b *testing.B) {
	s := newSnapshot()
	for id := range int64(1000) {
		addZone(s, id, "", bucket("b"))
	}
	table, _ := compile(s, nil)
	b.ReportAllocs()
	for b.Loop() {
		compile(s, table)
	}
}
