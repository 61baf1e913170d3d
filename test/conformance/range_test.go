package conformance

import "strings"

// ranges is about parts of representations (RFC 9110, 14).
func ranges() []scenario {
	return join(ofStored(), ifRange(), besideConditions(), ofFetched(), partialFields())
}

// hundred is the content that ranges are taken of.
func hundred() string { return strings.Repeat("0123456789", 10) }

// whole is the answer with it.
func whole(lines ...string) []answer {
	return []answer{{body: hundred(), fields: append(fields("Cache-Control: max-age=3600"), lines...)}}
}

// part is a step that gets some bytes of a stored hundred.
func part(first, last int, send ...string) step {
	return step{send: send, from: stored, status: 206, body: hundred()[first : last+1],
		want: []string{"Content-Range: bytes " + itoa(first) + "-" + itoa(last) + "/100", "Content-Length: " + itoa(last+1-first)}}
}

// ofStored are ranges of a stored complete response.
func ofStored() []scenario {
	var cases []scenario
	add := func(name, rfc string, s step) {
		cases = append(cases, scenario{name: name, rfc: rfc, steps: []step{{origin: whole(`ETag: "a"`), from: fetched}, s, {from: stored}}})
	}
	for _, tt := range []struct {
		value       string
		first, last int
	}{
		{"bytes=0-9", 0, 9}, {"bytes=0-0", 0, 0}, {"bytes=99-99", 99, 99}, {"bytes=0-99", 0, 99}, {"bytes=10-19", 10, 19},
		{"bytes=90-", 90, 99}, {"bytes=0-", 0, 99}, {"bytes=99-", 99, 99},
		{"bytes=-1", 99, 99}, {"bytes=-10", 90, 99}, {"bytes=-100", 0, 99}, {"bytes=-500", 0, 99},
		{"bytes=50-500", 50, 99}, {"bytes=0-100", 0, 99}, {"bytes=00010-00019", 10, 19},
		{"bytes=10-18446744073709551616", 10, 99}, {"bytes=10-9223372036854775807", 10, 99}, {"bytes=10-9223372036854775808", 10, 99}, {"bytes=10-99999999999999999999999", 10, 99},
		{"bytes=-18446744073709551616", 0, 99}, {"bytes=-9223372036854775808", 0, 99},
		{"BYTES=0-9", 0, 9},
		{"bytes=0-9,", 0, 9}, {"bytes=,0-9", 0, 9},
		{"bytes=0-9,200-300", 0, 9}, {"bytes=200-300, 0-9", 0, 9},
		{"bytes=0-9,5-19", 0, 19}, {"bytes=0-9,10-19", 0, 19}, {"bytes=20-29,30-39,40-49", 20, 49},
	} {
		add(tt.value, "9110 14.1.2", part(tt.first, tt.last, "Range: "+tt.value))
	}
	for _, value := range []string{
		"bytes=100-", "bytes=100-200", "bytes=1000-", "bytes=-0", "bytes=100-100", "bytes=200-300,400-500",
		"bytes=9223372036854775807-", "bytes=9223372036854775808-", "bytes=18446744073709551616-", "bytes=18446744073709551616-18446744073709551617",
	} {
		add(value+" cannot be satisfied", "9110 15.5.17", step{send: fields("Range: " + value), from: stored, status: 416, want: []string{"Content-Range: bytes */100"}})
	}
	for _, value := range []string{
		"bytes=", "bytes", "bytes=-", "bytes=a-b", "bytes=0-b", "bytes=9-1", "bytes 0-9", "0-9", "items=0-9", "bytes=0-9-", "bytes=--1", "bytes=+0-9", "bytes=0x0-9", "bytes=0.0-9",
		"bytes=0-9;10-19", "bytes=0-9,a", "xyz", "", "bytes=0-9,9-1", "none=0-9",
	} {
		add("ignored: "+value, "9110 14.2", step{send: fields("Range: " + value), from: stored})
	}
	cases = append(cases,
		scenario{name: "HEAD ignores Range", rfc: "9110 14.2", steps: []step{
			{origin: whole(), from: fetched},
			{method: "HEAD", send: fields("Range: bytes=0-9"), from: stored, want: []string{"Content-Length: 100", "!Content-Range"}},
			{method: "HEAD", send: fields("Range: bytes=200-"), from: stored, want: []string{"Content-Length: 100", "!Content-Range"}},
		}},
		scenario{name: "errors have no ranges", rfc: "9110 14.2", steps: []step{
			{origin: []answer{{status: 404, body: hundred(), fields: fields("Cache-Control: max-age=3600")}}, from: fetched},
			{send: fields("Range: bytes=0-9"), from: stored, want: []string{"!Content-Range"}},
			{send: fields("Range: bytes=200-"), from: stored, want: []string{"!Content-Range"}},
		}},
		scenario{name: "a chunked response has ranges once stored", rfc: "9110 14.2", steps: []step{
			{origin: []answer{{body: hundred(), chunked: true, fields: fields("Cache-Control: max-age=3600")}}, from: fetched},
			part(10, 19, "Range: bytes=10-19"),
			{from: stored},
		}},
		scenario{name: "several ranges", rfc: "9110 15.3.7.2", steps: []step{
			{origin: whole("Content-Type: text/own"), from: fetched},
			{send: fields("Range: bytes=0-1,98-99"), from: stored, status: 206, multipart: []string{"text/own bytes 0-1/100 01", "text/own bytes 98-99/100 89"}, want: []string{"Content-Type ~ ^multipart/byteranges; ?boundary=", "!Content-Range"}},
			{send: fields("Range: bytes=-2,0-1"), from: stored, status: 206, multipart: []string{"text/own bytes 98-99/100 89", "text/own bytes 0-1/100 01"}},
		}},
		scenario{name: "more ranges than are good", rfc: "9110 17.15", steps: []step{
			{origin: []answer{{body: strings.Repeat("0123456789", 1000), fields: fields("Cache-Control: max-age=3600")}}, from: fetched},
			{send: fields("Range: bytes=0-0" + everyHundred(20)), from: stored, want: []string{"!Content-Range"}},
		}},
		scenario{name: "one range, many times", rfc: "9110 17.15", steps: []step{
			{origin: whole(), from: fetched},
			part(0, 9, "Range: bytes="+strings.Repeat("0-9,", 4)+"0-9"),
		}},
	)
	return cases
}

