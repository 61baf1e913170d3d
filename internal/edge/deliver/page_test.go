package deliver

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
)

// request returns an exchange that the cache was not asked about yet.
func request(fields ...string) *flow.Exchange {
	x := &flow.Exchange{Now: now * 1e9, Site: &flow.Site{BrowserTTL: -1}}
	x.Request.Method = []byte("GET")
	x.Request.Fields = parseFields(fields...)
	return x
}

func TestRefuse(t *testing.T) {
	x := request()
	Refuse(x, 405, catalog.AccessMethodNotAllowed, "No such thing.", field("Allow", "GET, HEAD"))
	want := []string{"405",
		"Allow: GET, HEAD",
		"Cache-Control: no-store",
		"Content-Length: 15",
		"Content-Type: text/plain; charset=utf-8",
		"Date: Fri, 02 Jan 2026 03:04:45 GMT",
		"Server: Cistern",
		"X-Request-Id: " + x.ID,
		"", "No such thing.\n"}
	if d := cmp.Diff(want, written(t, x)); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
	if x.Code != "method_not_allowed" || len(x.ID) != 16 {
		t.Errorf("code %q, request id %q; want method_not_allowed and 16 hex digits", x.Code, x.ID)
	}
}

func TestFault(t *testing.T) {
	tests := []struct {
		name  string
		fault flow.Fault
		extra []string
		body  string
	}{
		{name: "credentials", fault: flow.Fault{Status: 502, Proxy: cdnfield.ProxyConfigurationError, Received: 403, Code: catalog.OriginSecretWrong},
			extra: []string{"Proxy-Status: cistern; error=proxy_configuration_error; received-status=403"}, body: "The origin cannot be used at the moment.\n"},
		{name: "refused", fault: flow.Fault{Status: 502, Proxy: cdnfield.ConnectionRefused},
			extra: []string{"Proxy-Status: cistern; error=connection_refused"}, body: "The origin cannot be used at the moment.\n"},
		{name: "busy", fault: flow.Fault{Status: 503, Proxy: cdnfield.DestinationUnavailable, Received: 503, RetryAfter: 5},
			extra: []string{"Proxy-Status: cistern; error=destination_unavailable; received-status=503", "Retry-After: 5"},
			body:  "The origin is not available at the moment.\n"},
		{name: "slow", fault: flow.Fault{Status: 504, Proxy: cdnfield.HTTPResponseTimeout},
			extra: []string{"Proxy-Status: cistern; error=http_response_timeout"}, body: "The origin did not answer in time.\n"},
		{name: "object refused", fault: flow.Fault{Status: 403, Proxy: cdnfield.HTTPRequestError, Received: 403},
			extra: []string{"Proxy-Status: cistern; error=http_request_error; received-status=403"}, body: "The object may not be read.\n"},
		{name: "range refused", fault: flow.Fault{Status: 416, Proxy: cdnfield.HTTPRequestError, Received: 416},
			extra: []string{"Proxy-Status: cistern; error=http_request_error; received-status=416"}, body: "The range asked for lies outside of the object.\n"},
		{name: "loop", fault: flow.Fault{Status: 502, Proxy: cdnfield.ProxyLoopDetected},
			extra: []string{"Proxy-Status: cistern; error=proxy_loop_detected"}, body: "The origin cannot be used at the moment.\n"},
		{name: "server", fault: flow.Fault{Status: 500}, body: "Something went wrong here.\n"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				// Conditions and ranges do not apply to errors, and nothing is
				// left of what the cache was about to say.
				x := request("Range: bytes=0-0", "If-None-Match: *")
				x.Head = method == "HEAD"
				x.Status = cdnfield.CacheStatus{Fwd: cdnfield.FwdStale, FwdStatus: tt.fault.Received, HasTTL: true}
				x.Fault = &tt.fault
				Fault(x)
				want := append([]string{strconv.Itoa(tt.fault.Status),
					"Cache-Control: no-store",
					"Content-Length: " + strconv.Itoa(len(tt.body)),
					"Content-Type: text/plain; charset=utf-8",
					"Date: Fri, 02 Jan 2026 03:04:45 GMT"}, tt.extra...)
				want = append(want, "Server: Cistern", "X-Cache: ERROR", "X-Request-Id: "+x.ID, "", tt.body)
				if x.Head {
					want[len(want)-1] = ""
				}
				if d := cmp.Diff(want, written(t, x)); d != "" {
					t.Errorf("reply (-want +got):\n%s", d)
				}
				if x.Code != string(tt.fault.Code) {
					t.Errorf("code = %q; want %q", x.Code, tt.fault.Code)
				}
			})
		}
	}
}

// Every status that an error of an origin can get has its sentence.
func TestFaultSentences(t *testing.T) {
	for _, kind := range []string{
		cdnfield.DNSTimeout, cdnfield.DNSError, cdnfield.DestinationUnavailable, cdnfield.DestinationIPProhibited, cdnfield.ConnectionRefused,
		cdnfield.ConnectionTimeout, cdnfield.ConnectionLimitReached, cdnfield.TLSCertificateError, cdnfield.HTTPResponseIncomplete,
		cdnfield.HTTPResponseTimeout, cdnfield.HTTPProtocolError, cdnfield.HTTPRequestDenied, cdnfield.ProxyLoopDetected,
		cdnfield.ProxyConfigurationError, cdnfield.ProxyInternalError,
	} {
		if status := cdnfield.ErrorStatus(kind); sentences[status] == "" {
			t.Errorf("%s: no sentence for status %d", kind, status)
		}
	}
}

