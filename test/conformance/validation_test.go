package conformance

import "strings"

// validation is about asking the origin whether a stored response is still
// good, and what its 304 changes (RFC 9111, 4.3).
func validation() []scenario {
	return join(validators(), updatedFields(), keptBy304(), freshAgain(), otherAnswers(), mismatched())
}

// stale returns an answer that is stale on arrival and may be validated.
func stale(lines ...string) []answer {
	return with(append([]string{"Cache-Control: max-age=10, must-revalidate", "Age: 100"}, lines...)...)
}

// validators are what the origin is asked with.
func validators() []scenario {
	return []scenario{
		{name: "strong ETag", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`, "!If-Modified-Since", "Method: GET"}},
		}},
		{name: "weak ETag", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(`ETag: W/"a"`), from: fetched},
			{origin: says(304, `ETag: W/"a"`), from: validated, asks: []string{`If-None-Match: W/"a"`}},
		}},
		{name: "ETag with a comma", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(`ETag: "a,b"`), from: fetched},
			{origin: says(304, `ETag: "a,b"`), from: validated, asks: []string{`If-None-Match: "a,b"`}},
		}},
		{name: "empty ETag", rfc: "9110 8.8.3", steps: []step{
			{origin: stale(`ETag: ""`), from: fetched},
			{origin: says(304, `ETag: ""`), from: validated, asks: []string{`If-None-Match: ""`}},
		}},
		{name: "Last-Modified", rfc: "9111 4.3.1", steps: []step{
			{origin: stale("Last-Modified: {now-864000}"), from: fetched},
			{origin: says(304, "Last-Modified: {now-864000}"), from: validated, asks: []string{"If-Modified-Since: {now-864000}", "!If-None-Match"}},
		}},
		{name: "both", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(`ETag: "a"`, "Last-Modified: {now-864000}"), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`, "If-Modified-Since: {now-864000}"}},
		}},
		{name: "none", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(), from: fetched},
			{origin: with(), from: fetched, asks: []string{"!If-None-Match", "!If-Modified-Since"}},
		}},
		{name: "own, and not the viewer's", rfc: "9111 4.3.1", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "b"`, "If-Modified-Since: {now}"), origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`, "!If-Modified-Since"}},
		}},
		{name: "ETag of 500 bytes", rfc: "9110 8.8.3", steps: []step{
			{origin: stale(`ETag: "` + strings.Repeat("a", 500) + `"`), from: fetched},
			{origin: says(304, `ETag: "`+strings.Repeat("a", 500)+`"`), from: validated, asks: []string{`If-None-Match: "` + strings.Repeat("a", 500) + `"`}},
		}},
		{name: "those of a status that is not 200", rfc: "9111 4.3.1", steps: []step{
			{origin: says(404, "Cache-Control: max-age=10, must-revalidate", "Age: 100", `ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`}},
		}},
		{name: "a validator without lifetime is kept", rfc: "9111 3", steps: []step{
			{origin: with(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`}},
		}},
	}
}

// updatedFields of a 304 replace stored ones (RFC 9111, 3.2).
func updatedFields() []scenario {
	var cases []scenario
	for _, tt := range []struct{ name, before, after string }{
		{"unknown field", "X-Own: 1", "X-Own: 2"},
		{"Test-Header", "Test-Header: 1", "Test-Header: 2"},
		{"Content-Language", "Content-Language: de", "Content-Language: en"},
		{"Content-Location", "Content-Location: /a", "Content-Location: /b"},
		{"Content-Type", "Content-Type: text/a", "Content-Type: text/b"},
		{"Content-Security-Policy", "Content-Security-Policy: default-src 'self'", "Content-Security-Policy: default-src 'none'"},
		{"Content-Disposition", "Content-Disposition: inline", "Content-Disposition: attachment"},
		{"Cache-Control", "X-None: 1", "Cache-Control: max-age=10, must-revalidate, xyz=2"},
		{"Expires", "Expires: {now+10}", "Expires: {now+20}"},
		{"Last-Modified", "Last-Modified: {now-864000}", "Last-Modified: {now-86400}"},
		{"Link", "Link: </a>; rel=preload", "Link: </b>; rel=preload"},
		{"Location", "Location: /a", "Location: /b"},
		{"Set-Cookie", "Set-Cookie: a=1", "Set-Cookie: a=2"},
		{"Strict-Transport-Security", "Strict-Transport-Security: max-age=1", "Strict-Transport-Security: max-age=2"},
		{"X-Frame-Options", "X-Frame-Options: deny", "X-Frame-Options: sameorigin"},
		{"Clear-Site-Data", `Clear-Site-Data: "a"`, `Clear-Site-Data: "b"`},
		{"Public-Key-Pins", "Public-Key-Pins: a", "Public-Key-Pins: b"},
		{"a field that is new", "X-None: 1", "X-New: 1"},
		{"an emptied field", "X-Own: 1", "X-Own:"},
	} {
		cases = append(cases, scenario{name: "updates " + tt.name, rfc: "9111 3.2", steps: []step{
			{origin: stale(`ETag: "a"`, tt.before), from: fetched, want: []string{tt.before}},
			{origin: says(304, `ETag: "a"`, tt.after), from: validated, want: []string{tt.after, `ETag: "a"`}},
			{from: stored, want: []string{tt.after, `ETag: "a"`}},
		}})
	}
	return append(cases,
		scenario{name: "updates all lines of a field", rfc: "9111 3.2", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1", "X-Own: 2"), from: fetched},
			{origin: says(304, `ETag: "a"`, "X-Own: 3", "X-Own: 4", "X-Own: 5"), from: validated, want: []string{"X-Own: 3, 4, 5"}},
			{from: stored, want: []string{"X-Own: 3, 4, 5"}},
		}},
		scenario{name: "updates a field whatever its case", rfc: "9110 5.1", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: says(304, `ETag: "a"`, "x-own: 2"), from: validated, want: []string{"X-Own: 2"}},
		}},
		scenario{name: "updates Date", rfc: "9111 4.3.4", steps: []step{
			{origin: stale(`ETag: "a"`, "Date: {now-7200}"), from: fetched},
			{origin: says(304, `ETag: "a"`, "Date: {now-3600}"), from: validated, want: []string{"Date: {now-3600}", "Age >= 3600", "Age < 3630"}},
		}},
		scenario{name: "takes no field that Connection lists", rfc: "9111 3.2", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: says(304, `ETag: "a"`, "Connection: X-Own", "X-Own: 2"), from: validated, want: []string{"X-Own: 1"}},
		}},
	)
}

// keptBy304 are fields that describe the stored bytes, and those that the 304
// lacks.
func keptBy304() []scenario {
	return []scenario{
		{name: "keeps Content-Length", rfc: "9111 3.2", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: max-age=0", `ETag: "a"`), body: "ten bytes."}}, from: fetched},
			{origin: says(304, `ETag: "a"`, "Content-Length: 5"), from: validated, want: []string{"Content-Length: 10"}},
		}},
		{name: "keeps Content-Encoding", rfc: "spec", steps: []step{
			{origin: stale(`ETag: "a"`, "Content-Encoding: abc"), from: fetched},
			{origin: says(304, `ETag: "a"`, "Content-Encoding: xyz"), from: validated, want: []string{"Content-Encoding: abc"}},
		}},
		{name: "takes no Content-Range", rfc: "spec", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Content-Range: bytes 0-1/2"), from: validated, want: []string{"!Content-Range"}},
		}},
		{name: "takes no fields of the connection", rfc: "9111 3.1", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Keep-Alive: timeout=77", "Proxy-Authenticate: Basic", "Upgrade: x"), from: validated, want: []string{"!Keep-Alive", "!Proxy-Authenticate", "!Upgrade"}},
		}},
		{name: "keeps what it lacks", rfc: "9111 3.2", steps: []step{
			{origin: stale(`ETag: "a"`, "Content-Type: text/own", "X-Own: 1", "Set-Cookie: a=1"), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, want: []string{"Content-Type: text/own", "X-Own: 1", "Set-Cookie: a=1", "Cache-Control: max-age=10, must-revalidate"}},
		}},
		{name: "keeps the status", rfc: "9111 4.3.4", steps: []step{
			{origin: says(301, "Cache-Control: max-age=0", `ETag: "a"`, "Location: /b"), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, want: []string{"Location: /b"}},
		}},
		{name: "keeps lists of no-cache and private", rfc: "9111 5.2.2.7", steps: []step{
			{origin: with(`ETag: "a"`, `Cache-Control: max-age=0, private="X-Own"`, "X-Own: 1"), from: fetched},
			{origin: says(304, `ETag: "a"`, `Cache-Control: max-age=3600, private="X-Own"`, "X-Own: 2"), from: validated, want: []string{"X-Own: 2"}},
			{from: stored, want: []string{"!X-Own"}},
		}},
		{name: "keeps lists that it does not repeat", rfc: "9111 5.2.2.7", steps: []step{
			{origin: with(`ETag: "a"`, `Cache-Control: max-age=3600, private="Set-Cookie"`, "Set-Cookie: a=1", "Age: 7200"), from: fetched},
			{origin: says(304, `ETag: "a"`, "Set-Cookie: a=2"), from: validated, want: []string{"Set-Cookie: a=2"}},
			{from: stored, want: []string{"!Set-Cookie"}},
		}},
		{name: "takes lists that are new", rfc: "9111 5.2.2.4", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: says(304, `ETag: "a"`, `Cache-Control: max-age=3600, no-cache="X-Own"`), from: validated},
			{from: stored, want: []string{"!X-Own"}},
		}},
	}
}

// freshAgain is how long a response may be reused after a 304.
func freshAgain() []scenario {
	return []scenario{
		{name: "304 with a new lifetime", rfc: "9111 4.3.4", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Cache-Control: max-age=3600"), from: validated, want: []string{"Age < 30", "Cache-Control: max-age=3600"}},
			{from: stored, want: []string{"Age < 30", "Cache-Control: max-age=3600"}},
		}},
		{name: "304 without one begins the old anew", rfc: "9111 4.3.4", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Age: 7200", `ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, want: []string{"Age < 30"}},
			{from: stored, want: []string{"Age < 30"}},
		}},
		{name: "304 with new Expires", rfc: "9111 4.3.4", steps: []step{
			{origin: with("Expires: {now-10}", `ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Expires: {now+3600}"), from: validated},
			{from: stored, want: []string{"Expires: {now+3600}"}},
		}},
		{name: "304 with an Age of its own", rfc: "9111 4.2.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Cache-Control: max-age=3600", "Age: 1000"), from: validated, want: []string{"Age >= 1000", "Age < 1030"}},
			{from: stored, want: []string{"Age >= 1000", "Age < 1030"}},
		}},
		{name: "304 that is too old itself", rfc: "9111 4.2.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Cache-Control: max-age=3600", "Age: 7200"), from: validated},
			{origin: says(304, `ETag: "a"`), from: validated},
		}},
		{name: "304 that makes it no-cache", rfc: "9111 4.3.4", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`, "Cache-Control: max-age=3600, no-cache"), from: validated},
			{origin: says(304, `ETag: "a"`), from: validated},
		}},
		{name: "304 by Last-Modified", rfc: "9111 4.3.4", steps: []step{
			{origin: stale("Last-Modified: {now-864000}"), from: fetched},
			{origin: says(304, "Last-Modified: {now-864000}", "Cache-Control: max-age=3600"), from: validated},
			{from: stored},
		}},
		{name: "304 by Last-Modified in another form", rfc: "9111 4.3.4", steps: []step{
			{origin: stale("Last-Modified: {now-864000}"), from: fetched},
			{origin: says(304, "Last-Modified: {now-864000 rfc850}", "Cache-Control: max-age=3600"), from: validated},
			{from: stored},
		}},
		{name: "304 for HEAD answers GET too", rfc: "9111 4.3.4", steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched},
			{method: "HEAD", send: fields(`If-None-Match: "a"`), from: stored, status: 304},
			{from: stored},
		}},
	}
}