// everyHundred returns more members of a range set, each of one byte.
func everyHundred(n int) string {
	var text strings.Builder
	for i := 1; i <= n; i++ {
		text.WriteString("," + itoa(100*i) + "-" + itoa(100*i))
	}
	return text.String()
}

// ifRange makes a range depend on a validator (RFC 9110, 13.1.5).
func ifRange() []scenario {
	tag, weak, modified := fields(`ETag: "a"`), fields(`ETag: W/"a"`), fields("Last-Modified: {now-864000}")
	var cases []scenario
	for _, tt := range []struct {
		name   string
		has    []string
		value  string
		isPart bool
	}{
		{"the same tag", tag, `"a"`, true},
		{"another tag", tag, `"b"`, false},
		{"weak tag of strong", tag, `W/"a"`, false},
		{"strong tag of weak", weak, `"a"`, false},
		{"weak tag of weak", weak, `W/"a"`, false},
		{"tag without ETag", modified, `"a"`, false},
		{"a list of tags", tag, `"a", "b"`, false},
		{"any", tag, "*", false},
		{"the same date", modified, "{now-864000}", true},
		{"the same date in another form", modified, "{now-864000 rfc850}", true},
		{"an earlier date", modified, "{now-8640000}", false},
		{"a later date", modified, "{now-86400}", false},
		{"a date without Last-Modified", tag, "{now-864000}", false},
		{"a date that is weak, as it is Date's", fields("Last-Modified: {now}", "Date: {now}"), "{now}", false},
		{"no date", modified, "today", false},
		{"empty", tag, "", false},
	} {
		s := step{send: fields("Range: bytes=10-19", "If-Range: "+tt.value), from: stored, want: []string{"!Content-Range"}}
		if tt.isPart {
			s = part(10, 19, s.send...)
		}
		cases = append(cases, scenario{name: "If-Range: " + tt.name, rfc: "9110 13.1.5", steps: []step{{origin: whole(tt.has...), from: fetched}, s}})
	}
	return append(cases, scenario{name: "If-Range without Range", rfc: "9110 13.1.5", steps: []step{
		{origin: whole(tag...), from: fetched},
		{send: fields(`If-Range: "a"`), from: stored},
		{send: fields(`If-Range: "b"`), from: stored},
	}}, scenario{name: "If-Range: another tag, and a range that cannot be satisfied", rfc: "9110 13.1.5", steps: []step{
		{origin: whole(tag...), from: fetched},
		{send: fields("Range: bytes=200-", `If-Range: "b"`), from: stored},
	}})
}

