package conformance

// targeted is about fields that are for CDNs or for Cistern alone (RFC 9213).
func targeted() []scenario {
	var cases []scenario
	for _, name := range []string{"CDN-Cache-Control", "Cistern-CDN-Cache-Control"} {
		cases = append(cases, deciding(name)...)
		cases = append(cases, invalidTargeted(name)...)
	}
	return join(cases, bothTargets(), surrogate(), targetedPassed())
}

// deciding has a valid field, which decides alone (RFC 9213, 2.2).
func deciding(name string) []scenario {
	cases := twice("9213 2.2",
		row{"max-age over no-store", stored, fields(name+": max-age=3600", "Cache-Control: no-store")},
		row{"max-age over private", stored, fields(name+": max-age=3600", "Cache-Control: private")},
		row{"max-age over no-cache", stored, fields(name+": max-age=3600", "Cache-Control: no-cache")},
		row{"max-age over max-age of zero", stored, fields(name+": max-age=3600", "Cache-Control: max-age=0")},
		row{"max-age over s-maxage of zero", stored, fields(name+": max-age=3600", "Cache-Control: s-maxage=0")},
		row{"max-age over past Expires", stored, fields(name+": max-age=3600", "Expires: {now-3600}")},
		row{"max-age alone", stored, fields(name + ": max-age=3600")},
		row{"max-age of zero over max-age", fetched, fields(name+": max-age=0", "Cache-Control: max-age=3600")},
		row{"max-age of zero over s-maxage", fetched, fields(name+": max-age=0", "Cache-Control: s-maxage=3600")},
		row{"max-age of zero over Expires", fetched, fields(name+": max-age=0", "Expires: {now+3600}")},
		row{"no-store", fetched, fields(name+": no-store", "Cache-Control: max-age=3600")},
		row{"no-store beside max-age", fetched, fields(name+": max-age=3600, no-store", "Cache-Control: max-age=3600")},
		row{"private", fetched, fields(name+": max-age=3600, private", "Cache-Control: max-age=3600")},
		row{"no-cache", fetched, fields(name+": max-age=3600, no-cache", "Cache-Control: max-age=3600")},
		row{"no-cache spelt as true", fetched, fields(name+": max-age=3600, no-cache=?1", "Cache-Control: max-age=3600")},
		row{"s-maxage over max-age", fetched, fields(name+": s-maxage=0, max-age=3600", "Cache-Control: max-age=3600")},
		row{"s-maxage", stored, fields(name+": s-maxage=3600", "Cache-Control: no-store")},
		row{"other members without lifetime", fetched, fields(name+": xyz", "Cache-Control: max-age=3600")},
		row{"other members without lifetime, Expires", fetched, fields(name+": xyz", "Expires: {now+3600}")},
		row{"other members beside max-age", stored, fields(name+": xyz, a=1, b=\"no-store\", c=(1 2), max-age=3600", "Cache-Control: no-store")},
		row{"parameters mean nothing", stored, fields(name+": max-age=3600;no-store;a=1", "Cache-Control: no-store")},
		row{"the last of two", stored, fields(name+": max-age=0, max-age=3600", "Cache-Control: no-store")},
		row{"the last of two, zero", fetched, fields(name+": max-age=3600, max-age=0", "Cache-Control: max-age=3600")},
		row{"two lines", fetched, fields(name+": max-age=3600", name+": no-store", "Cache-Control: max-age=3600")},
		row{"tabs and blanks round commas", stored, fields(name+": public \t,\t max-age=3600", "Cache-Control: no-store")},
		row{"blanks around", stored, fields(name+":   max-age=3600   ", "Cache-Control: no-store")},
		row{"Age counts", fetched, fields(name+": max-age=3600", "Age: 7200")},
		row{"Age counts, below", stored, fields(name+": max-age=3600", "Age: 1800", "Cache-Control: max-age=10")},
		row{"leading zeros", stored, fields(name+": max-age=0003600", "Cache-Control: no-store")},
		row{"the largest integer", stored, fields(name+": max-age=999999999999999", "Cache-Control: no-store")},
	)
	for i := range cases {
		cases[i].name = name + ": " + cases[i].name
	}
	return append(cases,
		scenario{name: name + ": public lets Authorization be stored", rfc: "9213 2.2", steps: []step{
			{send: fields("Authorization: Basic dTpw"), origin: with(name + ": max-age=3600, public"), from: fetched},
			{from: stored},
		}},
		scenario{name: name + ": public of Cache-Control does not", rfc: "9213 2.2", steps: []step{
			{send: fields("Authorization: Basic dTpw"), origin: with(name+": max-age=3600", "Cache-Control: public"), from: fetched},
			{origin: with(), from: fetched},
		}},
		scenario{name: name + ": must-revalidate", rfc: "9213 2.2", steps: []step{
			{origin: with(name+": max-age=10, must-revalidate", "Age: 20"), from: fetched},
			{origin: dropped(), from: failed, status: 502},
		}},
		scenario{name: name + ": must-revalidate of Cache-Control does not count", rfc: "9213 2.2", steps: []step{
			{origin: with(name+": max-age=10", "Cache-Control: must-revalidate", "Age: 20"), from: fetched},
			{origin: dropped(), from: staleFailed},
		}},
		scenario{name: name + ": no-cache is validated", rfc: "9213 2.2", steps: []step{
			{origin: with(name+": no-cache", `ETag: "a"`, "Cache-Control: max-age=3600"), from: fetched},
			{origin: says(304, `ETag: "a"`, name+": no-cache"), from: validated},
		}},
	)
}

