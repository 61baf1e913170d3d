package conformance

import "strings"

// header is about which fields are stored and passed on (RFC 9111, 3.1, and
// RFC 9110, 7.6.1).
func header() []scenario {
	return join(keptFields(), droppedFields(), requestFields())
}

// keptFields are stored, known to us or not.
func keptFields() []scenario {
	var cases []scenario
	for _, line := range []string{
		"Accept-Ranges: bytes", "Access-Control-Allow-Origin: *", "Allow: GET, HEAD", "Alt-Svc: clear", "Cache-Control: max-age=3600, xyz",
		"Clear-Site-Data: \"cache\"", "Content-Disposition: attachment; filename=\"a.txt\"", "Content-Encoding: xyz", "Content-Language: de",
		"Content-Location: /elsewhere", "Content-MD5: rL0Y20zC+Fzt72VPzMSk2A==", "Content-Security-Policy: default-src 'self'", "Content-Type: text/x-own",
		`ETag: "a"`, "Expires: {now+7200}", "Last-Modified: {now-864000}", "Link: </a>; rel=preload", "Location: /elsewhere", "P3P: CP=\"x\"", "Pragma: xyz",
		"Public-Key-Pins: x", "Refresh: 5", "Retry-After: 120", "Set-Cookie: a=1", "Strict-Transport-Security: max-age=1", "Test-Header: a", "Timing-Allow-Origin: *",
		"Vary: X-None", "Warning: 199 - \"x\"", "WWW-Authenticate: Basic realm=\"x\"", "X-Content-Type-Options: nosniff", "X-Frame-Options: deny",
		"X-Powered-By: x", "X-Test-Header: a", "X-XSS-Protection: 1", "Unknown: a", "CDN-Cache-Control: max-age=3600",
	} {
		steps := []step{
			{origin: with("Cache-Control: max-age=3600", line), from: fetched, want: []string{line}},
			{from: stored, want: []string{line}},
			{method: "HEAD", from: stored, want: []string{line}},
		}
		if strings.HasPrefix(line, "Cache-Control:") {
			steps[0].origin = with(line)
		}
		cases = append(cases, scenario{name: "kept: " + line, rfc: "9111 3.1", steps: steps})
	}
	return append(cases,
		scenario{name: "several lines keep their order", rfc: "9110 5.3", steps: []step{
			{origin: with("X-Own: b", "Cache-Control: max-age=3600", "X-Own: a", "X-Other: x", "X-Own: c"), from: fetched, want: []string{"X-Own: b, a, c"}},
			{from: stored, want: []string{"X-Own: b, a, c"}},
		}},
		scenario{name: "an empty field is kept", rfc: "9111 3.1", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "X-Own:"), from: fetched, want: []string{"X-Own:"}},
			{from: stored, want: []string{"X-Own:"}},
		}},
		scenario{name: "bytes beyond ASCII are kept", rfc: "9110 5.5", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "X-Own: \xfc\u00fc"), from: fetched, want: []string{"X-Own: \xfc\u00fc"}},
			{from: stored, want: []string{"X-Own: \xfc\u00fc"}},
		}},
		scenario{name: "blanks within are kept", rfc: "9110 5.5", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "X-Own: a  b\tc"), from: fetched, want: []string{"X-Own: a  b\tc"}},
			{from: stored, want: []string{"X-Own: a  b\tc"}},
		}},
		scenario{name: "Content-Length is kept for HEAD", rfc: "9110 8.6", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "ten bytes."}}, from: fetched, want: []string{"Content-Length: 10"}},
			{from: stored, want: []string{"Content-Length: 10"}},
			{method: "HEAD", from: stored, want: []string{"Content-Length: 10"}},
		}},
	)
}