// besideConditions has other conditions before the range (RFC 9110, 13.2.2).
func besideConditions() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name   string
		send   string
		status int
	}{
		{"If-None-Match that matches", `If-None-Match: "a"`, 304},
		{"If-None-Match that does not", `If-None-Match: "b"`, 206},
		{"If-Match that matches", `If-Match: "a"`, 206},
		{"If-Match that does not", `If-Match: "b"`, 412},
		{"If-Modified-Since that is later", "If-Modified-Since: {now}", 304},
		{"If-Unmodified-Since that is earlier", "If-Unmodified-Since: {now-8640000}", 412},
	} {
		s := step{send: fields("Range: bytes=10-19", tt.send), from: stored, status: tt.status}
		if tt.status == 206 {
			s = part(10, 19, s.send...)
		}
		cases = append(cases, scenario{name: "Range and " + tt.name, rfc: "9110 13.2.2", steps: []step{
			{origin: whole(`ETag: "a"`, "Last-Modified: {now-864000}"), from: fetched},
			s,
		}})
	}
	return cases
}

// ofFetched are ranges of what is not stored yet.
func ofFetched() []scenario {
	missed := part(10, 19, "Range: bytes=10-19")
	missed.from, missed.origin = fetched, whole(`ETag: "a"`)
	validatedPart := part(10, 19, "Range: bytes=10-19")
	validatedPart.from, validatedPart.origin = validated, says(304, `ETag: "a"`)
	refetched := missed
	refetched.origin = []answer{{body: hundred(), fields: fields("Cache-Control: no-store")}}
	beyond := step{send: fields("Range: bytes=200-"), origin: whole(), from: fetched, status: 416, want: []string{"Content-Range: bytes */100"}}
	return []scenario{
		{name: "of a miss", rfc: "9110 14.2", steps: []step{missed, {from: stored}, part(90, 99, "Range: bytes=-10")}},
		{name: "of a validated response", rfc: "9110 14.2", steps: []step{{origin: []answer{{body: hundred(), fields: fields("Cache-Control: max-age=0", `ETag: "a"`)}}, from: fetched}, validatedPart}},
		{name: "of what is not stored", rfc: "9110 14.2", steps: []step{refetched}},
		{name: "beyond the end of a miss", rfc: "9110 15.5.17", steps: []step{beyond, {from: stored}}},
		{name: "206 that nobody asked for", rfc: "9110 15.3.7", steps: []step{
			{origin: []answer{{status: 206, body: hundred()[:10], fields: fields("Cache-Control: max-age=3600", "Content-Range: bytes 0-9/100")}}, from: failed, status: 502},
			{origin: whole(), from: fetched},
		}},
		{name: "416 that nobody asked for", rfc: "9110 15.5.17", steps: []step{
			{origin: says(416, "Content-Range: bytes */100"), from: fetched},
		}},
	}
}

// partialFields are those of a 206 (RFC 9110, 15.3.7).
func partialFields() []scenario {
	var cases []scenario
	for _, line := range []string{`ETag: "a"`, "Date: {now-10}", "Cache-Control: max-age=3600", "Expires: {now+3600}", "Vary: X-Own", "Content-Location: /b", "Last-Modified: {now-864000}", "Content-Type: text/own", "X-Own: 1", "Set-Cookie: a=1"} {
		s := part(10, 19, "Range: bytes=10-19")
		s.want = append(s.want, line)
		origin := whole(`ETag: "a"`, "Date: {now-10}", "Expires: {now+3600}", "Vary: X-Own", "Content-Location: /b", "Last-Modified: {now-864000}", "Content-Type: text/own", "X-Own: 1", "Set-Cookie: a=1")
		cases = append(cases, scenario{name: "206 has " + line, rfc: "9110 15.3.7", steps: []step{{origin: origin, from: fetched}, s}})
	}
	return append(cases, scenario{name: "ranges are offered", rfc: "9110 14.3", steps: []step{
		{origin: whole(), from: fetched, want: []string{"Accept-Ranges: bytes"}},
		{from: stored, want: []string{"Accept-Ranges: bytes"}},
	}})
}
