package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/control/api"
	"github.com/cistern-cdn/cistern/internal/control/auth"
	"github.com/cistern-cdn/cistern/internal/control/publish"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/zone"
)

const (
	testToken = "cli-test-admin-token-1"
	planted   = "planted-secret-key-4d8e"
)

// An edge that applies everything at once.
type edge struct{}

func (edge) Apply(*zone.Snapshot)               {}
func (edge) Purge(*link.Purge) link.PurgeResult { return link.PurgeResult{Objects: 2, Bytes: 300} }

type noNames struct{}

func (noNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, fmt.Errorf("no such host")
}

// serve starts the real API with one edge and perhaps others, and points the
// environment at it.
func serve(t *testing.T, others ...link.Edge) (address string) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	dir, hub := t.TempDir(), link.NewHub()
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "store"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	a, err := auth.Open(t.Context(), auth.Options{Store: s, Dir: dir, AdminToken: testToken})
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Load(filepath.Join(dir, "vault.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.New(api.Options{Store: s, Vault: v, Auth: a, Publisher: hub, Resolver: noNames{}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)

	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	p := publish.New(publish.Options{Store: s, Vault: v, Hub: hub, Log: log})
	work.Go(func() { _ = p.Run(ctx) })
	work.Go(func() { _ = hub.Run(ctx, "par1", "edge-uuid", edge{}) })
	for i, e := range others {
		work.Go(func() { _ = hub.Run(ctx, fmt.Sprint("other", i), fmt.Sprint("other-uuid-", i), e) })
	}
	t.Cleanup(func() { cancel(); work.Wait() })
	for changed := hub.Changed(); len(hub.Edges()) <= len(others); changed = hub.Changed() {
		<-changed
	}

	t.Setenv("CISTERN_API", server.URL)
	t.Setenv("CISTERN_TOKEN", testToken)
	return server.URL
}

// A result is what a verb printed, and how it ended.
type result struct {
	out, errOut string
	err         error
	usage       bool // err is one of the command line
}

// cistern runs a command line.
func cistern(t *testing.T, args ...string) result {
	t.Helper()
	var program struct{ Verbs }
	var out, errOut bytes.Buffer
	parser, err := kong.New(&program, kong.Name("cistern"), kong.DefaultEnvars("CISTERN"), kong.Writers(&out, &errOut))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	usage := err != nil
	if err == nil {
		err = ctx.Run()
	}
	r := result{out.String(), errOut.String(), err, usage}
	if text := fmt.Sprint(r); strings.Contains(text, planted) || strings.Contains(text, testToken) {
		t.Errorf("%q shows a secret:\n%s", args, text)
	}
	return r
}

// must is cistern for a command that has to succeed.
func must(t *testing.T, args ...string) result {
	t.Helper()
	r := cistern(t, args...)
	if r.err != nil {
		t.Fatalf("cistern %q: %v", args, r.err)
	}
	return r
}

// object runs a command with --output json and reads what it printed.
func object(t *testing.T, args ...string) map[string]any {
	t.Helper()
	r := must(t, append(args, "--output", "json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatalf("cistern %q printed no JSON: %v\n%s", args, err, r.out)
	}
	return v
}

// field returns a value of an object by path, "origins.0.url".
func field(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func TestZoneLife(t *testing.T) {
	serve(t)
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte(planted+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := must(t, "zone", "create", "cdn.example.com", "www.example.com", "--name", "media", "--default-ttl", "60", "--dot-segments", "raw",
		"--plus-as-space", "--allowed-prefix", "/pub/", "--allowed-prefix", "/x,y", "--origin-name", "r2",
		"--url", "https://acct.r2.cloudflarestorage.com", "--bucket", "photos", "--access-key", "AKEXAMPLE", "--secret-key-file", secret)
	for _, want := range []string{"zone              media", "cdn.example.com, www.example.com", "/pub/, /x,y", "60 s", "AKEXAMPLE", "set (version 1)", "region auto"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("zone create printed no %q:\n%s", want, r.out)
		}
	}
	if !strings.Contains(r.errOut, "warning: --public-ack: ") {
		t.Errorf("zone create warned %q; want of public copies", r.errOut)
	}
	z := object(t, "zone", "show", "www.example.com")
	for path, want := range map[string]any{"name": "media", "cache.default_ttl": 60.0, "delivery.plus_as_space": true, "origins.0.s3_secret_set": true,
		"origins.0.s3_auth_enabled": true, "origin.allowed_prefixes.1": "/x,y", "active": true} {
		if got := field(z, path); got != want {
			t.Errorf("%s = %v; want %v", path, got, want)
		}
	}
	uuid := z["uuid"].(string)
	for _, name := range []string{uuid, "1", "media", "CDN.example.com."} {
		if got := object(t, "zone", "show", name)["uuid"]; got != uuid {
			t.Errorf("zone show %s = %v; want %s", name, got, uuid)
		}
	}
	r = must(t, "zone", "update", "media", "--default-ttl", "auto", "--active=false", "--public-ack", "--allowed-prefix", "", "--hostname", "b.example.com", "--negative-ttl", "5")
	if !strings.Contains(r.out, "suspended") || strings.Contains(r.errOut, "--public-ack") {
		t.Errorf("zone update printed %s%s", r.out, r.errOut)
	}
	z = object(t, "zone", "show", "media")
	for path, want := range map[string]any{"cache.default_ttl": nil, "active": false, "origin.allowed_prefixes.0": nil, "hostnames.0": "b.example.com",
		"hostnames.1": nil, "cache.negative_ttl": 5.0, "delivery.dot_segments": "raw"} {
		if got := field(z, path); got != want {
			t.Errorf("after update: %s = %v; want %v", path, got, want)
		}
	}
	r = must(t, "zone", "list")
	if want := "ID  NAME   HOSTNAMES      STATUS     UUID\n1   media  b.example.com  suspended  " + uuid + "\n"; r.out != want {
		t.Errorf("zone list printed\n%s; want\n%s", r.out, want)
	}
	if got := object(t, "zone", "list", "--q", "nothing"); got["total"] != 0.0 {
		t.Errorf("zone list of nothing = %v", got)
	}
	if r = must(t, "zone", "delete", "media"); !strings.Contains(r.out, "deleted zone media") {
		t.Errorf("zone delete printed %q", r.out)
	}
	if r = cistern(t, "zone", "show", "media"); r.err == nil || !strings.Contains(r.err.Error(), `find zone "media"`) || r.usage {
		t.Errorf("show of a deleted zone = %v", r.err)
	}
}

func TestOriginLife(t *testing.T) {
	serve(t)
	must(t, "zone", "create", "cdn.example.com")
	t.Setenv(secretVariable, planted)
	r := must(t, "origin", "add", "cdn.example.com", "--name", "main", "--url", "https://s3.eu-west-1.amazonaws.com", "--bucket", "media", "--access-key", "AKEXAMPLE")
	if !strings.Contains(r.out, "media.s3.eu-west-1.amazonaws.com") || !strings.Contains(r.out, "sigv4, region eu-west-1, service s3, payload hash unsigned") {
		t.Errorf("origin add printed\n%s", r.out)
	}
	must(t, "origin", "add", "cdn.example.com", "--name", "spare", "--url", "https://b.test", "--enabled=false")
	if spare := object(t, "origin", "show", "cdn.example.com", "spare"); spare["s3_secret_set"] != false {
		t.Error("an origin without --access-key took the secret of the environment")
	}
	if v := object(t, "origin", "update", "cdn.example.com", "1", "--region", "us-east-1", "--tls-verify=false"); v["credentials_version"] != 2.0 || v["tls_verify"] != false {
		t.Errorf("origin update = %v", v)
	}
	t.Setenv(secretVariable, planted+"-two")
	if v := object(t, "origin", "update", "cdn.example.com", "main", "--name", "other"); v["credentials_version"] != 2.0 {
		t.Error("an update without --access-key took the secret of the environment")
	}
	if v := object(t, "origin", "update", "cdn.example.com", "other", "--access-key", "AKTWO"); v["credentials_version"] != 3.0 || v["s3_access_key"] != "AKTWO" {
		t.Errorf("rotation = %v", v)
	}
	stdin(t, planted+"-three\n")
	if v := object(t, "origin", "update", "cdn.example.com", "other", "--secret-key-file", "-"); v["credentials_version"] != 4.0 {
		t.Errorf("rotation from standard input = %v", v)
	}
	r = must(t, "origin", "update", "cdn.example.com", "other", "--secret-key", planted)
	if !strings.Contains(r.out, "version 5") {
		t.Errorf("rotation by flag printed\n%s", r.out)
	}
	r = must(t, "origin", "update", "cdn.example.com", "other", "--access-key", "AKTHREE", "--secret-key", planted)
	if strings.Contains(r.errOut, "key_changed") {
		t.Errorf("a new pair warned: %s", r.errOut)
	}
	t.Setenv(secretVariable, "")
	r = must(t, "origin", "update", "cdn.example.com", "other", "--access-key", "AKFOUR")
	if !strings.Contains(r.errOut, "warning: --secret-key-file: ") {
		t.Errorf("a new key with the old secret warned %q", r.errOut)
	}
	if v := object(t, "origin", "update", "cdn.example.com", "other", "--remove-key"); v["s3_secret_set"] != false || v["s3_access_key"] != nil || v["s3_auth_enabled"] != false {
		t.Errorf("after --remove-key: %v", v)
	}
	r = must(t, "origin", "list", "cdn.example.com")
	if lines := strings.Split(r.out, "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], "1   other  https://s3.eu-west-1.amazonaws.com  media   -") {
		t.Errorf("origin list printed\n%s", r.out)
	}
	must(t, "origin", "remove", "cdn.example.com", "spare")
	if got := object(t, "origin", "list", "cdn.example.com")["total"]; got != 1.0 {
		t.Errorf("origins after remove = %v; want 1", got)
	}
	if r = cistern(t, "origin", "show", "cdn.example.com", "spare"); r.err == nil || !strings.Contains(r.err.Error(), "cistern origin list") {
		t.Errorf("show of a removed origin = %v", r.err)
	}
}

// stdin puts text on standard input until the test ends.
func stdin(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdin
	os.Stdin = f
	t.Cleanup(func() { os.Stdin = was; f.Close() })
}

func TestPurge(t *testing.T) {
	serve(t)
	must(t, "zone", "create", "cdn.example.com")
	r := must(t, "purge", "cdn.example.com", "/a.jpg", "http://cdn.example.com/b", "--wait")
	for _, want := range []string{"2 URLs", "state      done", "edge par1  done, 2 objects, 300 bytes"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("purge printed no %q:\n%s", want, r.out)
		}
	}
	if v := object(t, "purge", "cdn.example.com", "--all", "--wait"); v["state"] != "done" || v["all"] != true {
		t.Errorf("purge of everything = %v", v)
	}
	if v := object(t, "purge", "cdn.example.com", "/x"); field(v, "urls.0") != "/x" {
		t.Errorf("purge without --wait = %v", v)
	}

	r = must(t, "purge", "cdn.example.com", "--prefix", "/img/*", "--tag", "article-7", "--tag", "a,b", "--soft", "--dry-run")
	for _, want := range []string{"of         prefix /img/", "of         2 tags", "soft       objects are validated", "dry run    objects are counted", "state      done"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("purge by prefix and tag printed no %q:\n%s", want, r.out)
		}
	}
	r = must(t, "purge", "cdn.example.com", "/x", "--prefix", "/img/", "--output", "json")
	var list []map[string]any
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list) != 2 || field(list[0], "urls.0") != "/x" || field(list[1], "prefixes.0") != "/img/" {
		t.Errorf("two purges as JSON = %s, %v", r.out, err)
	}
	if v := object(t, "purge", "cdn.example.com", "--tag", "a,b", "--soft"); field(v, "tags.0") != "a,b" || v["soft"] != true || v["dry_run"] != false {
		t.Errorf("purge by tag = %v", v)
	}
}

