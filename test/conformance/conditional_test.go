package conformance

// conditional is about the conditions of viewers (RFC 9110, 13).
func conditional() []scenario {
	return join(onStored(), onFetched(), notModifiedFields())
}

// onStored evaluates conditions on a fresh stored response.
func onStored() []scenario {
	const (
		ok          = 0 // the whole
		notModified = 304
		failed      = 412
	)
	tag, weak, modified, both := fields(`ETag: "a"`), fields(`ETag: W/"a"`), fields("Last-Modified: {now-864000}"), fields(`ETag: "a"`, "Last-Modified: {now-864000}")
	var cases []scenario
	for _, tt := range []struct {
		name   string
		rfc    string
		has    []string // of the stored response
		send   []string
		status int
	}{
		{"the same", "9110 13.1.2", tag, fields(`If-None-Match: "a"`), notModified},
		{"another", "9110 13.1.2", tag, fields(`If-None-Match: "b"`), ok},
		{"another case", "9110 8.8.3", tag, fields(`If-None-Match: "A"`), ok},
		{"any", "9110 13.1.2", tag, fields("If-None-Match: *"), notModified},
		{"any, without ETag", "9110 13.1.2", modified, fields("If-None-Match: *"), notModified},
		{"any, without validator", "9110 13.1.2", nil, fields("If-None-Match: *"), notModified},
		{"one, without ETag", "9110 13.1.2", modified, fields(`If-None-Match: "a"`), ok},
		{"last of a list", "9110 13.1.2", tag, fields(`If-None-Match: "x", "y", "a"`), notModified},
		{"first of a list", "9110 13.1.2", tag, fields(`If-None-Match: "a", "x"`), notModified},
		{"list without blanks", "9110 13.1.2", tag, fields(`If-None-Match: "x","a"`), notModified},
		{"list with empty members", "9110 5.6.1", tag, fields(`If-None-Match: , "x",, "a",`), notModified},
		{"list without it", "9110 13.1.2", tag, fields(`If-None-Match: "x", "y"`), ok},
		{"two lines", "9110 5.3", tag, fields(`If-None-Match: "x"`, `If-None-Match: "a"`), notModified},
		{"weak one of strong", "9110 8.8.3.2", tag, fields(`If-None-Match: W/"a"`), notModified},
		{"strong one of weak", "9110 8.8.3.2", weak, fields(`If-None-Match: "a"`), notModified},
		{"weak one of weak", "9110 8.8.3.2", weak, fields(`If-None-Match: W/"a"`), notModified},
		{"weak one in a list", "9110 8.8.3.2", tag, fields(`If-None-Match: "x", W/"a"`), notModified},
		{"other weak one", "9110 8.8.3.2", weak, fields(`If-None-Match: W/"b"`), ok},
		{"lower-case w", "9110 8.8.3", weak, fields(`If-None-Match: w/"a"`), ok},
		{"with a comma inside", "9110 8.8.3", fields(`ETag: "a,b"`), fields(`If-None-Match: "x", "a,b"`), notModified},
		{"part of one with a comma", "9110 8.8.3", fields(`ETag: "b"`), fields(`If-None-Match: "a,"b","c"`), ok},
		{"with a backslash inside", "9110 8.8.3", fields(`ETag: "a\"`), fields(`If-None-Match: "x", "a\"`), notModified},
		{"empty", "9110 8.8.3", fields(`ETag: ""`), fields(`If-None-Match: ""`), notModified},
		{"beyond ASCII", "9110 8.8.3", fields("ETag: \"\u00fc\""), fields("If-None-Match: \"\u00fc\""), notModified},

		{"same time", "9110 13.1.3", modified, fields("If-Modified-Since: {now-864000}"), notModified},
		{"later", "9110 13.1.3", modified, fields("If-Modified-Since: {now-86400}"), notModified},
		{"in the future", "9110 13.1.3", modified, fields("If-Modified-Since: {now+86400}"), notModified},
		{"a second earlier", "9110 13.1.3", modified, fields("If-Modified-Since: {now-864001}"), ok},
		{"earlier", "9110 13.1.3", modified, fields("If-Modified-Since: {now-8640000}"), ok},
		{"in RFC 850 form", "9110 5.6.7", modified, fields("If-Modified-Since: {now-864000 rfc850}"), notModified},
		{"in asctime form", "9110 5.6.7", modified, fields("If-Modified-Since: {now-864000 asctime}"), notModified},
		{"earlier in RFC 850 form", "9110 5.6.7", modified, fields("If-Modified-Since: {now-8640000 rfc850}"), ok},
		{"no date", "9110 13.1.3", modified, fields("If-Modified-Since: today"), ok},
		{"with an offset", "9110 13.1.3", modified, fields("If-Modified-Since: {now Mon, 02 Jan 2006 15:04:05} +0000"), ok},
		{"stored RFC 850", "9110 5.6.7", fields("Last-Modified: {now-864000 rfc850}"), fields("If-Modified-Since: {now-864000}"), notModified},
		{"later than Date, without Last-Modified", "9111 4.3.2", fields("Date: {now-100}"), fields("If-Modified-Since: {now}"), notModified},
		{"earlier than Date, without Last-Modified", "9111 4.3.2", fields("Date: {now-100}"), fields("If-Modified-Since: {now-864000}"), ok},
		{"no match beside a later date", "9110 13.2.2", both, fields(`If-None-Match: "b"`, "If-Modified-Since: {now}"), ok},
		{"match beside an earlier date", "9110 13.2.2", both, fields(`If-None-Match: "a"`, "If-Modified-Since: {now-8640000}"), notModified},

		{"If-Match: the same", "9110 13.1.1", tag, fields(`If-Match: "a"`), ok},
		{"If-Match: another", "9110 13.1.1", tag, fields(`If-Match: "b"`), failed},
		{"If-Match: any", "9110 13.1.1", tag, fields("If-Match: *"), ok},
		{"If-Match: in a list", "9110 13.1.1", tag, fields(`If-Match: "b", "a"`), ok},
		{"If-Match: not in a list", "9110 13.1.1", tag, fields(`If-Match: "b", "c"`), failed},
		{"If-Match: weak one of strong", "9110 8.8.3.2", tag, fields(`If-Match: W/"a"`), failed},
		{"If-Match: strong one of weak", "9110 8.8.3.2", weak, fields(`If-Match: "a"`), failed},
		{"If-Match: weak one of weak", "9110 8.8.3.2", weak, fields(`If-Match: W/"a"`), failed},
		{"If-Match: without ETag", "9110 13.1.1", nil, fields(`If-Match: "a"`), failed},
		{"If-Match: match, and If-None-Match too", "9110 13.2.2", tag, fields(`If-Match: "a"`, `If-None-Match: "a"`), notModified},
		{"If-Match: no match, and If-None-Match", "9110 13.2.2", tag, fields(`If-Match: "b"`, `If-None-Match: "a"`), failed},

		{"If-Unmodified-Since: same time", "9110 13.1.4", modified, fields("If-Unmodified-Since: {now-864000}"), ok},
		{"If-Unmodified-Since: later", "9110 13.1.4", modified, fields("If-Unmodified-Since: {now}"), ok},
		{"If-Unmodified-Since: earlier", "9110 13.1.4", modified, fields("If-Unmodified-Since: {now-8640000}"), failed},
		{"If-Unmodified-Since: no date", "9110 13.1.4", modified, fields("If-Unmodified-Since: today"), ok},
		{"If-Unmodified-Since: without Last-Modified", "9110 13.1.4", tag, fields("If-Unmodified-Since: {now-8640000}"), ok},
		{"If-Unmodified-Since: earlier, and If-Match", "9110 13.2.2", both, fields(`If-Match: "a"`, "If-Unmodified-Since: {now-8640000}"), ok},
		{"If-Unmodified-Since: earlier, and If-None-Match", "9110 13.2.2", both, fields(`If-None-Match: "a"`, "If-Unmodified-Since: {now-8640000}"), failed},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			cases = append(cases, scenario{name: tt.name + ", " + method, rfc: tt.rfc, steps: []step{
				{origin: with(append(fields("Cache-Control: max-age=3600"), tt.has...)...), from: fetched},
				{method: method, send: tt.send, from: stored, status: tt.status},
			}})
		}
	}
	for _, status := range []int{404, 410, 301, 500} {
		for _, send := range []string{`If-None-Match: "a"`, "If-None-Match: *", "If-Modified-Since: {now}", `If-Match: "b"`} {
			cases = append(cases, scenario{name: send + " on a stored error or redirect", rfc: "9110 13.2.1", steps: []step{
				{origin: says(status, "Cache-Control: max-age=3600", `ETag: "a"`, "Last-Modified: {now-864000}"), from: fetched},
				{send: fields(send), from: stored},
			}})
		}
	}
	return cases
}

