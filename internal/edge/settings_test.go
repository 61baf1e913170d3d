package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// website is a plain test origin that counts requests.
func website(t testing.TB, handler http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// plain makes the origin of a snapshot a plain one, and lets change alter its
// zone.
func plain(change func(*zone.Zone)) func(*zone.Snapshot) {
	return func(s *zone.Snapshot) {
		o := &s.Groups["g"].Origins[0]
		o.Auth, o.Bucket, o.Credential, o.Provider, o.Addressing = zone.AuthNone, "", "", "web", zone.AddressAuto
		if change != nil {
			change(s.Zones[zoneUUID])
		}
	}
}

func seconds(n int64) *int64 { return &n }

func (f *fixture) expect(t *testing.T, method, target, result string, fields ...string) *http.Response {
	t.Helper()
	res, _ := f.request(t, method, target, fields...)
	if got := res.Header.Get("X-Cache"); got != result {
		t.Errorf("%s %s %q: %s (%s); want %s", method, target, fields, got, res.Header.Get("Cache-Status"), result)
	}
	return res
}

// A step is a request, with what it is to find.
type step struct {
	target string
	fields []string
	result string
}

// TestCacheSettings: each setting of a zone acts, from the configuration to
// the viewer. Answers of the origin live a minute.
func TestCacheSettings(t *testing.T) {
	tests := []struct {
		name   string
		change func(*zone.Zone)
		answer http.Header
		steps  []step
	}{
		{name: "off", change: func(z *zone.Zone) { z.Cache.Enabled = false },
			steps: []step{{"/a", nil, "BYPASS"}, {"/a", nil, "BYPASS"}, {"/a", []string{"Cache-Control: only-if-cached"}, "ERROR"}}},
		{name: "query", change: func(*zone.Zone) {},
			steps: []step{{"/a?x=1", nil, "MISS"}, {"/a?x=1", nil, "HIT"}, {"/a", nil, "MISS"}, {"/a?", nil, "MISS"}, {"/a?x=1&", nil, "MISS"}}},
		{name: "no query", change: func(z *zone.Zone) { z.Origin.ForwardQuery.Mode = zone.QueryNone },
			steps: []step{{"/a?x=1", nil, "MISS"}, {"/a?x=2", nil, "HIT"}, {"/a", nil, "HIT"}}},
		{name: "only some parameters", change: func(z *zone.Zone) {
			z.Origin.ForwardQuery = zone.ForwardQuery{Mode: zone.QueryListed, Names: []string{"w"}}
			z.Cache.Query = zone.QueryKey{Mode: zone.QueryOnly, Names: []string{"w", "l"}}
		}, steps: []step{{"/a?w=1&l=2&utm=3", nil, "MISS"}, {"/a?utm=4&l=2&w=1", nil, "HIT"}, {"/a?w=1", nil, "MISS"}, {"/a?w=2&l=2", nil, "MISS"}}},
		{name: "header in the key", change: func(z *zone.Zone) { z.Cache.Key.Headers = []string{"X-Device"} },
			steps: []step{{"/a", nil, "MISS"}, {"/a", []string{"X-Device: tv"}, "MISS"}, {"/a", []string{"x-device: tv"}, "HIT"}, {"/a", nil, "HIT"}}},
		{name: "cookies forwarded", change: func(*zone.Zone) {},
			steps: []step{{"/a", []string{"Cookie: lang=de"}, "MISS"}, {"/a", []string{"Cookie: lang=fr"}, "HIT"}}},
		{name: "cookies that vary", change: func(*zone.Zone) {}, answer: http.Header{"Vary": {"Cookie"}},
			steps: []step{{"/a", []string{"Cookie: lang=de"}, "MISS"}, {"/a", []string{"Cookie: lang=fr"}, "MISS"}, {"/a", []string{"Cookie: lang=de"}, "HIT"}}},
		{name: "stripped cookies do not vary", change: func(z *zone.Zone) { z.Cache.Cookies.Mode = zone.CookiesStrip }, answer: http.Header{"Vary": {"Cookie"}},
			steps: []step{{"/a", []string{"Cookie: lang=de"}, "MISS"}, {"/a", []string{"Cookie: lang=fr"}, "HIT"}}},
		{name: "cookies in the key", change: func(z *zone.Zone) {
			z.Cache.Cookies = zone.CookiePolicy{Mode: zone.CookiesKey, Names: []string{"lang"}}
		},
			answer: http.Header{"Vary": {"Cookie"}},
			steps:  []step{{"/a", []string{"Cookie: id=1; lang=de"}, "MISS"}, {"/a", []string{"Cookie: lang=de; id=2"}, "HIT"}, {"/a", []string{"Cookie: lang=fr"}, "MISS"}}},
		{name: "set-cookie", change: func(*zone.Zone) {}, answer: http.Header{"Set-Cookie": {"a=1"}}, steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "HIT"}}},
		{name: "set-cookie passed", change: func(z *zone.Zone) { z.Cache.SetCookie = zone.CookieBypass }, answer: http.Header{"Set-Cookie": {"a=1"}},
			steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "BYPASS"}}},
		{name: "override", change: func(z *zone.Zone) { z.Cache.OverrideTTL = map[string]int64{"200": 60} }, answer: http.Header{"Cache-Control": {"max-age=0"}},
			steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "HIT"}}},
		{name: "override by nothing", change: func(z *zone.Zone) { z.Cache.OverrideTTL = map[string]int64{"any": 0} },
			steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "BYPASS"}}},
		{name: "default ttl", change: func(z *zone.Zone) { z.Cache.DefaultTTL = seconds(60) }, answer: http.Header{"Cache-Control": {"public"}},
			steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "HIT"}}},
		{name: "min ttl", change: func(z *zone.Zone) { z.Cache.MinTTL = 60 }, answer: http.Header{"Cache-Control": {"max-age=0"}},
			steps: []step{{"/a", nil, "MISS"}, {"/a", nil, "HIT"}}},
		{name: "viewer's authorization", change: func(*zone.Zone) {}, steps: []step{{"/a", []string{"Authorization: Basic x"}, "MISS"}, {"/a", nil, "BYPASS"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, _ := website(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "max-age=60")
				for name, values := range tt.answer {
					w.Header()[name] = values
				}
				fmt.Fprint(w, "hello")
			})
			f := start(t, origin, plain(tt.change))
			for _, s := range tt.steps {
				f.expect(t, "GET", s.target, s.result, s.fields...)
			}
		})
	}
}

