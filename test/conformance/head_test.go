package conformance

// head is about HEAD (RFC 9110, 9.3.2, and RFC 9111, 4.3.5).
func head() []scenario {
	return []scenario{
		{name: "HEAD from a stored GET", rfc: "9111 4", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600", `ETag: "a"`, "Content-Type: text/own"), body: "ten bytes."}}, from: fetched},
			{method: "HEAD", from: stored, want: []string{"Content-Length: 10", `ETag: "a"`, "Content-Type: text/own", "Cache-Control: max-age=3600"}},
			{from: stored},
		}},
		{name: "HEAD from a stored chunked GET", rfc: "9111 4", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "ten bytes.", chunked: true}}, from: fetched},
			{method: "HEAD", from: stored, want: []string{"Content-Length: 10"}},
		}},
		{name: "HEAD from a stored 404", rfc: "9111 4", steps: []step{
			{origin: says(404, "Cache-Control: max-age=3600"), from: fetched},
			{method: "HEAD", from: stored},
		}},
		{name: "HEAD from a stored redirect", rfc: "9111 4", steps: []step{
			{origin: says(301, "Cache-Control: max-age=3600", "Location: /b"), from: fetched},
			{method: "HEAD", from: stored, want: []string{"Location: /b"}},
		}},
		{name: "HEAD first", rfc: "9110 9.3.2", steps: []step{
			{method: "HEAD", origin: []answer{{fields: fields("Cache-Control: max-age=3600", "X-Own: a"), body: "ten bytes."}}, from: fetched, want: []string{"Content-Length: 10", "X-Own: a"}},
		}},
		{name: "HEAD from a stored HEAD", rfc: "9111 3", steps: []step{
			{method: "HEAD", origin: []answer{{fields: fields("Cache-Control: max-age=3600", "X-Own: a"), body: "ten bytes."}}, from: fetched},
			{method: "HEAD", from: stored, want: []string{"Content-Length: 10", "X-Own: a"}},
		}},
		{name: "HEAD with no-store", rfc: "9111 5.2.2.5", steps: []step{
			{method: "HEAD", origin: with("Cache-Control: no-store"), from: fetched},
			{method: "HEAD", origin: with(), from: fetched},
		}},
		{name: "HEAD without lifetime", rfc: "9111 3", steps: []step{
			{method: "HEAD", origin: with(), from: fetched},
			{method: "HEAD", origin: with(), from: fetched},
		}},
		{name: "GET is not answered from a HEAD", rfc: "9110 9.3.2", steps: []step{
			{method: "HEAD", origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "ten bytes."}}, from: fetched},
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "ten bytes."}}, from: anywhere, body: "ten bytes."},
			{from: stored, body: "ten bytes."},
		}},
		{name: "HEAD of what is stale asks", rfc: "9111 4", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{method: "HEAD", origin: with("Cache-Control: max-age=3600", `ETag: "b"`), from: fetched, want: []string{`ETag: "b"`}},
		}},
		{name: "HEAD that differs does not refresh the GET", rfc: "9111 4.3.5", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=0", `ETag: "a"`), body: "ten bytes."}}, from: fetched},
			{method: "HEAD", origin: []answer{{fields: fields("Cache-Control: max-age=3600", `ETag: "b"`), body: "eleven bytes"}}, from: fetched},
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600", `ETag: "b"`), body: "eleven bytes"}}, from: anywhere, body: "eleven bytes"},
			{from: stored, body: "eleven bytes"},
		}},
		{name: "HEAD with another length does not refresh the GET", rfc: "9111 4.3.5", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=0"), body: "ten bytes."}}, from: fetched},
			{method: "HEAD", origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "eleven bytes"}}, from: fetched},
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "eleven bytes"}}, from: anywhere, body: "eleven bytes"},
			{from: stored, body: "eleven bytes"},
		}},
		{name: "HEAD with another ETag ends a fresh GET", rfc: "9111 4.3.5", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched},
			{method: "HEAD", send: fields("Cache-Control: no-cache"), origin: with("Cache-Control: max-age=3600", `ETag: "b"`), from: fetched},
			{origin: with("Cache-Control: max-age=3600", `ETag: "b"`), from: fetched},
		}},
		{name: "HEAD with another length ends a fresh GET", rfc: "9111 4.3.5", zone: honest(), steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "ten bytes."}}, from: fetched},
			{method: "HEAD", send: fields("Cache-Control: no-cache"), origin: []answer{{fields: fields("Cache-Control: max-age=3600"), body: "eleven bytes"}}, from: fetched},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		{name: "HEAD with another Last-Modified ends a fresh GET", rfc: "9111 4.3.5", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Last-Modified: {now-864000}"), from: fetched},
			{method: "HEAD", send: fields("Cache-Control: no-cache"), origin: with("Cache-Control: max-age=3600", "Last-Modified: {now-86400}"), from: fetched},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		{name: "HEAD that agrees updates the GET", rfc: "9111 4.3.5", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`, "X-Own: 1", "Age: 100"), from: fetched},
			{method: "HEAD", send: fields("Cache-Control: no-cache"), origin: with("Cache-Control: max-age=7200", `ETag: "a"`, "X-Own: 2"), from: fetched, want: []string{"X-Own: 2"}},
			{from: stored, like: 1, want: []string{"X-Own: 2", "Cache-Control: max-age=7200", "Age < 30"}},
		}},
		{name: "HEAD with 404 is not for GET", rfc: "9110 9.3.2", steps: []step{
			{method: "HEAD", origin: says(404, "Cache-Control: max-age=3600"), from: fetched},
			{origin: []answer{{status: 404, body: "lost"}}, from: anywhere, status: 404, body: "lost"},
		}},
		{name: "HEAD with Last-Modified by heuristic", rfc: "9111 4.2.2", steps: []step{
			{origin: with("Last-Modified: {now-864000}"), from: fetched},
			{method: "HEAD", from: stored, want: []string{"Last-Modified: {now-864000}"}},
		}},
	}
}
