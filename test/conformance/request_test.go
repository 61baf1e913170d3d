package conformance

// honest is a zone that does what viewers' Cache-Control says.
func honest() zone {
	return zone{name: "honest", settings: `{"cache": {"request_directives": "honor"}}`}
}

// requestDirectives is about Cache-Control and Pragma of viewers (RFC 9111,
// 5.2.1 and 5.4): advice, which a zone ignores unless it is told to heed it.
func requestDirectives() []scenario {
	return join(ignoredDirectives(), onlyIfCached(), honoredDirectives(), immutable())
}

func ignoredDirectives() []scenario {
	var cases []scenario
	for _, send := range []string{
		"Cache-Control: no-cache", "Cache-Control: no-store", "Cache-Control: max-age=0", "Cache-Control: max-age=10", "Cache-Control: min-fresh=99999",
		"Cache-Control: max-stale", "Cache-Control: no-transform", "Cache-Control: xyz", "Cache-Control: no-cache, no-store, max-age=0", "Pragma: no-cache", "Pragma: xyz",
	} {
		cases = append(cases,
			scenario{name: "ignored on a stored response: " + send, rfc: "9111 5.2.1", steps: []step{
				{origin: with("Cache-Control: max-age=3600", "Age: 100"), from: fetched},
				{send: fields(send), from: stored},
			}},
			scenario{name: "ignored on a miss: " + send, rfc: "9111 5.2.1", steps: []step{
				{send: fields(send), origin: with("Cache-Control: max-age=3600"), from: fetched},
				{from: stored},
			}},
		)
	}
	return append(cases, scenario{name: "max-stale does not make stale usable", rfc: "9111 5.2.1.2", steps: []step{
		{origin: stale(), from: fetched},
		{send: fields("Cache-Control: max-stale=1000000"), origin: with(), from: fetched},
	}})
}

