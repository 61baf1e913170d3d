package admit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// bucket is the mapping of an origin whose bucket is "media", under prefix.
func bucket(prefix string) flow.Member {
	return flow.Member{Mapping: objkey.NewMapping(objkey.MappingOptions{Signed: true, Bucket: "media", BasePath: prefix})}
}

// anyBucket maps the first segment of the path to a bucket.
func anyBucket() flow.Member {
	return flow.Member{Mapping: objkey.NewMapping(objkey.MappingOptions{Signed: true})}
}

func plain() flow.Member {
	return flow.Member{Mapping: objkey.NewMapping(objkey.MappingOptions{})}
}

func site(rules objkey.Rules, members ...flow.Member) *flow.Site {
	return &flow.Site{Zone: &zone.Zone{Active: true}, Rules: rules, Members: members, Signed: true}
}

// exchange returns that of "METHOD PATH".
func exchange(s *flow.Site, request string) *flow.Exchange {
	method, path, _ := strings.Cut(request, " ")
	x := &flow.Exchange{Site: s}
	x.Request.Method = []byte(method)
	if path != "" {
		x.Request.Path = []byte(path)
	}
	return x
}

func TestCheck(t *testing.T) {
	only := objkey.Rules{AllowedPrefixes: []string{"/img", "/doc/"}}
	tests := []struct {
		name    string
		site    *flow.Site
		request string
		want    *Refusal
		path    string
	}{
		{name: "get", site: site(objkey.Rules{}, bucket("")), request: "GET /a.jpg", path: "/a.jpg"},
		{name: "head", site: site(objkey.Rules{}, bucket("")), request: "HEAD /a.jpg", path: "/a.jpg"},
		{name: "decoded once", site: site(objkey.Rules{}, bucket("")), request: "GET /M%c3%bc%2520/a%2Fb+c", path: "/Mü%20/a/b+c"},
		{name: "plus as space", site: site(objkey.Rules{PlusAsSpace: true}, bucket("")), request: "GET /a+b%2B", path: "/a b+"},
		{name: "root of a plain origin", site: site(objkey.Rules{}, plain()), request: "GET /", path: "/"},
		{name: "no origin yet", site: site(objkey.Rules{}), request: "GET /a", path: "/a"},

		{name: "post", site: site(objkey.Rules{}, bucket("")), request: "POST /a", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "post to a plain origin", site: site(objkey.Rules{}, plain()), request: "POST /a", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "options", site: site(objkey.Rules{}, bucket("")), request: "OPTIONS /a", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "options of the server", site: site(objkey.Rules{}, bucket("")), request: "OPTIONS", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "connect", site: site(objkey.Rules{}, bucket("")), request: "CONNECT", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "trace", site: site(objkey.Rules{}, bucket("")), request: "TRACE /a", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},
		{name: "methods have a case", site: site(objkey.Rules{}, bucket("")), request: "get /a", want: &Refusal{405, catalog.AccessMethodNotAllowed, "GET, HEAD", ""}},

		{name: "broken escape", site: site(objkey.Rules{}, bucket("")), request: "GET /a%2", want: &Refusal{400, catalog.AccessPathBadEncoding, "", ""}},
		{name: "escaped NUL", site: site(objkey.Rules{}, bucket("")), request: "GET /a%00", want: &Refusal{400, catalog.AccessPathBadEncoding, "", ""}},
		{name: "dot segment", site: site(objkey.Rules{}, bucket("")), request: "GET /a/../b", want: &Refusal{400, catalog.AccessPathDotSegment, "", ""}},
		{name: "escaped dot segment", site: site(objkey.Rules{}, bucket("")), request: "GET /a/%2e%2E/b", want: &Refusal{400, catalog.AccessPathDotSegment, "", ""}},
		{name: "dot segments kept", site: site(objkey.Rules{DotSegments: objkey.DotRaw}, bucket("")), request: "GET /a/../b", path: "/a/../b"},
		{name: "dot segments above the root", site: site(objkey.Rules{DotSegments: objkey.DotRaw}, bucket("")), request: "GET /a/../../b",
			want: &Refusal{400, catalog.AccessPathDotSegment, "", ""}},

		{name: "in a prefix", site: site(only, bucket("")), request: "GET /img/a", path: "/img/a"},
		{name: "the prefix itself", site: site(only, bucket("")), request: "GET /img", path: "/img"},
		{name: "beside a prefix", site: site(only, bucket("")), request: "GET /images/a", want: &Refusal{403, catalog.AccessPathNotAllowed, "", ""}},
		{name: "outside, escaped", site: site(only, bucket("")), request: "GET /%69mages", want: &Refusal{403, catalog.AccessPathNotAllowed, "", ""}},
		{name: "out of a prefix by dots", site: site(objkey.Rules{AllowedPrefixes: []string{"/img/"}, DotSegments: objkey.DotRaw}, bucket("")),
			request: "GET /img/../doc/a", want: &Refusal{403, catalog.AccessPathNotAllowed, "", ""}},

		{name: "bucket root", site: site(objkey.Rules{}, bucket("")), request: "GET /", want: &Refusal{403, catalog.AccessBucketRootDenied, "", ""}},
		{name: "bucket root by its name", site: site(objkey.Rules{}, anyBucket()), request: "GET /media/", want: &Refusal{403, catalog.AccessBucketRootDenied, "", ""}},
		{name: "no bucket name", site: site(objkey.Rules{}, anyBucket()), request: "GET /m/a", want: &Refusal{404, catalog.AccessBucketNameInvalid, "", ""}},
		{name: "long key", site: site(objkey.Rules{}, bucket("")), request: "GET /" + strings.Repeat("k", 1025), want: &Refusal{404, catalog.AccessKeyTooLong, "", ""}},
		{name: "longest key", site: site(objkey.Rules{}, bucket("")), request: "GET /" + strings.Repeat("k", 1024), path: "/" + strings.Repeat("k", 1024)},
		{name: "refused by the second origin", site: site(objkey.Rules{}, bucket("/pre"), bucket("")), request: "GET /", want: &Refusal{403, catalog.AccessBucketRootDenied, "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(tt.site, tt.request)
			x.Path = []byte("/of/an/earlier/request")
			got := Check(x)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Check(%s) (-want +got):\n%s", tt.request, d)
			}
			if got != nil {
				return
			}
			if string(x.Path) != tt.path || x.Head != strings.HasPrefix(tt.request, "HEAD") {
				t.Errorf("Check(%s): path %q, head %v; want %q", tt.request, x.Path, x.Head, tt.path)
			}
		})
	}
}