// onFetched evaluates conditions on what was just fetched or validated.
func onFetched() []scenario {
	return []scenario{
		{name: "If-None-Match on a miss", rfc: "9110 13.1.2", steps: []step{
			{send: fields(`If-None-Match: "a"`), origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched, status: 304, asks: []string{"!If-None-Match"}},
			{from: stored, like: 1},
		}},
		{name: "other If-None-Match on a miss", rfc: "9110 13.1.2", steps: []step{
			{send: fields(`If-None-Match: "b"`), origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched, asks: []string{"!If-None-Match"}},
			{from: stored},
		}},
		{name: "If-Modified-Since on a miss", rfc: "9110 13.1.3", steps: []step{
			{send: fields("If-Modified-Since: {now}"), origin: with("Cache-Control: max-age=3600", "Last-Modified: {now-864000}"), from: fetched, status: 304, asks: []string{"!If-Modified-Since"}},
			{from: stored, like: 1},
		}},
		{name: "If-Match on a miss", rfc: "9110 13.1.1", steps: []step{
			{send: fields(`If-Match: "b"`), origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched, status: 412, asks: []string{"!If-Match"}},
			{from: stored, like: 1},
		}},
		{name: "If-None-Match on what is not stored", rfc: "9110 13.1.2", steps: []step{
			{send: fields(`If-None-Match: "a"`), origin: with("Cache-Control: no-store", `ETag: "a"`), from: fetched, status: 304},
		}},
		{name: "If-None-Match on an error", rfc: "9110 13.2.1", steps: []step{
			{send: fields("If-None-Match: *"), origin: says(404), from: fetched},
		}},
		{name: "If-None-Match after validation", rfc: "9111 4.3.2", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "a"`), origin: says(304, `ETag: "a"`), from: validated, status: 304},
		}},
		{name: "If-None-Match of the new one after validation", rfc: "9111 4.3.2", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "b"`), origin: with(`ETag: "b"`, "Cache-Control: max-age=3600"), from: fetched, status: 304},
			{from: stored, like: 2},
		}},
		{name: "If-None-Match of the old one after validation", rfc: "9111 4.3.2", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "a"`), origin: with(`ETag: "b"`, "Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
	}
}

// notModifiedFields are those of a 304 to the viewer (RFC 9110, 15.4.5).
func notModifiedFields() []scenario {
	var cases []scenario
	for _, line := range []string{"Cache-Control: max-age=3600", "Content-Location: /elsewhere", "Date: {now-10}", `ETag: "a"`, "Expires: {now+3600}", "Vary: X-Own"} {
		all := fields("Content-Location: /elsewhere", "Date: {now-10}", `ETag: "a"`, "Expires: {now+3600}", "Vary: X-Own", "Cache-Control: max-age=3600")
		cases = append(cases, scenario{name: "304 has " + line, rfc: "9110 15.4.5", steps: []step{
			{origin: with(all...), from: fetched},
			{send: fields(`If-None-Match: "a"`), from: stored, status: 304, want: []string{line}},
			{method: "HEAD", send: fields(`If-None-Match: "a"`), from: stored, status: 304, want: []string{line}},
		}})
	}
	return append(cases,
		scenario{name: "304 has no content", rfc: "9110 15.4.5", steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`, "Content-Type: text/own"), from: fetched},
			{send: fields(`If-None-Match: "a"`), from: stored, status: 304, want: []string{"!Content-Length", "!Transfer-Encoding", "!Content-Type", "!Content-Range"}},
			{from: stored, want: []string{"Content-Type: text/own"}},
		}},
	)
}
