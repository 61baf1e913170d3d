package conformance

// staleness is about using what is stale: because nobody answers (RFC 9111,
// 4.2.4), because the origin fails, or while it is asked (RFC 5861).
func staleness() []scenario {
	return join(cutOff(), onError(), whileRevalidate())
}

// old returns an answer that was fresh for 10 seconds and arrives after 20.
func old(directives string, lines ...string) []answer {
	return with(append(fields("Cache-Control: max-age=10"+directives, "Age: 20"), lines...)...)
}

// cutOff has an origin that does not answer. A zone serves stale for a day
// then, unless the response forbids it.
func cutOff() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name   string
		from   source
		fields []string
	}{
		{"max-age", staleFailed, fields("Cache-Control: max-age=10", "Age: 20")},
		{"max-age of zero", staleFailed, fields("Cache-Control: max-age=0", "Age: 20")},
		{"public", staleFailed, fields("Cache-Control: public, max-age=10", "Age: 20")},
		{"Expires", staleFailed, fields("Expires: {now-10}")},
		{"a heuristic", staleFailed, fields("Last-Modified: {now-100}", "Age: 20")},
		{"almost a day", staleFailed, fields("Cache-Control: max-age=10", "Age: 86000")},
		{"more than a day", failed, fields("Cache-Control: max-age=10", "Age: 90000")},
		{"must-revalidate", failed, fields("Cache-Control: max-age=10, must-revalidate", "Age: 20")},
		{"must-revalidate in upper case", failed, fields("Cache-Control: max-age=10, MUST-REVALIDATE", "Age: 20")},
		{"proxy-revalidate", failed, fields("Cache-Control: max-age=10, proxy-revalidate", "Age: 20")},
		{"s-maxage", failed, fields("Cache-Control: s-maxage=10", "Age: 20")},
		{"s-maxage and max-age", failed, fields("Cache-Control: s-maxage=10, max-age=15", "Age: 20")},
		{"no-cache", failed, fields("Cache-Control: no-cache, max-age=3600", `ETag: "a"`)},
		{"no-store", failed, fields("Cache-Control: max-age=10, no-store", "Age: 20")},
		{"private", failed, fields("Cache-Control: max-age=10, private", "Age: 20")},
		{"must-revalidate and stale-if-error", failed, fields("Cache-Control: max-age=10, must-revalidate, stale-if-error=3600", "Age: 20")},
		{"stale-if-error of more than a day", staleFailed, fields("Cache-Control: max-age=10, stale-if-error=200000", "Age: 90000")},
		{"stale-if-error that ended, within the day", staleFailed, fields("Cache-Control: max-age=10, stale-if-error=5", "Age: 20")},
	} {
		second := step{origin: dropped(), from: tt.from}
		if tt.from == failed {
			second.status = 502
		}
		third := second
		cases = append(cases, scenario{name: "cut off: " + tt.name, rfc: "9111 4.2.4", steps: []step{
			{origin: with(tt.fields...), from: fetched}, second, third,
		}})
	}
	return append(cases,
		scenario{name: "cut off: nothing stored", rfc: "9110 15.6.3", steps: []step{
			{origin: dropped(), from: failed, status: 502},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
		scenario{name: "cut off: HEAD is served stale too", rfc: "9111 4.2.4", steps: []step{
			{origin: old(""), from: fetched},
			{method: "HEAD", origin: dropped(), from: staleFailed},
		}},
		scenario{name: "cut off: the age is true", rfc: "9111 5.1", steps: []step{
			{origin: with("Cache-Control: max-age=10", "Age: 5000"), from: fetched},
			{origin: dropped(), from: staleFailed, want: []string{"Age >= 5000", "Age < 5030", `Cache-Status ~ ttl=-(49|50)\d\d`}},
		}},
		scenario{name: "cut off, and back", rfc: "9111 4.2.4", steps: []step{
			{origin: old(""), from: fetched},
			{origin: dropped(), from: staleFailed},
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{from: stored},
		}},
		scenario{name: "cut off: stale errors too", rfc: "9111 4.2.4", steps: []step{
			{origin: says(404, "Cache-Control: max-age=10", "Age: 20"), from: fetched},
			{origin: dropped(), from: staleFailed},
		}},
		scenario{name: "cut off: conditions of viewers hold", rfc: "9111 4.3.2", steps: []step{
			{origin: old("", `ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "a"`), origin: dropped(), from: staleFailed, status: 304},
		}},
		scenario{name: "fresh responses need nobody", rfc: "9111 4.2", steps: []step{
			{origin: with("Cache-Control: max-age=3600, must-revalidate"), from: fetched},
			{from: stored},
		}},
	)
}

// onError has an origin that answers with an error.
func onError() []scenario {
	var cases []scenario
	for _, status := range []int{500, 502, 503, 504} {
		cases = append(cases,
			scenario{name: itoa(status) + " within stale-if-error", rfc: "5861 4", steps: []step{
				{origin: old(", stale-if-error=3600"), from: fetched},
				{origin: says(status), from: staleFailed, want: []string{"Cache-Status ~ fwd-status=" + itoa(status)}},
				{origin: says(status), from: staleFailed},
			}},
			scenario{name: itoa(status) + " after stale-if-error", rfc: "5861 4", steps: []step{
				{origin: old(", stale-if-error=5"), from: fetched},
				{origin: says(status), from: fetched},
			}},
			scenario{name: itoa(status) + " without stale-if-error", rfc: "9111 4.3.3", steps: []step{
				{origin: old(""), from: fetched},
				{origin: says(status), from: fetched},
			}},
			scenario{name: itoa(status) + " within stale-if-error, must-revalidate", rfc: "9111 5.2.2.2", steps: []step{
				{origin: old(", stale-if-error=3600, must-revalidate"), from: fetched},
				{origin: says(status), from: fetched},
			}},
			scenario{name: itoa(status) + " within stale-if-error, ETag", rfc: "5861 4", steps: []step{
				{origin: old(", stale-if-error=3600", `ETag: "a"`), from: fetched},
				{origin: says(status), from: staleFailed},
				{origin: says(304, `ETag: "a"`), from: validated, like: 1},
			}},
		)
	}
	for _, status := range []int{400, 401, 403, 404, 410, 501, 505, 599} {
		cases = append(cases, scenario{name: itoa(status) + " is no such error", rfc: "5861 4", steps: []step{
			{origin: old(", stale-if-error=3600"), from: fetched},
			{origin: says(status), from: fetched},
		}})
	}
	for _, directive := range []string{"must-revalidate", "proxy-revalidate", "s-maxage=10", "no-cache"} {
		cases = append(cases, scenario{name: "stale-if-error beside " + directive, rfc: "9111 4.2.4", steps: []step{
			{origin: old(", stale-if-error=3600, "+directive, `ETag: "a"`), from: fetched},
			{origin: says(503), from: fetched},
		}})
	}
	return append(cases,
		scenario{name: "stale-if-error, quoted", rfc: "9111 5.2", steps: []step{
			{origin: old(`, stale-if-error="3600"`), from: fetched},
			{origin: says(503), from: staleFailed},
		}},
		scenario{name: "stale-if-error, invalid", rfc: "9111 4.2.1", steps: []step{
			{origin: old(", stale-if-error=abc"), from: fetched},
			{origin: says(503), from: fetched},
		}},
		scenario{name: "stale-if-error in a targeted field", rfc: "9213 2.2", steps: []step{
			{origin: with("Cache-Control: max-age=10, s-maxage=10", "CDN-Cache-Control: max-age=10, stale-if-error=3600", "Age: 20"), from: fetched},
			{origin: says(503), from: staleFailed},
		}},
		scenario{name: "an error that is stored itself", rfc: "9111 4.3.3", steps: []step{
			{origin: old(""), from: fetched},
			{origin: says(503, "Cache-Control: max-age=3600"), from: fetched},
		}},
	)
}

// whileRevalidate serves what is stale and asks behind the viewer's back.
func whileRevalidate() []scenario {
	var cases []scenario
	fresh := with("Cache-Control: max-age=3600")
	for _, tt := range []struct {
		name   string
		fields []string
	}{
		{"within the window", fields("Cache-Control: max-age=10, stale-while-revalidate=3600", "Age: 20")},
		{"directive first", fields("Cache-Control: stale-while-revalidate=3600, max-age=10", "Age: 20")},
		{"upper case", fields("Cache-Control: max-age=10, STALE-WHILE-REVALIDATE=3600", "Age: 20")},
		{"quoted", fields(`Cache-Control: max-age=10, stale-while-revalidate="3600"`, "Age: 20")},
		{"beside Expires", fields("Cache-Control: stale-while-revalidate=3600", "Expires: {now-10}")},
		{"max-age of zero", fields("Cache-Control: max-age=0, stale-while-revalidate=3600")},
		{"in a targeted field", fields("CDN-Cache-Control: max-age=10, stale-while-revalidate=3600", "Age: 20")},
		{"in a targeted field, beside s-maxage for others", fields("Cache-Control: s-maxage=10", "CDN-Cache-Control: max-age=10, stale-while-revalidate=3600", "Age: 20")},
		{"huge", fields("Cache-Control: max-age=10, stale-while-revalidate=99999999999", "Age: 1000000")},
	} {
		cases = append(cases, scenario{name: "stale-while-revalidate: " + tt.name, rfc: "5861 3", steps: []step{
			{origin: with(tt.fields...), from: fetched},
			{origin: fresh, from: staleBehind, like: 1},
			{from: stored, body: "answer 2", again: true},
		}})
	}
	for _, tt := range []struct {
		name   string
		fields []string
	}{
		{"after the window", fields("Cache-Control: max-age=10, stale-while-revalidate=5", "Age: 20")},
		{"window of zero", fields("Cache-Control: max-age=10, stale-while-revalidate=0", "Age: 20")},
		{"invalid", fields("Cache-Control: max-age=10, stale-while-revalidate=abc", "Age: 20")},
		{"no value", fields("Cache-Control: max-age=10, stale-while-revalidate", "Age: 20")},
		{"must-revalidate", fields("Cache-Control: max-age=10, stale-while-revalidate=3600, must-revalidate", "Age: 20")},
		{"proxy-revalidate", fields("Cache-Control: max-age=10, stale-while-revalidate=3600, proxy-revalidate", "Age: 20")},
		{"s-maxage", fields("Cache-Control: s-maxage=10, stale-while-revalidate=3600", "Age: 20")},
		{"no-cache", fields("Cache-Control: no-cache, stale-while-revalidate=3600")},
		{"none", fields("Cache-Control: max-age=10", "Age: 20")},
	} {
		cases = append(cases, scenario{name: "no stale-while-revalidate: " + tt.name, rfc: "5861 3", steps: []step{
			{origin: with(tt.fields...), from: fetched},
			{origin: fresh, from: fetched},
			{from: stored},
		}})
	}
	window := ", stale-while-revalidate=3600"
	return append(cases,
		scenario{name: "stale-while-revalidate: 304 behind", rfc: "5861 3", steps: []step{
			{origin: old(window, `ETag: "a"`, "X-Own: 1"), from: fetched},
			{origin: says(304, `ETag: "a"`, "Cache-Control: max-age=3600", "X-Own: 2"), from: staleBehind, asks: []string{`If-None-Match: "a"`}, want: []string{"X-Own: 1"}},
			{from: stored, want: []string{"X-Own: 2", "Age < 30"}, again: true},
		}},
		scenario{name: "stale-while-revalidate: an error behind", rfc: "5861 3", steps: []step{
			{origin: old(window), from: fetched},
			{origin: says(503), from: staleBehind, like: 1},
		}},
		scenario{name: "stale-while-revalidate: the age is true", rfc: "9111 5.1", steps: []step{
			{origin: with("Cache-Control: max-age=10"+window, "Age: 3000"), from: fetched},
			{origin: fresh, from: staleBehind, like: 1, want: []string{"Age >= 3000", "Age < 3030", `Cache-Status ~ ttl=-(29|30)\d\d`}},
		}},
		scenario{name: "stale-while-revalidate: HEAD", rfc: "5861 3", steps: []step{
			{origin: old(window), from: fetched},
			{method: "HEAD", origin: fresh, from: staleBehind, like: 1},
		}},
		scenario{name: "stale-while-revalidate: conditions of viewers hold", rfc: "9111 4.3.2", steps: []step{
			{origin: old(window, `ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "a"`), origin: fresh, from: staleBehind, status: 304},
		}},
		scenario{name: "stale-while-revalidate: only its variant", rfc: "5861 3", steps: []step{
			{send: fields("X-Own: 1"), origin: old(window, "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 2"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: staleBehind, like: 1, asks: []string{"X-Own: 1"}},
			{send: fields("X-Own: 2"), from: stored, like: 2},
		}},
		scenario{name: "granted by the zone", rfc: "spec", zone: patient(), steps: []step{
			{origin: old(""), from: fetched},
			{origin: fresh, from: staleBehind, like: 1},
			{from: stored, body: "answer 2", again: true},
		}},
		scenario{name: "the zone grants nothing beside must-revalidate", rfc: "9111 5.2.2.2", zone: patient(), steps: []step{
			{origin: old(", must-revalidate"), from: fetched},
			{origin: fresh, from: fetched},
		}},
		scenario{name: "the zone grants nothing beside s-maxage", rfc: "9111 5.2.2.10", zone: patient(), steps: []step{
			{origin: old(", s-maxage=10"), from: fetched},
			{origin: fresh, from: fetched},
		}},
		scenario{name: "an error behind, in the window of the zone", rfc: "spec", zone: patient(), steps: []step{
			{origin: old("", `ETag: "a"`), from: fetched},
			{origin: says(503), from: staleBehind, like: 1},
		}},
	)
}

// patient is a zone that serves stale while it asks.
func patient() zone {
	return zone{name: "patient", settings: `{"cache": {"stale_while_revalidate": 3600}}`}
}