// invalidTargeted has fields that are ignored as a whole (RFC 9213, 2.1), so
// that Cache-Control decides.
func invalidTargeted(name string) []scenario {
	var cases []scenario
	for _, tt := range []struct{ name, value string }{
		{"empty", ""},
		{"upper case", "MAX-AGE=0"},
		{"mixed case", "Max-Age=0"},
		{"trailing comma", "max-age=0,"},
		{"leading comma", ",max-age=0"},
		{"two commas", "max-age=0,,public"},
		{"blank before =", "max-age =0"},
		{"blank after =", "max-age= 0"},
		{"semicolon for a comma", "max-age=0; Public"},
		{"no value after =", "max-age="},
		{"a bare quote", `max-age=0, a="`},
		{"single quotes", "max-age='0'"},
		{"a word that is no token", "max-age=0, a=@"},
		{"beyond ASCII", "max-age=0, a=\u00fc"},
		{"an integer of 16 digits", "max-age=0, a=1234567890123456"},
		{"a sign alone", "max-age=-"},
		{"plus", "max-age=+0"},
		{"max-age as string", `max-age="0"`},
		{"max-age as decimal", "max-age=0.0"},
		{"max-age as token", "max-age=a"},
		{"max-age as true", "max-age"},
		{"max-age as list", "max-age=(0)"},
		{"max-age as bytes", "max-age=:AA==:"},
		{"s-maxage as string", `s-maxage="0"`},
		{"no-store as integer", "max-age=0, no-store=1"},
		{"no-store as token", "max-age=0, no-store=a"},
		{"no-store as string", `max-age=0, no-store=""`},
		{"private as string", `max-age=0, private="a"`},
		{"must-revalidate as integer", "max-age=0, must-revalidate=1"},
		{"no-cache as integer", "max-age=0, no-cache=1"},
		{"stale-while-revalidate as token", "max-age=0, stale-while-revalidate=a"},
	} {
		cases = append(cases, twice("9213 2.1", row{name + " ignored: " + tt.name, stored, fields(name+": "+tt.value, "Cache-Control: max-age=3600")})...)
	}
	return append(cases, twice("9213 2.1",
		row{name + " ignored: an invalid second line", stored, fields(name+": max-age=0", name+": @", "Cache-Control: max-age=3600")},
		row{name + " ignored: an empty line and another", stored, fields(name+":", name+": max-age=0", "Cache-Control: max-age=3600")},
		row{name + " ignored, and Cache-Control forbids", fetched, fields(name+": MAX-AGE=3600", "Cache-Control: no-store")},
		row{name + " ignored, and Expires counts", stored, fields(name+": @", "Expires: {now+3600}")},
	)...)
}