// droppedFields are for one connection, for a cache before us, or for none to
// see.
func droppedFields() []scenario {
	var cases []scenario
	for _, tt := range []struct{ name, rfc, line, gone string }{
		{"Keep-Alive", "9110 7.6.1", "Keep-Alive: timeout=77", "!Keep-Alive"},
		{"Proxy-Connection", "9110 7.6.1", "Proxy-Connection: xyz", "!Proxy-Connection"},
		{"Proxy-Authenticate", "9111 3.1", "Proxy-Authenticate: Basic realm=x", "!Proxy-Authenticate"},
		{"Proxy-Authentication-Info", "9111 3.1", "Proxy-Authentication-Info: x", "!Proxy-Authentication-Info"},
		{"Proxy-Authorization", "9111 3.1", "Proxy-Authorization: x", "!Proxy-Authorization"},
		{"TE", "9110 7.6.1", "TE: trailers", "!TE"},
		{"Upgrade", "9110 7.6.1", "Upgrade: xyz", "!Upgrade"},
	} {
		cases = append(cases, scenario{name: "dropped: " + tt.name, rfc: tt.rfc, steps: []step{
			{origin: with("Cache-Control: max-age=3600", tt.line), from: fetched, want: []string{tt.gone}},
			{from: stored, want: []string{tt.gone}},
		}})
	}
	return append(cases,
		scenario{name: "dropped: what Connection lists", rfc: "9110 7.6.1", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Connection: X-Own, x-other", "X-Own: a", "X-Other: b", "X-Third: c"), from: fetched, want: []string{"!X-Own", "!X-Other", "X-Third: c"}},
			{from: stored, want: []string{"!X-Own", "!X-Other", "X-Third: c"}},
		}},
		scenario{name: "dropped: what a second Connection line lists", rfc: "9110 7.6.1", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Connection: X-Own", "Connection: X-Other", "X-Own: a", "X-Other: b"), from: fetched, want: []string{"!X-Own", "!X-Other"}},
			{from: stored, want: []string{"!X-Own", "!X-Other"}},
		}},
		scenario{name: "dropped: trailers", rfc: "9110 6.5.1", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600", "Trailer: X-Own"), chunked: true, trailers: fields("X-Own: a")}}, from: fetched, want: []string{"!X-Own"}},
			{from: stored, want: []string{"!X-Own", "!Trailer-X-Own"}},
		}},
		scenario{name: "dropped: Server of the origin", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Server: nginx"), from: fetched, want: []string{"Server: Cistern"}},
			{from: stored, want: []string{"Server: Cistern"}},
		}},
		scenario{name: "dropped: fields for the cache", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Surrogate-Key: a b", "Cache-Tag: c", "Cistern-CDN-Cache-Control: max-age=3600"), from: fetched, want: []string{"!Surrogate-Key", "!Cache-Tag", "!Cistern-CDN-Cache-Control"}},
			{from: stored, want: []string{"!Surrogate-Key", "!Cache-Tag", "!Cistern-CDN-Cache-Control"}},
		}},
		scenario{name: "dropped: Via to the viewer", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{"!Via", "!CDN-Loop"}},
			{from: stored, want: []string{"!Via", "!CDN-Loop"}},
		}},
	)
}

// requestFields go to the origin, or do not.
func requestFields() []scenario {
	var cases []scenario
	for _, tt := range []struct{ name, rfc, send, want string }{
		{"Via", "9110 7.6.3", "X-None: a", `Via ~ ^1\.1 \S+$`},
		{"Via after the viewer's", "9110 7.6.3", "Via: 1.0 before", `Via ~ ^1\.0 before, 1\.1 \S+$`},
		{"CDN-Loop", "8586 2", "X-None: a", `CDN-Loop ~ ^cistern`},
		{"CDN-Loop after the viewer's", "8586 2", "CDN-Loop: other; a=1", `CDN-Loop ~ ^other; ?a=1, cistern`},
		{"unknown field", "9110 7.6.1", "X-Own: a", "X-Own: a"},
		{"Accept", "9110 7.6.1", "Accept: text/html;q=0.5", "Accept: text/html;q=0.5"},
		{"what Connection lists", "9110 7.6.1", "Connection: X-Own\r\nX-Own: a", "!X-Own"},
		{"Keep-Alive", "9110 7.6.1", "Keep-Alive: timeout=77", "!Keep-Alive"},
		{"TE", "9110 7.6.1", "Connection: TE\r\nTE: trailers", "!TE"},
		{"Upgrade", "9110 7.8", "Connection: Upgrade\r\nUpgrade: websocket", "!Upgrade"},
		{"Proxy-Authorization", "9110 11.7.2", "Proxy-Authorization: Basic dTpw", "!Proxy-Authorization"},
		{"If-None-Match", "spec", `If-None-Match: "a"`, "!If-None-Match"},
		{"If-Modified-Since", "spec", "If-Modified-Since: {now-3600}", "!If-Modified-Since"},
		{"If-Unmodified-Since", "spec", "If-Unmodified-Since: {now+3600}", "!If-Unmodified-Since"},
		{"Range with If-Range", "spec", "If-Range: \"a\"\r\nRange: xyz=1", "!If-Range"},
	} {
		cases = append(cases, scenario{name: "to the origin: " + tt.name, rfc: tt.rfc, steps: []step{
			{send: fields(tt.send), origin: with("Cache-Control: max-age=3600"), from: fetched, asks: []string{tt.want}},
		}})
	}
	return cases
}
