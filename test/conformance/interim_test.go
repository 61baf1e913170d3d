package conformance

// interim is about answers before the answer (RFC 9110, 15.2). The origin
// holds the final one back until the viewer has seen what comes before.
func interim() []scenario {
	final := func(interim ...string) []answer {
		return []answer{{fields: fields("Cache-Control: max-age=3600", "X-Own: final"), interim: interim}}
	}
	var cases []scenario
	for _, status := range []string{"102", "103", "104", "110", "199"} {
		cases = append(cases, scenario{name: status + " is passed on at once", rfc: "9110 15.2", steps: []step{
			{origin: final(status + " Link: </a>; rel=preload"), from: fetched, interim: []string{status + " Link: </a>; rel=preload"}, want: []string{"X-Own: final", "!Link"}},
			{from: stored, want: []string{"!Link"}},
		}})
	}
	return append(cases,
		scenario{name: "several, in order", rfc: "9110 15.2", steps: []step{
			{origin: final("103 Link: </a>", "102 ", "103 Link: </b>|Link: </c>"), from: fetched, interim: []string{"103 Link: </a>", "102", "103 Link: </b> Link: </c>"}},
			{from: stored},
		}},
		scenario{name: "fields of 103 are no fields of the answer", rfc: "8297 2", steps: []step{
			{origin: final("103 Link: </a>|Cache-Control: no-store|Set-Cookie: a=1|ETag: \"x\""), from: fetched, interim: []string{"103 Link: </a>"}, want: []string{"Cache-Control: max-age=3600", "!Set-Cookie", "!ETag", "!Link"}},
			{from: stored, want: []string{"!Set-Cookie", "!ETag", "!Link"}},
		}},
		scenario{name: "100 is between hops", rfc: "9110 15.2.1", steps: []step{
			{origin: final("100 "), from: fetched},
			{from: stored},
		}},
		scenario{name: "101 is no answer to us", rfc: "9110 15.2.2", steps: []step{
			{origin: []answer{{status: 101, fields: fields("Connection: Upgrade", "Upgrade: xyz"), empty: true}}, from: failed, status: 502},
		}},
		scenario{name: "before an error", rfc: "9110 15.2", steps: []step{
			{origin: []answer{{status: 404, interim: []string{"103 Link: </a>"}}}, from: fetched, interim: []string{"103 Link: </a>"}},
		}},
		scenario{name: "before what is not stored", rfc: "9110 15.2", steps: []step{
			{origin: []answer{{fields: fields("Cache-Control: no-store"), interim: []string{"103 Link: </a>"}}}, from: fetched, interim: []string{"103 Link: </a>"}},
			{origin: []answer{{fields: fields("Cache-Control: no-store"), interim: []string{"103 Link: </b>"}}}, from: fetched, interim: []string{"103 Link: </b>"}},
		}},
		scenario{name: "before 304", rfc: "9110 15.2", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: []answer{{status: 304, fields: fields(`ETag: "a"`), interim: []string{"103 Link: </a>"}}}, from: validated, interim: []string{"103 Link: </a>"}},
		}},
		scenario{name: "on HEAD", rfc: "9110 15.2", steps: []step{
			{method: "HEAD", origin: final("103 Link: </a>"), from: fetched, interim: []string{"103 Link: </a>"}},
		}},
		scenario{name: "on POST", rfc: "9110 15.2", zone: anyMethod(), steps: []step{
			{method: "POST", origin: final("103 Link: </a>"), from: passed, interim: []string{"103 Link: </a>"}},
		}},
		scenario{name: "not to HTTP/1.0", rfc: "9110 15.2", steps: []step{
			{http10: true, origin: []answer{{fields: fields("Cache-Control: max-age=3600"), interim: []string{"103 Link: </a>"}, unseen: true}}, from: fetched},
			{from: stored},
		}},
	)
}