func onlyIfCached() []scenario {
	var cases []scenario
	for _, z := range []zone{{}, honest()} {
		cases = append(cases,
			scenario{name: "only-if-cached, nothing stored, " + z.host(), rfc: "9111 5.2.1.7", zone: z, steps: []step{
				{send: fields("Cache-Control: only-if-cached"), from: refused, status: 504},
				{origin: with("Cache-Control: max-age=3600"), from: fetched},
				{send: fields("Cache-Control: only-if-cached"), from: stored},
			}},
			scenario{name: "only-if-cached, stale, " + z.host(), rfc: "9111 5.2.1.7", zone: z, steps: []step{
				{origin: stale(), from: fetched},
				{send: fields("Cache-Control: only-if-cached"), from: refused, status: 504},
			}},
			scenario{name: "only-if-cached in upper case, " + z.host(), rfc: "9111 5.2", zone: z, steps: []step{
				{send: fields("Cache-Control: ONLY-IF-CACHED"), from: refused, status: 504},
			}},
			scenario{name: "only-if-cached among others, " + z.host(), rfc: "9111 5.2", zone: z, steps: []step{
				{send: fields("Cache-Control: xyz, only-if-cached"), from: refused, status: 504},
			}},
			scenario{name: "only-if-cached in another variant, " + z.host(), rfc: "9111 5.2.1.7", zone: z, steps: []step{
				{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
				{send: fields("X-Own: 2", "Cache-Control: only-if-cached"), from: refused, status: 504},
			}},
			scenario{name: "only-if-cached inside a quoted string, " + z.host(), rfc: "9111 5.2", zone: z, steps: []step{
				{send: fields(`Cache-Control: xyz="a, only-if-cached"`), origin: with(), from: fetched},
			}},
			scenario{name: "HEAD only-if-cached, " + z.host(), rfc: "9111 5.2.1.7", zone: z, steps: []step{
				{method: "HEAD", send: fields("Cache-Control: only-if-cached"), from: refused, status: 504},
			}},
		)
	}
	return cases
}

func honoredDirectives() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name, rfc string
		first     []string
		send      string
		second    source
	}{
		{"no-cache", "9111 5.2.1.4", fields("Cache-Control: max-age=3600"), "Cache-Control: no-cache", fetched},
		{"max-age of zero", "9111 5.2.1.1", fields("Cache-Control: max-age=3600", "Age: 10"), "Cache-Control: max-age=0", fetched},
		{"max-age below the age", "9111 5.2.1.1", fields("Cache-Control: max-age=3600", "Age: 200"), "Cache-Control: max-age=100", fetched},
		{"max-age above the age", "9111 5.2.1.1", fields("Cache-Control: max-age=3600", "Age: 200"), "Cache-Control: max-age=300", stored},
		{"min-fresh beyond what is left", "9111 5.2.1.3", fields("Cache-Control: max-age=3600", "Age: 3000"), "Cache-Control: min-fresh=1000", fetched},
		{"min-fresh within what is left", "9111 5.2.1.3", fields("Cache-Control: max-age=3600", "Age: 2000"), "Cache-Control: min-fresh=1000", stored},
		{"max-stale below", "9111 5.2.1.2", fields("Cache-Control: max-age=100", "Age: 300"), "Cache-Control: max-stale=100", fetched},
		{"max-stale beside must-revalidate", "9111 5.2.2.2", fields("Cache-Control: max-age=100, must-revalidate", "Age: 200"), "Cache-Control: max-stale=1000", fetched},
		{"max-stale beside proxy-revalidate", "9111 5.2.2.8", fields("Cache-Control: max-age=100, proxy-revalidate", "Age: 200"), "Cache-Control: max-stale=1000", fetched},
		{"max-stale beside s-maxage", "9111 5.2.2.10", fields("Cache-Control: s-maxage=100", "Age: 200"), "Cache-Control: max-stale=1000", fetched},
		{"max-stale beside no-cache", "9111 5.2.2.4", fields("Cache-Control: no-cache"), "Cache-Control: max-stale=1000", fetched},
		{"unknown", "9111 5.2.3", fields("Cache-Control: max-age=3600"), "Cache-Control: xyz", stored},
		{"no-transform", "9111 5.2.1.6", fields("Cache-Control: max-age=3600"), "Cache-Control: no-transform", stored},
		{"no-cache in a quoted string", "9111 5.2", fields("Cache-Control: max-age=3600"), `Cache-Control: xyz="a, no-cache"`, stored},
	} {
		cases = append(cases, scenario{name: "heeded: " + tt.name, rfc: tt.rfc, zone: honest(), steps: []step{
			{origin: with(tt.first...), from: fetched},
			{send: fields(tt.send), origin: with(), from: tt.second},
		}})
	}
	for _, tt := range []struct{ name, send string }{{"above", "Cache-Control: max-stale=1000"}, {"without value", "Cache-Control: max-stale"}} {
		cases = append(cases, scenario{name: "heeded: max-stale " + tt.name, rfc: "9111 5.2.1.2", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=100", "Age: 200"), from: fetched},
			{send: fields(tt.send), from: staleUnasked, want: []string{"Age >= 200"}},
		}})
	}
	return append(cases,
		scenario{name: "heeded: no-store on a miss", rfc: "9111 5.2.1.5", zone: honest(), steps: []step{
			{send: fields("Cache-Control: no-store"), origin: with("Cache-Control: max-age=3600"), from: fetched},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
		}},
		scenario{name: "heeded: no-cache validates", rfc: "9111 5.2.1.4", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched},
			{send: fields("Cache-Control: no-cache"), origin: says(304, `ETag: "a"`), from: validated, asks: []string{`If-None-Match: "a"`}},
			{from: stored},
		}},
		scenario{name: "heeded: what no-cache fetched is stored", rfc: "9111 5.2.1.4", zone: honest(), steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{send: fields("Cache-Control: no-cache"), origin: with("Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
	)
}

// immutable says that a fresh response never changes (RFC 8246, 2).
func immutable() []scenario {
	return append(twice("8246 2",
		row{"immutable", stored, fields("Cache-Control: max-age=3600, immutable")},
		row{"immutable is no lifetime", fetched, fields("Cache-Control: immutable")},
		row{"immutable does not prolong", fetched, fields("Cache-Control: max-age=0, immutable")},
		row{"immutable past its lifetime", fetched, fields("Cache-Control: max-age=10, immutable", "Age: 20")},
		row{"immutable and no-store", fetched, fields("Cache-Control: max-age=3600, immutable, no-store")},
		row{"immutable with a value", stored, fields("Cache-Control: max-age=3600, immutable=1")},
	),
		scenario{name: "immutable while a viewer reloads", rfc: "8246 2", steps: []step{
			{origin: with("Cache-Control: max-age=3600, immutable", `ETag: "a"`), from: fetched},
			{send: fields("Cache-Control: max-age=0", `If-None-Match: "a"`), from: stored, status: 304},
			{send: fields("Cache-Control: no-cache", "Pragma: no-cache"), from: stored, like: 1},
		}},
		scenario{name: "immutable passes to the viewer", rfc: "8246 2", steps: []step{
			{origin: with("Cache-Control: max-age=3600, immutable"), from: fetched, want: []string{"Cache-Control: max-age=3600, immutable"}},
			{from: stored, want: []string{"Cache-Control: max-age=3600, immutable"}},
		}},
	)
}
