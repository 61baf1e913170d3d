package zone

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// What was stored before a setting existed lacks it.
func TestReadEarlierRecord(t *testing.T) {
	const stored = `{"uuid":"u","id":1,"account_uuid":"a","name":"media","hostnames":["cdn.example.com"],"active":true,"group_uuid":"g",
		"origin":{"connect_timeout":2000000000,"read_timeout":30000000000,"allowed_prefixes":["/a/"]},
		"cache":{"default_ttl":60,"negative_ttl":0},
		"delivery":{"dot_segments":"raw","plus_as_space":true},
		"access":{"public_ack":true}}`
	want := Default()
	want.UUID, want.ID, want.Account, want.Name, want.Group = "u", 1, "a", "media", "g"
	want.Hostnames = []string{"cdn.example.com"}
	want.Origin.ConnectTimeout, want.Origin.AllowedPrefixes = 2e9, []string{"/a/"}
	want.Cache.DefaultTTL, want.Cache.NegativeTTL = ptr[int64](60), 0
	want.Delivery.DotSegments, want.Delivery.PlusAsSpace = DotRaw, true
	want.Access.PublicAck = true
	var got Zone
	if err := json.Unmarshal([]byte(stored), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	if faults := got.Validate(); faults != nil {
		t.Errorf("Validate() = %v; want none", faults)
	}
}

// A value that happens to be Go's zero must not read as the default.
func TestRecordRoundTrip(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Zone)
	}{
		{name: "defaults", change: func(*Zone) {}},
		{name: "zeroes", change: func(z *Zone) {
			z.Cache = CacheSettings{DefaultTTL: ptr[int64](0), MaxTTL: ptr[int64](0), BrowserTTL: ptr[int64](0),
				StaleOn: []string{}, TagHeaders: []string{}, Query: QueryKey{Sort: ptr(false)}}
			z.Origin, z.Delivery = OriginSettings{}, DeliverySettings{AllowedMethods: []string{}}
		}},
		{name: "everything set", change: func(z *Zone) {
			z.Origin.ForwardQuery = ForwardQuery{Mode: QueryListed, Names: []string{"v"}}
			z.Cache = CacheSettings{Enabled: true, DefaultTTL: ptr[int64](1), OverrideTTL: map[string]int64{"404": 0, AnyStatus: 5},
				MinTTL: 2, MaxTTL: ptr[int64](3), BrowserTTL: ptr[int64](4), NegativeTTL: 6, Heuristic: true,
				StaleIfError: 7, StaleOn: []string{"http_503"}, StaleWhileRevalidate: 8,
				Query: QueryKey{Mode: QueryOnly, Names: []string{"v", "w"}, Sort: ptr(false)}, Key: KeyParts{Scheme: true, Host: true, Headers: []string{"X-A"}},
				SetCookie: CookieStrip, Cookies: CookiePolicy{Mode: CookiesKey, Names: []string{"lang"}}, Authorization: AuthorizationIgnore,
				RequestDirectives: DirectivesHonor, TagHeaders: []string{"X-Tag"}, Share: 9}
			z.Delivery.AllowedMethods = []string{AnyMethod}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := Default()
			tt.change(&want)
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got Zone
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("read %s (-want +got):\n%s", text, d)
			}
		})
	}
}

// Decoding writes into the default's own lists: they must be nobody else's.
func TestReadLeavesDefaults(t *testing.T) {
	var c CacheSettings
	if err := json.Unmarshal([]byte(`{"stale_on":["http_503"],"tag_headers":["X"],"override_ttl":{"404":1}}`), &c); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"error", "timeout"}, Default().Cache.StaleOn); d != "" {
		t.Errorf("Default() after reading (-want +got):\n%s", d)
	}
	if err := json.Unmarshal([]byte(`{"enabled":"yes"}`), &c); err == nil || c.StaleOn[0] != "http_503" {
		t.Errorf("read a wrong type: %v, %+v; want an error and no change", err, c)
	}
}

func TestQuerySorted(t *testing.T) {
	tests := []struct {
		query QueryKey
		want  bool
	}{
		{QueryKey{Mode: QueryAuto}, false},
		{QueryKey{Mode: QueryAll}, false},
		{QueryKey{Mode: QueryOnly}, true},
		{QueryKey{Mode: QueryExcept}, true},
		{QueryKey{Mode: QueryAll, Sort: ptr(true)}, true},
		{QueryKey{Mode: QueryOnly, Sort: ptr(false)}, false},
	}
	for _, tt := range tests {
		if got := tt.query.Sorted(); got != tt.want {
			t.Errorf("%+v.Sorted() = %v; want %v", tt.query, got, tt.want)
		}
	}
}
