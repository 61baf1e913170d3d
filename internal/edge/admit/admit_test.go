package admit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
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
	return &flow.Site{Zone: &zone.Zone{Active: true}, Rules: rules, Members: members, Signed: true, Allow: "GET, HEAD"}
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
// Other methods than GET and HEAD go through where they are allowed, and
// OPTIONS ends here where nobody else is to answer it.
func TestMethods(t *testing.T) {
	const all = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
	options := flow.Site{Zone: &zone.Zone{Active: true}, Options: true, Allow: "GET, HEAD, OPTIONS"}
	anything := flow.Site{Zone: &zone.Zone{Active: true}, Options: true, AnyMethod: true, Allow: all}
	signed := options
	signed.Signed = true
	refused := func(allow string) *Refusal { return &Refusal{405, catalog.AccessMethodNotAllowed, allow, ""} }
	tests := []struct {
		name    string
		site    flow.Site
		request string
		hops    string // Max-Forwards
		want    *Refusal
		through bool
	}{
		{name: "post", site: anything, request: "POST /a", through: true},
		{name: "unknown method", site: anything, request: "BREW /a", through: true},
		{name: "methods have a case", site: anything, request: "get /a", through: true},
		{name: "get", site: anything, request: "GET /a"},
		{name: "connect", site: anything, request: "CONNECT", want: refused(all)},
		{name: "trace", site: anything, request: "TRACE /a", want: refused(all)},
		{name: "post beside options", site: options, request: "POST /a", want: refused("GET, HEAD, OPTIONS")},
		{name: "options", site: options, request: "OPTIONS /a", through: true},
		{name: "options, one more hop", site: options, request: "OPTIONS /a", hops: "1", through: true},
		{name: "options, no more hops", site: options, request: "OPTIONS /a", hops: "0", want: &Refusal{Status: 204, Allow: "GET, HEAD, OPTIONS"}},
		{name: "options, no number", site: options, request: "OPTIONS /a", hops: "x", through: true},
		{name: "options of the server", site: anything, request: "OPTIONS", want: &Refusal{Status: 204, Allow: all}},
		{name: "options of a bucket", site: signed, request: "OPTIONS /a", want: &Refusal{Status: 204, Allow: "GET, HEAD, OPTIONS"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := exchange(&tt.site, tt.request)
			x.Request.Asterisk = tt.request == "OPTIONS"
			if tt.hops != "" {
				x.Request.Fields = httpmsg.Fields{{Name: []byte("Max-Forwards"), Value: []byte(tt.hops)}}
			}
			if d := cmp.Diff(tt.want, Check(x)); d != "" || x.Through != tt.through {
				t.Errorf("Check(%s), through %v; want %v (-want +got):\n%s", tt.request, x.Through, tt.through, d)
			}
		})
	}
}

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
