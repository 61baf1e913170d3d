package flow

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// request returns an exchange of "path?query" with these field lines, after
// Normalize.
func request(t testing.TB, s *Site, target string, lines ...httpmsg.Field) *Exchange {
	t.Helper()
	x := &Exchange{Site: s}
	path, query, has := bytes.Cut([]byte(target), []byte("?"))
	x.Path = append([]byte(nil), path...)
	x.Request.Query, x.Request.HasQuery = query, has
	x.Request.Fields = lines
	if err := x.Normalize(); err != nil {
		t.Fatalf("Normalize(%q): %v", target, err)
	}
	return x
}

func line(name, value string) httpmsg.Field {
	return httpmsg.Field{Name: []byte(name), Value: []byte(value)}
}

func TestQueryPolicy(t *testing.T) {
	all := Pick{Mode: zone.QueryAll}
	listed := func(names ...string) Pick { return Pick{Mode: zone.QueryListed, Names: names} }
	only := func(names ...string) Pick { return Pick{Mode: zone.QueryOnly, Names: names} }
	except := func(names ...string) Pick { return Pick{Mode: zone.QueryExcept, Names: names} }
	const none = "-"
	tests := []struct {
		name   string
		policy QueryPolicy
		target string
		sent   string // none: no query at all
		key    string
		err    error
	}{
		{name: "ignored", target: "/a?b=1", sent: none, key: "G1/a"},
		{name: "all", policy: QueryPolicy{Send: all}, target: "/a?b=1&&a=2&", sent: "b=1&&a=2&", key: "G1/a?b=1&&a=2&"},
		{name: "all, empty", policy: QueryPolicy{Send: all}, target: "/a?", sent: "", key: "G1/a?"},
		{name: "all, absent", policy: QueryPolicy{Send: all}, target: "/a", sent: none, key: "G1/a"},
		{name: "all, sorted", policy: QueryPolicy{Send: all, Sort: true}, target: "/a?b=1&a=2&&b=0&%61=1", sent: "a=2&%61=1&b=1&b=0", key: "G1/a?a=2&%61=1&b=1&b=0"},
		{name: "in the key only", policy: QueryPolicy{Key: all}, target: "/a?b=1&a=2", sent: none, key: "G1/a b=1&a=2"},
		{name: "only", policy: QueryPolicy{Key: only("w", "h x"), Sort: true}, target: "/a?w=2&utm=1&h+x=3&%77=1&h%20x", sent: none, key: "G1/a h+x=3&h%20x&w=2&%77=1"},
		{name: "except", policy: QueryPolicy{Key: except("utm", "é"), Sort: true}, target: "/a?z=1&utm=1&%C3%A9=2&b", sent: none, key: "G1/a b&z=1"},
		{name: "listed", policy: QueryPolicy{Send: listed("v")}, target: "/a?x=1&v=2&v=1", sent: "v=2&v=1", key: "G1/a?v=2&v=1"},
		{name: "listed, absent", policy: QueryPolicy{Send: listed("v")}, target: "/a?x=1", sent: none, key: "G1/a"},
		{name: "listed and only", policy: QueryPolicy{Send: listed("v"), Key: only("v", "l"), Sort: true}, target: "/a?v=1&l=2", sent: "v=1", key: "G1/a?v=1 l=2&v=1"},
		{name: "names have a case", policy: QueryPolicy{Send: listed("v")}, target: "/a?V=1", sent: none, key: "G1/a"},
		{name: "broken escape of a name", policy: QueryPolicy{Send: listed("v%")}, target: "/a?v%=1", sent: "v%=1", key: "G1/a?v%=1"},

		{name: "strict", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?acl&version%49d=a/b+c&x=1", sent: "versionId=a%2Fb%20c", key: "G1/a?versionId=a%2Fb%20c"},
		{name: "strict, sorted", policy: QueryPolicy{Send: listed("versionId", "x-oss-process"), Strict: true}, target: "/a?x-oss-process=p&versionId", sent: "versionId=&x-oss-process=p", key: "G1/a?versionId=&x-oss-process=p"},
		{name: "strict, none", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?acl", sent: none, key: "G1/a"},
		{name: "strict, twice", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?versionId=1&versionId=1", err: ErrRepeated},
		{name: "strict, twice by escape", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?versionId=1&versionI%64=2", err: ErrRepeated},
		{name: "strict, broken escape", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?versionId=%zz", err: ErrEscape},
		{name: "strict, others may repeat", policy: QueryPolicy{Send: listed("versionId"), Strict: true}, target: "/a?acl&acl&versionId=1", sent: "versionId=1", key: "G1/a?versionId=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := &Exchange{Site: &Site{KeyPrefix: []byte("1"), Query: tt.policy}}
			path, query, has := bytes.Cut([]byte(tt.target), []byte("?"))
			x.Path, x.Request.Query, x.Request.HasQuery = path, query, has
			if err := x.Normalize(); err != tt.err {
				t.Fatalf("Normalize = %v; want %v", err, tt.err)
			}
			if tt.err != nil {
				return
			}
			sent := none
			if x.HasQuery {
				sent = string(x.Query)
			}
			if key := string(x.AppendKey(nil)); sent != tt.sent || key != tt.key {
				t.Errorf("sent %q, key %q; want %q, %q", sent, key, tt.sent, tt.key)
			}
		})
	}
}

func TestKeyParts(t *testing.T) {
	z := &zone.Zone{}
	z.Cache.Key = zone.KeyParts{Scheme: true, Host: true, Headers: []string{"X-Device", "X-Lang"}}
	z.Cache.Cookies = zone.CookiePolicy{Mode: zone.CookiesKey, Names: []string{"lang", "ab"}}
	s := &Site{Zone: z, KeyPrefix: []byte("1"), KeyParts: true, KeyCookies: true, Cookies: zone.CookiesKey}
	x := request(t, s, "/a?b", line("X-Lang", ""), line("x-device", "tv"), line("X-Device", "4k"),
		line("Cookie", "id=7; ab=1;lang=de"), line("cookie", "ab=2; langs=x; lang"))
	x.Host, x.Secure = []byte("cdn.example.com"), true
	key := string(x.AppendKey(nil))
	if want := "G1/a\nhttps\ncdn.example.com\n:tv, 4k\n:\nlang=de; lang; ab=1; ab=2"; key != want {
		t.Errorf("key = %q; want %q", key, want)
	}
	if target := string(KeyTarget([]byte(key))); target != "1/a" {
		t.Errorf("KeyTarget = %q; want 1/a", target)
	}
	if got := string(x.Fields.Get("Cookie")); x.Fields.Count("Cookie") != 1 || got != "lang=de; lang; ab=1; ab=2" {
		t.Errorf("Cookie that is sent = %q", got)
	}
	bare := request(t, s, "/a", line("Cookie", "id=7"))
	if key := string(bare.AppendKey(nil)); key != "G1/a\nhttp\n\n\n\n" || bare.Fields.Get("Cookie") != nil {
		t.Errorf("key = %q, Cookie %q; want none of the parts", key, bare.Fields.Get("Cookie"))
	}
}

func TestNormalizeFields(t *testing.T) {
	lines := []httpmsg.Field{line("Authorization", "Basic x"), line("Cookie", "a=1"), line("X", "y"), line("COOKIE", "b=2")}
	tests := []struct {
		name string
		site Site
		want httpmsg.Fields
	}{
		{name: "forwarded", site: Site{Cookies: zone.CookiesForward}, want: lines},
		{name: "stripped", site: Site{Cookies: zone.CookiesStrip}, want: httpmsg.Fields{lines[0], lines[2]}},
		{name: "authorization ignored", site: Site{Signed: true, Cookies: zone.CookiesStrip, IgnoreAuthorization: true}, want: lines[1:]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := request(t, &tt.site, "/", lines...)
			if got := x.Fields.Append(nil); !bytes.Equal(got, tt.want.Append(nil)) {
				t.Errorf("Fields = %q; want %q", got, tt.want.Append(nil))
			}
		})
	}
}

// Whatever a policy and a request are: requests with one key ask the origin
// the same, and where the key is to hold what is sent, no others do.
func TestKeyIsWhatIsSent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	modes := []string{"", zone.QueryAll, zone.QueryListed, zone.QueryExcept, zone.QueryOnly}
	pieces := []string{"a", "b", "%61", "=", "&", "&&", "1", "+", "%20", "versionId", "%", "c=", "?", "/"}
	paths := []string{"/a", "/a b", "/a?b", "/a%20b", "/", "//", "/a\nhttp", "/é"}
	text := func() string {
		s := ""
		for range random.IntN(8) {
			s += pieces[random.IntN(len(pieces))]
		}
		return s
	}
	for range 300 {
		policy := QueryPolicy{
			Send: Pick{Mode: modes[random.IntN(len(modes))], Names: []string{"a", "versionId"}},
			Key:  Pick{Mode: modes[random.IntN(len(modes))], Names: []string{"a", "b", "versionId"}},
			Sort: random.IntN(2) == 0, Strict: random.IntN(3) == 0,
		}
		z := &zone.Zone{}
		z.Cache.Key = zone.KeyParts{Scheme: random.IntN(2) == 0, Headers: []string{"X"}}
		s := &Site{Zone: z, KeyPrefix: []byte("1"), Query: policy, KeyParts: random.IntN(2) == 0}
		sentBy, keyOf := make(map[string]string), make(map[string]string)
		for range 300 {
			x := &Exchange{Site: s, Path: []byte(paths[random.IntN(len(paths))])}
			if random.IntN(4) > 0 {
				x.Request.Query, x.Request.HasQuery = []byte(text()), true
			}
			if random.IntN(2) == 0 {
				x.Request.Fields = httpmsg.Fields{line("X", text())}
			}
			if x.Normalize() != nil {
				continue
			}
			sent := string(x.Path) + "\x00"
			if x.HasQuery {
				sent += "?" + string(x.Query)
			}
			key := string(x.AppendKey(nil))
			if before, ok := sentBy[key]; ok && before != sent {
				t.Fatalf("policy %+v: key %q stands for %q and %q", policy, key, before, sent)
			}
			sentBy[key] = sent
			if policy.Key.Mode != "" || s.KeyParts {
				continue
			}
			if before, ok := keyOf[sent]; ok && before != key {
				t.Fatalf("policy %+v: %q has keys %q and %q", policy, sent, before, key)
			}
			keyOf[sent] = key
		}
	}
}

func TestNormalizeAllocatesNothing(t *testing.T) {
	s := &Site{KeyPrefix: []byte("1"), Cookies: zone.CookiesForward, Query: QueryPolicy{Send: Pick{Mode: zone.QueryAll}, Sort: true}}
	x := request(t, s, "/a?b=1&a=2&c=3", line("Cookie", "a=1"))
	var key []byte
	if n := testing.AllocsPerRun(100, func() {
		if err := x.Normalize(); err != nil {
			t.Fatal(err)
		}
		key = x.AppendKey(key[:0])
	}); n != 0 {
		t.Errorf("Normalize and AppendKey allocate %v times; want 0", n)
	}
}