// Every flag sets the field of its name, "" empties a list, and the words for
// none go back to the default.
func TestCacheFlags(t *testing.T) {
	serve(t)
	must(t, "zone", "create", "cdn.example.com", "--url", "https://www.example.com", "--override-ttl", "404=60", "--query-mode", "only", "--query-name", "v",
		"--forward-query-mode", "listed", "--forward-query-name", "v")
	tests := []struct {
		name string
		args []string
		want map[string]any
	}{
		{name: "made so", args: []string{"--min-ttl", "1"}, want: map[string]any{"cache.override_ttl": map[string]any{"404": 60.0}, "cache.min_ttl": 1.0,
			"cache.query": map[string]any{"mode": "only", "names": []any{"v"}, "sort": true}, "origin.forward_query": map[string]any{"mode": "listed", "names": []any{"v"}}}},
		{name: "numbers", args: []string{"--max-ttl", "9", "--browser-ttl", "0", "--negative-ttl", "3", "--stale-if-error", "4", "--stale-while-revalidate", "5"},
			want: map[string]any{"cache.max_ttl": 9.0, "cache.browser_ttl": 0.0, "cache.negative_ttl": 3.0, "cache.stale_if_error": 4.0,
				"cache.stale_while_revalidate": 5.0}},
		{name: "no numbers", args: []string{"--max-ttl", "none", "--browser-ttl", "origin"}, want: map[string]any{"cache.max_ttl": nil, "cache.browser_ttl": nil}},
		{name: "switches", args: []string{"--cache-enabled=false", "--heuristic=false", "--query-sort=false", "--key-scheme", "--key-host"},
			want: map[string]any{"cache.enabled": false, "cache.heuristic": false, "cache.query.sort": false, "cache.key.scheme": true, "cache.key.host": true}},
		{name: "statuses", args: []string{"--override-ttl", "any=5", "--override-ttl", "404=none", "--override-ttl", "500=0"},
			want: map[string]any{"cache.override_ttl": map[string]any{"any": 5.0, "500": 0.0}}},
		{name: "no statuses", args: []string{"--override-ttl", ""}, want: map[string]any{"cache.override_ttl": map[string]any{}}},
		{name: "lists", args: []string{"--stale-on", "http_503", "--stale-on", "timeout", "--key-header", "X-A", "--tag-header", "X-Tag"},
			want: map[string]any{"cache.stale_on": []any{"http_503", "timeout"}, "cache.key.headers": []any{"X-A"}, "cache.tag_headers": []any{"X-Tag"}}},
		{name: "empty lists", args: []string{"--stale-on", "", "--key-header", "", "--tag-header", ""},
			want: map[string]any{"cache.stale_on": []any{}, "cache.key.headers": []any{}, "cache.tag_headers": []any{}}},
		{name: "words", args: []string{"--set-cookie", "strip", "--request-directives", "honor", "--cookies", "forward", "--forward-query-mode", "none", "--query-mode", "all"},
			want: map[string]any{"cache.set_cookie": "strip", "cache.request_directives": "honor", "cache.cookies": "forward",
				"origin.forward_query.mode": "none", "cache.query.mode": "all", "cache.query.names": []any{}}},
		{name: "cookies by name", args: []string{"--cookies", "key:a,b"}, want: map[string]any{"cache.cookies": map[string]any{"key": []any{"a", "b"}}}},
		{name: "cookies by default", args: []string{"--cookies", "auto"}, want: map[string]any{"cache.cookies": nil}},
		{name: "methods", args: []string{"--allowed-method", "*"}, want: map[string]any{"delivery.allowed_methods": []any{"*"}}},
		{name: "other methods", args: []string{"--allowed-method", "OPTIONS", "--allowed-method", "GET", "--allowed-method", "HEAD"},
			want: map[string]any{"delivery.allowed_methods": []any{"GET", "HEAD", "OPTIONS"}}},
	}
	for _, tt := range tests {
		z := object(t, append([]string{"zone", "update", "cdn.example.com"}, tt.args...)...)
		for path, want := range tt.want {
			if d := cmp.Diff(want, field(z, path)); d != "" {
				t.Errorf("%s: %q: %s (-want +got):\n%s", tt.name, tt.args, path, d)
			}
		}
	}
	r := must(t, "zone", "update", "cdn.example.com", "--override-ttl", "404=60", "--override-ttl", "any=5", "--max-ttl", "100", "--cookies", "key:a,b",
		"--stale-on", "http_503", "--query-mode", "except", "--query-name", "utm", "--key-header", "X-A")
	for _, want := range []string{"off: everything is passed", "404: 60 s, any: 5 s", "1 s to 100 s", "in the key: a, b", "4 s, on http_503", "except utm, sorted", "path, query, scheme, host, X-A", "GET, HEAD, OPTIONS"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("zone update printed no %q:\n%s", want, r.out)
		}
	}
}