func TestOnlyIfCached(t *testing.T) {
	x := exchange(t, response{body: "stale"}, flow.ResultStale, "Cache-Control: only-if-cached")
	OnlyIfCached(x)
	got := written(t, x)
	if got[0] != "504" || x.Found != nil || !cmp.Equal(values(got, "X-Cache"), []string{"ERROR"}) ||
		values(got, "Age") != nil || values(got, "Cache-Status") != nil || !cmp.Equal(values(got, "Cache-Control"), []string{"no-store"}) {
		t.Errorf("reply %q; want 504, X-Cache ERROR, no-store, and neither Age nor Cache-Status", got)
	}
}

// What an origin does not have is a page of ours, of which the cache fields
// tell where it comes from. Nothing of the origin's answer is in it.
func TestObjectNegative(t *testing.T) {
	tests := []struct {
		name   string
		result flow.Result
		status int
		want   []string
		body   string
	}{
		{name: "just told", result: flow.ResultMiss, status: 404,
			want: []string{"Cache-Status: cistern; fwd=uri-miss; fwd-status=404; stored", "X-Cache: MISS"}, body: "Not found.\n"},
		{name: "remembered", result: flow.ResultHit, status: 404,
			want: []string{"Age: 40", "Cache-Status: cistern; hit; ttl=60", "X-Cache: HIT"}, body: "Not found.\n"},
		{name: "archived", result: flow.ResultHit, status: 403,
			want: []string{"Age: 40", "Cache-Status: cistern; hit; ttl=60", "X-Cache: HIT"}, body: "The object may not be read.\n"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				x := exchange(t, response{status: tt.status, lost: true, body: "<Error><Code>NoSuchKey</Code></Error>",
					fields: []string{"Date: " + bornDate, "Cache-Control: max-age=9", "Content-Type: application/xml", "x-amz-request-id: 1"}},
					tt.result, "If-None-Match: *", "Range: bytes=0-0")
				x.Head = method == "HEAD"
				Object(x)
				got := written(t, x)
				var cache []string
				for _, name := range []string{"Age", "Cache-Status", "X-Cache"} {
					for _, v := range values(got, name) {
						cache = append(cache, name+": "+v)
					}
				}
				if d := cmp.Diff(tt.want, cache); d != "" {
					t.Errorf("cache fields (-want +got):\n%s", d)
				}
				if got[0] != strconv.Itoa(tt.status) || !cmp.Equal(values(got, "Cache-Control"), []string{"no-store"}) || len(values(got, "X-Request-Id")) != 1 {
					t.Errorf("reply %q; want %d, no-store and a request id", got, tt.status)
				}
				// Age counts from Date, so both are the stored answer's.
				if d := cmp.Diff([]string{bornDate}, values(got, "Date")); d != "" {
					t.Errorf("Date (-want +got):\n%s", d)
				}
				if all := strings.Join(got, "\n"); strings.Contains(all, "xml") || strings.Contains(all, "NoSuchKey") || strings.Contains(all, "x-amz") {
					t.Errorf("reply %q; want nothing of the origin's", got)
				}
				if body := string(x.Reply.Body.Mem); body != tt.body || x.Reply.NoBody != x.Head {
					t.Errorf("body = %q, NoBody = %v; want %q, %v", body, x.Reply.NoBody, tt.body, x.Head)
				}
			})
		}
	}
}

func TestPageKind(t *testing.T) {
	const text, jsonType = "text/plain; charset=utf-8", "application/json"
	tests := []struct {
		name   string
		accept []string
		want   string
	}{
		{name: "none", want: text},
		{name: "anything", accept: []string{"Accept: */*"}, want: text},
		{name: "browser", accept: []string{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, want: text},
		{name: "json", accept: []string{"Accept: application/json"}, want: jsonType},
		{name: "json in capitals", accept: []string{"Accept: Application/JSON"}, want: jsonType},
		{name: "json or anything", accept: []string{"Accept: application/json, */*;q=0.1"}, want: jsonType},
		{name: "json or anything, equally", accept: []string{"Accept: application/json, */*"}, want: text},
		{name: "json rather than text", accept: []string{"Accept: text/plain;q=0.5, application/json"}, want: jsonType},
		{name: "text rather than json", accept: []string{"Accept: text/plain, application/json; q=0.9"}, want: text},
		{name: "any application", accept: []string{"Accept: application/*"}, want: jsonType},
		{name: "no text", accept: []string{"Accept: */*, text/plain;q=0"}, want: jsonType},
		{name: "two lines", accept: []string{"Accept: text/*;q=0.2", "Accept: application/json;q=0.3"}, want: jsonType},
		{name: "no number", accept: []string{"Accept: application/json;q=high"}, want: text},
		{name: "not a number", accept: []string{"Accept: application/json;q=NaN"}, want: text},
		{name: "none of it", accept: []string{"Accept: ,;q=1,"}, want: text},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := request(tt.accept...)
			Refuse(x, 403, catalog.AccessPathNotAllowed, `Not "here" <b>.`)
			if got := values(written(t, x), "Content-Type"); !cmp.Equal(got, []string{tt.want}) {
				t.Errorf("%q: Content-Type = %q; want %q", tt.accept, got, tt.want)
			}
			if tt.want == text {
				return
			}
			var page map[string]any
			if err := json.Unmarshal(x.Reply.Body.Mem, &page); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"status": 403.0, "code": "path_not_allowed", "detail": `Not "here" <b>.`, "request_id": x.ID}
			if d := cmp.Diff(want, page); d != "" {
				t.Errorf("page (-want +got):\n%s", d)
			}
		})
	}
}