// A request with several faults is told of that which comes first.
func TestCheckOrder(t *testing.T) {
	s := site(objkey.Rules{AllowedPrefixes: []string{"/img/"}}, bucket(""))
	suspended := *s
	suspended.Zone = &zone.Zone{}
	tests := []struct {
		name    string
		site    *flow.Site
		request string
		want    catalog.Access
	}{
		{"broken escape, suspended", &suspended, "GET /%", catalog.AccessPathBadEncoding},
		{"suspended, dot segment", &suspended, "GET /..", catalog.AccessZoneSuspended},
		{"suspended, method", &suspended, "PUT /a", catalog.AccessZoneSuspended},
		{"suspended, no path", &suspended, "OPTIONS", catalog.AccessZoneSuspended},
		{"suspended", &suspended, "GET /img/a", catalog.AccessZoneSuspended},
		{"dot segment, method", s, "PUT /a/..", catalog.AccessPathDotSegment},
		{"method, prefix", s, "PUT /a", catalog.AccessMethodNotAllowed},
		{"prefix, long key", s, "GET /" + strings.Repeat("k", 1025), catalog.AccessPathNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Check(exchange(tt.site, tt.request))
			if got == nil || got.Code != tt.want {
				t.Errorf("Check(%s) = %+v; want %s", tt.request, got, tt.want)
			}
		})
	}
}

func TestCheckAllocates(t *testing.T) {
	s := site(objkey.Rules{AllowedPrefixes: []string{"/img/"}}, bucket("/pre"))
	x := exchange(s, "GET /img/M%c3%bcnchen/a.jpg")
	x.Path = make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		if r := Check(x); r != nil {
			t.Fatalf("refused: %+v", r)
		}
	}); n != 0 {
		t.Errorf("Check allocates %v times; want 0", n)
	}
}
