package conformance

// anyMethod is a zone that passes every method on.
func anyMethod() zone {
	return zone{name: "any-method", settings: `{"delivery": {"allowed_methods": ["*"]}}`}
}

// methods is about methods other than GET and HEAD: what they invalidate
// (RFC 9111, 4.4), and that they are not stored.
func methods() []scenario {
	return join(invalidating(), invalidatedElsewhere(), notStored(), notAllowed())
}

// invalidating are answers to unsafe methods and what they do to the target.
func invalidating() []scenario {
	var cases []scenario
	add := func(name, method string, status int, from source) {
		cases = append(cases, scenario{name: name, rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
			{method: method, origin: says(status), from: passed, asks: []string{"Method: " + method}},
			{origin: with("Cache-Control: max-age=3600"), from: from, like: likeFirst(from)},
		}})
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "MKCOL", "XYZ", "M-SEARCH"} {
		add(method+" with 200 invalidates", method, 200, fetched)
		add(method+" with 204 invalidates", method, 204, fetched)
		add(method+" with 404 does not", method, 404, stored)
		add(method+" with 500 does not", method, 500, stored)
	}
	for _, status := range []int{201, 202, 299, 301, 302, 303, 307, 308, 399} {
		add("POST with "+itoa(status)+" invalidates", "POST", status, fetched)
	}
	for _, status := range []int{400, 401, 403, 409, 412, 422, 499, 501, 502, 503, 504, 599} {
		add("POST with "+itoa(status)+" does not", "POST", status, stored)
	}
	add("OPTIONS does not", "OPTIONS", 200, stored)
	return append(cases,
		scenario{name: "POST invalidates all variants", rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 2"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{method: "POST", send: fields("X-Own: 3"), origin: says(204), from: passed},
			{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 2"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
		}},
		scenario{name: "POST invalidates what HEAD finds", rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{method: "POST", origin: says(204), from: passed},
			{method: "HEAD", origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		scenario{name: "POST invalidates its own query only", rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{path: "?a=1", origin: with("Cache-Control: max-age=3600"), from: fetched},
			{path: "?a=2", origin: with("Cache-Control: max-age=3600"), from: fetched},
			{method: "POST", path: "?a=1", origin: says(204), from: passed},
			{path: "?a=2", from: stored, like: 2},
			{path: "?a=1", origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		scenario{name: "POST invalidates a negative answer", rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{origin: says(404, "Cache-Control: max-age=3600"), from: fetched},
			{method: "PUT", origin: says(201), from: passed},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		scenario{name: "what is fetched after POST is stored", rfc: "9111 4.4", zone: anyMethod(), steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{method: "POST", origin: says(204), from: passed},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
		scenario{name: "POST that nobody answers is not an answer", rfc: "9110 9.2.2", zone: anyMethod(), steps: []step{
			{method: "POST", origin: dropped(), from: failed, status: 502},
		}},
	)
}

// likeFirst is the step that what is stored came from.
func likeFirst(from source) int {
	if from == stored {
		return 1
	}
	return 0
}

// invalidatedElsewhere are the targets of Location and Content-Location.
func invalidatedElsewhere() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name, line string
		from       source
	}{
		{"Location, absolute path", "Location: {base}/b", fetched},
		{"Location, absolute URI", "Location: http://{host}{base}/b", fetched},
		{"Location, relative", "Location: b", fetched},
		{"Location, without scheme", "Location: //{host}{base}/b", fetched},
		{"Location, with fragment", "Location: {base}/b#c", fetched},
		{"Content-Location, absolute path", "Content-Location: {base}/b", fetched},
		{"Content-Location, absolute URI", "Content-Location: http://{host}{base}/b", fetched},
		{"Content-Location, relative", "Content-Location: b", fetched},
		{"Location of another host", "Location: http://other.test{base}/b", stored},
		{"Location of another port", "Location: http://{host}:8081{base}/b", stored},
		{"Location of another scheme", "Location: https://{host}{base}/b", stored},
		{"Content-Location of another host", "Content-Location: http://other.test{base}/b", stored},
		{"Content-Location of another host, without scheme", "Content-Location: //other.test{base}/b", stored},
		{"Link", "Link: <{base}/b>", stored},
	} {
		for _, status := range []int{201, 303} {
			cases = append(cases, scenario{name: "POST with " + itoa(status) + " and " + tt.name, rfc: "9111 4.4", zone: anyMethod(), steps: []step{
				{path: "/b", origin: with("Cache-Control: max-age=3600"), from: fetched},
				{method: "POST", path: "/a", origin: says(status, tt.line), from: passed},
				{path: "/b", origin: with("Cache-Control: max-age=3600"), from: tt.from, like: likeFirst(tt.from)},
			}})
		}
	}
	for _, line := range []string{"Location: {base}/b", "Content-Location: {base}/b"} {
		cases = append(cases,
			scenario{name: "POST with 400 and " + line, rfc: "9111 4.4", zone: anyMethod(), steps: []step{
				{path: "/b", origin: with("Cache-Control: max-age=3600"), from: fetched},
				{method: "POST", path: "/a", origin: says(400, line), from: passed},
				{path: "/b", from: stored, like: 1},
			}},
			scenario{name: "GET with " + line, rfc: "9111 4.4", zone: anyMethod(), steps: []step{
				{path: "/b", origin: with("Cache-Control: max-age=3600"), from: fetched},
				{path: "/a", origin: with("Cache-Control: max-age=3600", line), from: fetched},
				{path: "/b", from: stored, like: 1},
			}},
		)
	}
	return cases
}

// notStored are answers to methods that nobody may reuse.
func notStored() []scenario {
	var cases []scenario
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "XYZ"} {
		cases = append(cases,
			scenario{name: method + " twice", rfc: "9111 3", zone: anyMethod(), steps: []step{
				{method: method, origin: with("Cache-Control: max-age=3600"), from: passed},
				{method: method, origin: with("Cache-Control: max-age=3600"), from: passed},
			}},
			scenario{name: method + ", then GET", rfc: "9111 3", zone: anyMethod(), steps: []step{
				{method: method, origin: with("Cache-Control: max-age=3600, public"), from: passed},
				{origin: with("Cache-Control: max-age=3600"), from: fetched},
			}},
			scenario{name: method + " is not answered from GET", rfc: "9111 4", zone: anyMethod(), steps: []step{
				{origin: with("Cache-Control: max-age=3600"), from: fetched},
				{method: method, origin: with(), from: passed},
			}},
		)
	}
	return append(cases,
		scenario{name: "content goes to the origin", rfc: "9110 6.4", zone: anyMethod(), steps: []step{
			{method: "POST", send: fields("Content-Length: 5", "Content-Type: text/own"), content: "hello", origin: with(), from: passed, asks: []string{"Content-Length: 5", "Content-Type: text/own", "Content: hello"}},
			{method: "PUT", send: fields("Transfer-Encoding: chunked"), content: "5\r\nhello\r\n0\r\n\r\n", origin: with(), from: passed, asks: []string{"Content: hello"}},
		}},
		scenario{name: "fields of the answer", rfc: "9110 7.6.1", zone: anyMethod(), steps: []step{
			{method: "POST", origin: says(201, "Location: /b", "X-Own: 1", "Connection: X-Gone", "X-Gone: 1"), from: passed, want: []string{"Location: /b", "X-Own: 1", "!X-Gone"}},
		}},
		scenario{name: "conditions of unsafe methods are the origin's", rfc: "9110 13.1.1", zone: anyMethod(), steps: []step{
			{method: "PUT", send: fields(`If-Match: "a"`), origin: says(412), from: passed, asks: []string{`If-Match: "a"`}},
		}},
	)
}

// notAllowed are methods that a zone refuses by default.
func notAllowed() []scenario {
	var cases []scenario
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "XYZ", "TRACE"} {
		cases = append(cases, scenario{name: method + " is not allowed", rfc: "9110 15.5.6", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{method: method, from: refused, status: 405, want: []string{"Allow: GET, HEAD"}},
			{from: stored, like: 1},
		}})
	}
	return append(cases, scenario{name: "TRACE is never allowed", rfc: "9110 9.3.8", zone: anyMethod(), steps: []step{
		{method: "TRACE", from: refused, status: 405, want: []string{"Allow"}},
	}})
}