// bothTargets has the field for Cistern before that for CDNs.
func bothTargets() []scenario {
	return twice("9213 2.2",
		row{"the closer target", stored, fields("Cistern-CDN-Cache-Control: max-age=3600", "CDN-Cache-Control: max-age=0")},
		row{"the closer target, zero", fetched, fields("Cistern-CDN-Cache-Control: max-age=0", "CDN-Cache-Control: max-age=3600")},
		row{"the closer target in second place", stored, fields("CDN-Cache-Control: no-store", "Cistern-CDN-Cache-Control: max-age=3600", "Cache-Control: no-store")},
		row{"the closer target, invalid", stored, fields("Cistern-CDN-Cache-Control: MAX-AGE=0", "CDN-Cache-Control: max-age=3600", "Cache-Control: no-store")},
		row{"the closer target, empty", fetched, fields("Cistern-CDN-Cache-Control:", "CDN-Cache-Control: no-store", "Cache-Control: max-age=3600")},
		row{"both invalid", stored, fields("Cistern-CDN-Cache-Control: @", "CDN-Cache-Control: @", "Cache-Control: max-age=3600")},
		row{"another's target", fetched, fields("Other-CDN-Cache-Control: max-age=3600")},
		row{"another's target, zero", stored, fields("Other-CDN-Cache-Control: max-age=0", "Cache-Control: max-age=3600")},
		row{"field name in lower case", stored, fields("cdn-cache-control: max-age=3600", "Cache-Control: no-store")},
	)
}

// surrogate is the older field of that kind.
func surrogate() []scenario {
	return append(twice("spec",
		row{"Surrogate-Control over max-age", stored, fields("Surrogate-Control: max-age=3600", "Cache-Control: max-age=0")},
		row{"Surrogate-Control over s-maxage", stored, fields("Surrogate-Control: max-age=3600", "Cache-Control: s-maxage=0")},
		row{"Surrogate-Control of zero", fetched, fields("Surrogate-Control: max-age=0", "Cache-Control: max-age=3600")},
		row{"Surrogate-Control with no-store", fetched, fields("Surrogate-Control: no-store", "Cache-Control: max-age=3600")},
		row{"Surrogate-Control below a target", fetched, fields("Surrogate-Control: max-age=3600", "CDN-Cache-Control: max-age=0")},
	), scenario{name: "Surrogate-Control is removed", rfc: "spec", steps: []step{
		{origin: with("Surrogate-Control: max-age=3600"), from: fetched, want: []string{"!Surrogate-Control"}},
		{from: stored, want: []string{"!Surrogate-Control"}},
	}})
}

// targetedPassed is what viewers get to see.
func targetedPassed() []scenario {
	return []scenario{
		{name: "viewers see Cache-Control as it is", rfc: "9213 3.1", steps: []step{
			{origin: with("CDN-Cache-Control: max-age=3600", "Cache-Control: no-store", "Expires: 0"), from: fetched, want: []string{"CDN-Cache-Control: max-age=3600", "Cache-Control: no-store", "Expires: 0"}},
			{from: stored, want: []string{"CDN-Cache-Control: max-age=3600", "Cache-Control: no-store", "Expires: 0"}},
		}},
		{name: "viewers do not see Cistern's own", rfc: "9213 3.1", steps: []step{
			{origin: with("Cistern-CDN-Cache-Control: max-age=3600", "Cache-Control: max-age=1"), from: fetched, want: []string{"!Cistern-CDN-Cache-Control", "Cache-Control: max-age=1"}},
			{from: stored, want: []string{"!Cistern-CDN-Cache-Control", "Cache-Control: max-age=1"}},
		}},
		{name: "no Cache-Control is made", rfc: "9213 3.1", steps: []step{
			{origin: with("CDN-Cache-Control: max-age=3600"), from: fetched, want: []string{"!Cache-Control"}},
			{from: stored, want: []string{"!Cache-Control"}},
		}},
	}
}
