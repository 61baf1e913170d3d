package conformance

// vary is about stored responses that fit some requests only (RFC 9111, 4.1).
func vary() []scenario {
	return join(selecting(), severalVariants(), varyAny(), validatedVariants())
}

// selecting compares the fields of two requests.
func selecting() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name          string
		rfc           string
		vary          []string
		first, second []string
		from          source
	}{
		{"the same value", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1"), fields("X-Own: 1"), stored},
		{"another value", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1"), fields("X-Own: 2"), fetched},
		{"another case of the value", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: a"), fields("X-Own: A"), fetched},
		{"absent both times", "9111 4.1", fields("Vary: X-Own"), nil, nil, stored},
		{"absent, then present", "9111 4.1", fields("Vary: X-Own"), nil, fields("X-Own: 1"), fetched},
		{"present, then absent", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1"), nil, fetched},
		{"absent, then empty", "9111 4.1", fields("Vary: X-Own"), nil, fields("X-Own:"), fetched},
		{"empty, then absent", "9111 4.1", fields("Vary: X-Own"), fields("X-Own:"), nil, fetched},
		{"empty both times", "9111 4.1", fields("Vary: X-Own"), fields("X-Own:"), fields("X-Own:"), stored},
		{"a field that is not named", "9111 4.1", fields("Vary: X-Own"), fields("X-Other: 1"), fields("X-Other: 2"), stored},
		{"Vary in lower case", "9110 5.1", fields("vary: x-own"), fields("X-Own: 1"), fields("X-Own: 2"), fetched},
		{"Vary in lower case, same value", "9110 5.1", fields("Vary: x-own"), fields("X-Own: 1"), fields("X-OWN: 1"), stored},
		{"Vary in upper case", "9110 5.1", fields("VARY: X-OWN"), fields("x-own: 1"), fields("x-own: 2"), fetched},
		{"two names, both the same", "9111 4.1", fields("Vary: X-Own, X-Other"), fields("X-Own: 1", "X-Other: 2"), fields("X-Other: 2", "X-Own: 1"), stored},
		{"two names, the second differs", "9111 4.1", fields("Vary: X-Own, X-Other"), fields("X-Own: 1", "X-Other: 2"), fields("X-Own: 1", "X-Other: 3"), fetched},
		{"two names, values exchanged", "9111 4.1", fields("Vary: X-Own, X-Other"), fields("X-Own: 1", "X-Other: 2"), fields("X-Own: 2", "X-Other: 1"), fetched},
		{"two names, one absent", "9111 4.1", fields("Vary: X-Own, X-Other"), fields("X-Own: 1"), fields("X-Other: 1"), fetched},
		{"two lines of Vary", "9110 5.3", fields("Vary: X-Own", "Vary: X-Other"), fields("X-Own: 1", "X-Other: 2"), fields("X-Own: 1", "X-Other: 3"), fetched},
		{"two lines of Vary, the same", "9110 5.3", fields("Vary: X-Own", "Vary: X-Other"), fields("X-Own: 1", "X-Other: 2"), fields("X-Own: 1", "X-Other: 2"), stored},
		{"empty members", "9110 5.6.1", fields("Vary: , X-Own,,"), fields("X-Own: 1"), fields("X-Own: 2"), fetched},
		{"a name twice", "9110 12.5.5", fields("Vary: X-Own, x-own"), fields("X-Own: 1"), fields("X-Own: 1"), stored},
		{"empty Vary", "9110 12.5.5", fields("Vary:"), fields("X-Own: 1"), fields("X-Own: 2"), stored},
		{"three names, the last differs", "9111 4.1", fields("Vary: A, B, C"), fields("A: 1", "B: 1", "C: 1"), fields("A: 1", "B: 1", "C: 2"), fetched},

		{"blanks around the value", "9110 5.5", fields("Vary: X-Own"), fields("X-Own: 1"), fields("X-Own:   1  "), stored},
		{"blanks after commas", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1, 2"), fields("X-Own: 1,2"), stored},
		{"blanks before commas", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1, 2"), fields("X-Own: 1 , 2"), stored},
		{"lines for a list", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1, 2"), fields("X-Own: 1", "X-Own: 2"), stored},
		{"other order", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1, 2"), fields("X-Own: 2, 1"), fetched},
		{"lines in other order", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1", "X-Own: 2"), fields("X-Own: 2", "X-Own: 1"), fetched},
		{"blanks within", "9111 4.1", fields("Vary: X-Own"), fields("X-Own: 1 2"), fields("X-Own: 12"), fetched},
		{"joined values that look alike", "9111 4.1", fields("Vary: A, B"), fields("A: 1, 2"), fields("A: 1", "B: 2"), fetched},

		{"Accept-Language, other case", "spec", fields("Vary: Accept-Language"), fields("Accept-Language: de, EN"), fields("Accept-Language: DE, en"), stored},
		{"Accept-Language, another", "9111 4.1", fields("Vary: Accept-Language"), fields("Accept-Language: de"), fields("Accept-Language: en"), fetched},
		{"Accept-Encoding, other order", "spec", fields("Vary: Accept-Encoding"), fields("Accept-Encoding: gzip, br"), fields("Accept-Encoding: br, gzip"), stored},
		{"Accept, another", "9111 4.1", fields("Vary: Accept"), fields("Accept: text/html"), fields("Accept: text/plain"), fetched},
		{"Cookie, another", "spec", fields("Vary: Cookie"), fields("Cookie: a=1"), fields("Cookie: a=2"), fetched},
		{"Cookie, the same", "spec", fields("Vary: Cookie"), fields("Cookie: a=1"), fields("Cookie: a=1"), stored},
		{"User-Agent, another", "spec", fields("Vary: User-Agent"), fields("User-Agent: a"), fields("User-Agent: b"), fetched},
		{"User-Agent, the same", "spec", fields("Vary: User-Agent"), fields("User-Agent: a"), fields("User-Agent: a"), stored},
		{"Origin, another", "9111 4.1", fields("Vary: Origin"), fields("Origin: https://a.test"), fields("Origin: https://b.test"), fetched},
		{"Origin, absent", "9111 4.1", fields("Vary: Origin"), fields("Origin: https://a.test"), nil, fetched},
	} {
		cases = append(cases, scenario{name: tt.name, rfc: tt.rfc, steps: []step{
			{send: tt.first, origin: with(append(fields("Cache-Control: max-age=3600"), tt.vary...)...), from: fetched},
			{send: tt.second, origin: with(), from: tt.from},
		}})
	}
	return cases
}

// severalVariants are stored side by side.
func severalVariants() []scenario {
	own := func(value string, from source, like int) step {
		s := step{send: fields("X-Own: " + value), from: from, like: like}
		if from == fetched {
			s.origin = with("Cache-Control: max-age=3600", "Vary: X-Own")
		}
		return s
	}
	return []scenario{
		{name: "two variants", rfc: "9111 4.1", steps: []step{own("1", fetched, 0), own("2", fetched, 0), own("1", stored, 1), own("2", stored, 2)}},
		{name: "five variants", rfc: "9111 4.1", steps: []step{
			own("1", fetched, 0), own("2", fetched, 0), own("3", fetched, 0), own("4", fetched, 0), own("5", fetched, 0),
			own("3", stored, 3), own("1", stored, 1), own("5", stored, 5), own("2", stored, 2), own("4", stored, 4), own("6", fetched, 0),
		}},
		{name: "HEAD finds its variant", rfc: "9111 4.1", steps: []step{
			own("1", fetched, 0), own("2", fetched, 0),
			{method: "HEAD", send: fields("X-Own: 1"), from: stored, like: 1},
			{method: "HEAD", send: fields("X-Own: 3"), origin: with(), from: fetched},
		}},
		{name: "variants of one resource vary by several fields", rfc: "9111 4.1", steps: []step{
			{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 2", "X-Other: 1"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own, X-Other"), from: fetched},
			{send: fields("X-Own: 2", "X-Other: 2"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own, X-Other"), from: fetched},
			{send: fields("X-Own: 2", "X-Other: 1"), from: stored, like: 2},
			{send: fields("X-Own: 2", "X-Other: 2"), from: stored, like: 3},
		}},
		{name: "the latest of several that match", rfc: "9111 4", steps: []step{
			{send: fields("X-Own: 1"), origin: with("Date: {now-100}", "Cache-Control: max-age=3600", "Vary: X-Own"), from: fetched},
			{send: fields("X-Own: 2"), origin: with("Cache-Control: max-age=3600"), from: fetched},
			{send: fields("X-Own: 1"), from: stored, like: 2},
			{send: fields("X-Own: 3"), from: stored, like: 2},
		}},
		{name: "a stale variant is replaced alone", rfc: "9111 4.1", steps: []step{
			{send: fields("X-Own: 1"), origin: with("Cache-Control: max-age=0", "Vary: X-Own"), from: fetched},
			own("2", fetched, 0),
			own("1", fetched, 0),
			own("2", stored, 2), own("1", stored, 3),
		}},
		{name: "a variant miss is told", rfc: "9211 2.2", steps: []step{
			own("1", fetched, 0),
			{send: fields("X-Own: 2"), origin: with(), from: fetched, want: []string{`Cache-Status ~ fwd=vary-miss`, "X-Cache: MISS"}},
		}},
	}
}

// varyAny has a member "*", which no request can match (RFC 9111, 4.1).
func varyAny() []scenario {
	var cases []scenario
	for _, lines := range [][]string{fields("Vary: *"), fields("Vary: X-Own, *"), fields("Vary: *, X-Own"), fields("Vary: X-Own", "Vary: *")} {
		name := "Vary with *"
		for _, line := range lines {
			name += ", " + line
		}
		cases = append(cases,
			scenario{name: name, rfc: "9111 4.1", steps: []step{
				{send: fields("X-Own: 1"), origin: with(append(fields("Cache-Control: max-age=3600"), lines...)...), from: fetched},
				{send: fields("X-Own: 1"), origin: with(), from: fetched},
			}},
			scenario{name: name + ", with ETag", rfc: "9111 4.1", steps: []step{
				{origin: with(append(fields("Cache-Control: max-age=3600", `ETag: "a"`), lines...)...), from: fetched},
				{origin: []answer{{status: 200, fields: fields(`ETag: "b"`)}}, from: fetched},
			}},
		)
	}
	return cases
}

// validatedVariants are asked about by their own validators.
func validatedVariants() []scenario {
	old := func(value, tag string) step {
		return step{send: fields("X-Own: " + value), origin: with("Cache-Control: max-age=0", "Vary: X-Own", `ETag: "`+tag+`"`), from: fetched}
	}
	return []scenario{
		{name: "a stale variant by its own ETag", rfc: "9111 4.3.1", steps: []step{
			old("1", "a"), old("2", "b"),
			{send: fields("X-Own: 1"), origin: says(304, `ETag: "a"`), from: validated, like: 1, asks: []string{`If-None-Match ~ "a"`, "X-Own: 1"}},
			{send: fields("X-Own: 2"), origin: says(304, `ETag: "b"`), from: validated, like: 2, asks: []string{`If-None-Match ~ "b"`}},
		}},
		{name: "an unknown variant may be one that is stored", rfc: "9111 4.3.1", steps: []step{
			old("1", "a"), old("2", "b"),
			{send: fields("X-Own: 3"), origin: says(304, `ETag: "b"`, "Vary: X-Own", "Cache-Control: max-age=3600"), from: validated, like: 2, asks: []string{`If-None-Match ~ "a".*"b"|"b".*"a"`}},
		}},
		{name: "an unknown variant is another one", rfc: "9111 4.3.1", steps: []step{
			old("1", "a"), old("2", "b"),
			{send: fields("X-Own: 3"), origin: with("Cache-Control: max-age=3600", "Vary: X-Own", `ETag: "c"`), from: fetched},
			{send: fields("X-Own: 3"), from: stored},
		}},
	}
}