// Errors say what is wrong and what to do; those of the command line come
// before anything is sent.
func TestErrors(t *testing.T) {
	address := serve(t)
	must(t, "zone", "create", "cdn.example.com")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	tests := []struct {
		name  string
		args  string
		usage bool
		want  []string
	}{
		{name: "no zone", args: "zone", usage: true},
		{name: "no hostname", args: "zone create", usage: true, want: []string{"hostname"}},
		{name: "bad ttl", args: "zone update cdn.example.com --default-ttl soon", usage: true, want: []string{"default-ttl", "soon", "auto"}},
		{name: "bad number", args: "zone update cdn.example.com --negative-ttl x", usage: true, want: []string{"negative-ttl"}},
		{name: "bad output", args: "zone list --output xml", usage: true, want: []string{"output"}},
		{name: "nothing to change", args: "zone update cdn.example.com", usage: true, want: []string{"at least one setting"}},
		{name: "nothing to change of an origin", args: "origin update cdn.example.com x", usage: true, want: []string{"at least one setting"}},
		{name: "origin without URL", args: "origin add cdn.example.com", usage: true, want: []string{"--url"}},
		{name: "bucket without URL", args: "zone create a.example.com --bucket b", usage: true, want: []string{"--url"}},
		{name: "two secrets", args: "origin update z o --secret-key x --secret-key-file y", usage: true, want: []string{"secret-key"}},
		{name: "key and no key", args: "origin update z o --remove-key --access-key x", usage: true, want: []string{"--remove-key"}},
		{name: "purge of nothing", args: "purge cdn.example.com", usage: true, want: []string{"--all"}},
		{name: "purge of both", args: "purge cdn.example.com /x --all", usage: true, want: []string{"--all"}},
		{name: "purge of all and a tag", args: "purge cdn.example.com --tag x --all", usage: true, want: []string{"--all"}},
		{name: "bad prefix", args: "purge cdn.example.com --prefix img/", want: []string{`--prefix "img/": must begin with "/"`}},
		{name: "bad override", args: "zone update cdn.example.com --override-ttl 404", usage: true, want: []string{`"404"`, "404=60"}},
		{name: "bad status", args: "zone update cdn.example.com --override-ttl 4xx=1", want: []string{"--override-ttl: must be a status from 200 to 599, or any"}},
		{name: "bad seconds", args: "zone update cdn.example.com --max-ttl 1h", usage: true, want: []string{`"1h"`, "seconds", "none"}},
		{name: "bad word", args: "zone update cdn.example.com --cookies eat", want: []string{"--cookies: must be strip, forward"}},
		{name: "bad method", args: "zone update cdn.example.com --allowed-method GET", want: []string{"--allowed-method: must hold GET and HEAD"}},
		{name: "bad entry", args: "zone update cdn.example.com --stale-on error --stale-on storms", want: []string{`--stale-on "storms": must be one of`}},

		{name: "unknown zone", args: "purge other.example.com --all", want: []string{`"other.example.com"`, "cistern zone list"}},
		{name: "unknown uuid", args: "zone show 0197a6f0-0000-7000-8000-000000000001", want: []string{"Not found"}},
		{name: "several faults", args: "zone create x_y/ a.example.com --negative-ttl 4000 --url ftp://b", want: []string{
			"Several fields are wrong", "\n  hostname \"x_y/\": ", "\n  --negative-ttl: must be from 0 to 3600", "\n  --url: "}},
		{name: "one fault", args: "zone update cdn.example.com --dot-segments keep", want: []string{"--dot-segments: must be one of reject, raw"}},
		{name: "taken", args: "zone create cdn.example.com --name x", want: []string{"Hostname already in use", "choose another name"}},
		{name: "no secret", args: "zone create a.example.com --url https://b.test --access-key AKEXAMPLE", want: []string{"--secret-key-file: is required to sign"}},
		{name: "no file", args: "zone create a.example.com --url https://b.test --secret-key-file /nonexistent/x", want: []string{"--secret-key-file", "/nonexistent/x"}},
		{name: "wrong token", args: "zone list --token wrong-token-of-nobody", want: []string{"Not signed in", "CISTERN_TOKEN", "admin.token"}},
		{name: "no token", args: "zone list --token=", want: []string{"CISTERN_TOKEN", "admin.token"}},
		{name: "nobody listens", args: "zone list --api " + closed, want: []string{closed, "cistern serve", "CISTERN_API"}},
		{name: "no URL", args: "zone list --api localhost:7480", want: []string{"--api", "localhost:7480"}},
		{name: "no API", args: "zone list --api " + web.URL, want: []string{web.URL, "--api"}},
		{name: "wrong path", args: "zone list --api " + address + "/x", want: []string{"Not found"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := cistern(t, strings.Fields(tt.args)...)
			if r.err == nil {
				t.Fatalf("cistern %s succeeded:\n%s", tt.args, r.out)
			}
			if r.usage != tt.usage {
				t.Errorf("error of the command line: %v; want %v: %v", r.usage, tt.usage, r.err)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.err.Error(), want) {
					t.Errorf("cistern %s: %v\nwant %q in it", tt.args, r.err, want)
				}
			}
			if r.out != "" {
				t.Errorf("an error printed %q", r.out)
			}
		})
	}
}

// Each verb has help with an example.
func TestHelp(t *testing.T) {
	parser, err := kong.New(&struct{ Verbs }{})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) != 11 {
		t.Errorf("%d verbs; want 11", len(leaves))
	}
	for _, verb := range leaves {
		if !strings.Contains(verb.Detail, "cistern "+strings.TrimPrefix(strings.Fields(verb.Path())[0], "cistern ")) || verb.Help == "" {
			t.Errorf("%s: help %q, detail %q; want an example", verb.Path(), verb.Help, verb.Detail)
		}
	}
}