// TestWhatIsSent: the origin sees no more of a query and of cookies than the
// zone forwards.
func TestWhatIsSent(t *testing.T) {
	tests := []struct {
		name   string
		change func(*zone.Zone)
		target string
		cookie string // as sent to the origin
		want   string // target at the origin
	}{
		{name: "default", change: func(*zone.Zone) {}, target: "/a?b=1&&a=%zz", cookie: "id=1; lang=de", want: "/a?b=1&&a=%zz"},
		{name: "empty query", change: func(*zone.Zone) {}, target: "/a?", cookie: "id=1; lang=de", want: "/a?"},
		{name: "sorted", change: func(z *zone.Zone) { sort := true; z.Cache.Query.Sort = &sort }, target: "/a?b=1&a=2", cookie: "id=1; lang=de", want: "/a?a=2&b=1"},
		{name: "listed", change: func(z *zone.Zone) {
			z.Origin.ForwardQuery = zone.ForwardQuery{Mode: zone.QueryListed, Names: []string{"w"}}
		},
			target: "/a?b=1&w=2", cookie: "id=1; lang=de", want: "/a?w=2"},
		{name: "cookies stripped", change: func(z *zone.Zone) { z.Cache.Cookies.Mode = zone.CookiesStrip }, target: "/a", want: "/a"},
		{name: "cookies in the key", change: func(z *zone.Zone) {
			z.Cache.Cookies = zone.CookiePolicy{Mode: zone.CookiesKey, Names: []string{"lang"}}
		},
			target: "/a", cookie: "lang=de", want: "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan string, 2)
			origin, _ := website(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.RequestURI; got <- r.Header.Get("Cookie") })
			f := start(t, origin, plain(tt.change))
			f.get(t, tt.target, "Cookie: id=1; lang=de")
			if target, cookie := <-got, <-got; target != tt.want || cookie != tt.cookie {
				t.Errorf("origin saw %q with cookies %q; want %q, %q", target, cookie, tt.want, tt.cookie)
			}
		})
	}
}

// TestSignedQuery: a bucket gets what the zone lists, signed, and a request
// that could be read in two ways is refused.
func TestSignedQuery(t *testing.T) {
	got := make(chan string, 10)
	origin, _ := bucket(t, func(w http.ResponseWriter, r *http.Request) { got <- r.RequestURI; fmt.Fprint(w, r.URL.RawQuery) })
	f := start(t, origin, func(s *zone.Snapshot) {
		s.Zones[zoneUUID].Origin.ForwardQuery = zone.ForwardQuery{Mode: zone.QueryListed, Names: []string{"versionId"}}
	})
	f.expect(t, "GET", "/a?versionId=x%2fy&acl", "MISS")
	if target := <-got; target != "/media/a?versionId=x%2Fy" {
		t.Errorf("origin saw %q", target)
	}
	f.expect(t, "GET", "/a?uploads&versionId=x/y", "HIT")
	f.expect(t, "GET", "/a", "MISS")
	for _, target := range []string{"/a?versionId=1&versionId=2", "/a?versionId=%zz"} {
		if res, body := f.get(t, target); res.StatusCode != 400 {
			t.Errorf("%s: %d %q; want 400", target, res.StatusCode, body)
		}
	}
}

// TestAuthorizationIgnored: with it gone on entry, the answer is for all.
func TestAuthorizationIgnored(t *testing.T) {
	origin, _ := bucket(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	f := start(t, origin, nil)
	f.expect(t, "GET", "/a", "MISS", "Authorization: Basic x")
	f.expect(t, "GET", "/a", "BYPASS")
	f = start(t, origin, func(s *zone.Snapshot) { s.Zones[zoneUUID].Cache.Authorization = zone.AuthorizationIgnore })
	f.expect(t, "GET", "/a", "MISS", "Authorization: Basic x")
	f.expect(t, "GET", "/a", "HIT")
}

// TestBrowserTTL: what browsers are told is the zone's word.
func TestBrowserTTL(t *testing.T) {
	origin, _ := bucket(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=5")
		w.Header().Set("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")
		w.Header().Set("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
		w.Header().Set("CDN-Cache-Control", "max-age=4000000000")
		fmt.Fprint(w, "hello")
	})
	f := start(t, origin, func(s *zone.Snapshot) { s.Zones[zoneUUID].Cache.BrowserTTL = seconds(60) })
	f.expect(t, "GET", "/a", "MISS")
	res := f.expect(t, "GET", "/a", "HIT")
	var age, ttl int64
	if _, err := fmt.Sscan(res.Header.Get("Age"), &age); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(res.Header.Get("Cache-Control"), "max-age=%d, public", &ttl); err != nil || ttl != age+60 || res.Header.Get("Expires") != "" {
		t.Errorf("Cache-Control %q, Expires %q at age %d; want a minute from now", res.Header.Get("Cache-Control"), res.Header.Get("Expires"), age)
	}
}
