package conformance

// age is about the Age field that is received and sent (RFC 9111, 5.1).
func age() []scenario {
	return join(
		twice("9111 5.1",
			row{"below", stored, fields("Cache-Control: max-age=3600", "Age: 60")},
			row{"above", fetched, fields("Cache-Control: max-age=3600", "Age: 7200")},
			row{"with leading zeros", fetched, fields("Cache-Control: max-age=3600", "Age: 007200")},
			row{"with blanks around", fetched, fields("Cache-Control: max-age=3600", "Age:   7200  ")},
			row{"two lines, the first above", fetched, fields("Cache-Control: max-age=3600", "Age: 7200", "Age: 0")},
			row{"two lines, the first below", stored, fields("Cache-Control: max-age=3600", "Age: 0", "Age: 7200")},
			row{"list, the first above", fetched, fields("Cache-Control: max-age=3600", "Age: 7200, 0")},
			row{"list, the first below", stored, fields("Cache-Control: max-age=3600", "Age: 0, 7200")},
			row{"list, the second invalid", fetched, fields("Cache-Control: max-age=3600", "Age: 7200, xyz")},
		),
		twice("9111 5.1",
			row{"negative is ignored", stored, fields("Cache-Control: max-age=3600", "Age: -7200")},
			row{"signed is ignored", stored, fields("Cache-Control: max-age=3600", "Age: +7200")},
			row{"fractional is ignored", stored, fields("Cache-Control: max-age=3600", "Age: 7200.5")},
			row{"fraction of zero is ignored", stored, fields("Cache-Control: max-age=3600", "Age: 7200.0")},
			row{"letters are ignored", stored, fields("Cache-Control: max-age=3600", "Age: abc")},
			row{"digits and letters are ignored", stored, fields("Cache-Control: max-age=3600", "Age: 7200s")},
			row{"empty is ignored", stored, fields("Cache-Control: max-age=3600", "Age:")},
			row{"quoted is ignored", stored, fields("Cache-Control: max-age=3600", `Age: "7200"`)},
			row{"hexadecimal is ignored", stored, fields("Cache-Control: max-age=3600", "Age: 0x2000")},
		),
		twice("9111 1.2.2",
			row{"of 31 bits", fetched, fields("Cache-Control: max-age=3600", "Age: 2147483647")},
			row{"beyond 31 bits", fetched, fields("Cache-Control: max-age=3600", "Age: 2147483648")},
			row{"beyond 32 bits", fetched, fields("Cache-Control: max-age=3600", "Age: 4294967297")},
			row{"beyond 64 bits", fetched, fields("Cache-Control: max-age=3600", "Age: 18446744073709551617")},
			row{"beyond all", fetched, fields("Cache-Control: max-age=3600", "Age: 99999999999999999999999")},
		),
		sentAges(),
	)
}

// sentAges are seen by the viewer.
func sentAges() []scenario {
	tests := []struct {
		name   string
		origin []string
		first  []string // the viewer's check of the answer from the origin
		second []string // … and from the store
	}{
		{"none from the origin", nil, []string{"!Age"}, []string{"Age >= 0", "Age < 30"}},
		{"sum of upstream and own", fields("Age: 1000"), []string{"Age >= 1000", "Age < 1030"}, []string{"Age >= 1000", "Age < 1030"}},
		{"from Date", fields("Date: {now-1000}"), nil, []string{"Age >= 1000", "Age < 1030"}},
		{"the larger of Date and Age", fields("Date: {now-1000}", "Age: 500"), nil, []string{"Age >= 1000", "Age < 1030"}},
		{"the larger of Age and Date", fields("Date: {now-500}", "Age: 1000"), nil, []string{"Age >= 1000", "Age < 1030"}},
		{"none from a future Date", fields("Date: {now+1000}"), nil, []string{"Age >= 0", "Age < 30"}},
		{"none from an invalid one", fields("Age: abc"), nil, []string{"Age >= 0", "Age < 30"}},
		{"none from a negative one", fields("Age: -5"), nil, []string{"Age >= 0", "Age < 30"}},
		{"one line for two", fields("Age: 1000", "Age: 2000"), []string{"Age = 1"}, []string{"Age = 1", "Age >= 1000", "Age < 1030"}},
		{"one member for two", fields("Age: 1000, 2000"), nil, []string{"Age = 1", "Age >= 1000", "Age < 1030"}},
	}
	var cases []scenario
	for _, tt := range tests {
		cases = append(cases, scenario{name: "sent: " + tt.name, rfc: "9111 4.2.3", steps: []step{
			{origin: with(append([]string{"Cache-Control: max-age=36000"}, tt.origin...)...), from: fetched, want: tt.first},
			{from: stored, want: tt.second},
			{method: "HEAD", from: stored, want: tt.second},
		}})
	}
	return cases
}