// otherAnswers to a validation replace the stored response, or do not.
func otherAnswers() []scenario {
	return []scenario{
		{name: "200 replaces", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: with("Cache-Control: max-age=3600", `ETag: "b"`), from: fetched, want: []string{`ETag: "b"`, "!X-Own"}},
			{from: stored, want: []string{`ETag: "b"`, "!X-Own"}},
		}},
		{name: "200 with the same ETag replaces", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched, want: []string{"!X-Own"}},
			{from: stored, want: []string{"!X-Own"}},
		}},
		{name: "404 is passed on", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(404), from: fetched},
		}},
		{name: "404 with a lifetime replaces", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(404, "Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
		{name: "500 is passed on, and the entry stays", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(500), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, like: 1, asks: []string{`If-None-Match: "a"`}},
		}},
		{name: "503 is passed on, and the entry stays", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(503), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, like: 1, asks: []string{`If-None-Match: "a"`}},
		}},
		{name: "200 with no-store removes", rfc: "9111 4.3.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: with("Cache-Control: no-store"), from: fetched},
			{origin: with(), from: fetched},
		}},
	}
}

// mismatched are 304s about something that is not stored (RFC 9111, 4.3.4).
func mismatched() []scenario {
	var cases []scenario
	for _, tt := range []struct{ name, stored, told string }{
		{"another strong ETag", `ETag: "a"`, `ETag: "b"`},
		{"another weak ETag", `ETag: W/"a"`, `ETag: W/"b"`},
		{"strong ETag for a weak one", `ETag: W/"a"`, `ETag: "a"`},
		{"another Last-Modified", "Last-Modified: {now-864000}", "Last-Modified: {now-86400}"},
	} {
		cases = append(cases, scenario{name: "304 with " + tt.name, rfc: "9111 4.3.4", steps: []step{
			{origin: stale(tt.stored), from: fetched},
			{origin: []answer{{status: 304, fields: fields(tt.told, "Cache-Control: max-age=3600")}, {fields: fields("Cache-Control: max-age=3600")}}, from: fetched,
				asks: []string{"!If-None-Match", "!If-Modified-Since"}},
			{from: stored},
		}})
	}
	return cases
}
