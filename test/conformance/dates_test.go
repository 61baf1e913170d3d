package conformance

// dates is about the forms of HTTP-date (RFC 9110, 5.6.7), as Expires, Date
// and Last-Modified have them, and about the Date that is sent on.
func dates() []scenario {
	cases := join(expiresForms(), dateForms())
	for _, tt := range []struct {
		name   string
		second source
		value  string
	}{
		{"IMF-fixdate", stored, "{now-8640000}"},
		{"RFC 850", stored, "{now-8640000 rfc850}"},
		{"asctime", stored, "{now-8640000 asctime}"},
		{"with an offset", fetched, "{now-8640000 Mon, 02 Jan 2006 15:04:05} +0000"},
		{"no date", fetched, "yesterday"},
		{"empty", fetched, ""},
		{"seconds since the epoch", fetched, "1000000000"},
	} {
		cases = append(cases, twice("9110 8.8.2", row{"Last-Modified " + tt.name, tt.second, fields("Last-Modified: " + tt.value)})...)
	}
	return append(cases, sentDates()...)
}

// expiresForms lie in the future, if they are read at all. What cannot be
// read is already expired (RFC 9111, 5.3).
func expiresForms() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name   string
		second source
		value  string
	}{
		{"IMF-fixdate", stored, "{now+864000}"},
		{"IMF-fixdate, fixed", stored, "Mon, 06 Nov 2090 08:49:37 GMT"},
		{"RFC 850", stored, "{now+864000 rfc850}"},
		{"RFC 850 some decades ahead", stored, "{now+946080000 rfc850}"},
		{"RFC 850 of the last century", fetched, "Sunday, 06-Nov-94 08:49:37 GMT"},
		{"asctime", stored, "{now+864000 asctime}"},
		{"asctime with one digit", stored, "Mon Nov  6 08:49:37 2090"},
		{"asctime with two digits", stored, "Thu Nov 16 08:49:37 2090"},
		{"lower case", stored, "mon, 06 nov 2090 08:49:37 gmt"},
		{"upper case", stored, "MON, 06 NOV 2090 08:49:37 GMT"},
		{"wrong weekday", stored, "Tue, 06 Nov 2090 08:49:37 GMT"},
		{"leap second", stored, "Sun, 31 Dec 2090 23:59:60 GMT"},

		{"zero", fetched, "0"},
		{"minus one", fetched, "-1"},
		{"empty", fetched, ""},
		{"a word", fetched, "never"},
		{"seconds", fetched, "3600"},
		{"seconds since the epoch", fetched, "3813641377"},
		{"ISO 8601", fetched, "2090-11-06T08:49:37Z"},
		{"quoted", fetched, `"Mon, 06 Nov 2090 08:49:37 GMT"`},
		{"zone EST", fetched, "Mon, 06 Nov 2090 08:49:37 EST"},
		{"zone UTC", fetched, "Mon, 06 Nov 2090 08:49:37 UTC"},
		{"zone Z", fetched, "Mon, 06 Nov 2090 08:49:37 Z"},
		{"offset of zero", fetched, "Mon, 06 Nov 2090 08:49:37 +0000"},
		{"offset", fetched, "Mon, 06 Nov 2090 08:49:37 -0500"},
		{"GMT and offset", fetched, "Mon, 06 Nov 2090 08:49:37 GMT+1"},
		{"no zone", fetched, "Mon, 06 Nov 2090 08:49:37"},
		{"dashes in IMF form", fetched, "Mon, 06-Nov-2090 08:49:37 GMT"},
		{"no comma", fetched, "Mon 06 Nov 2090 08:49:37 GMT"},
		{"no weekday", fetched, "06 Nov 2090 08:49:37 GMT"},
		{"long weekday in IMF form", fetched, "Monday, 06 Nov 2090 08:49:37 GMT"},
		{"short weekday in RFC 850", fetched, "Sun, 06-Nov-50 08:49:37 GMT"},
		{"long month", fetched, "Mon, 06 November 2090 08:49:37 GMT"},
		{"two-digit year in IMF form", fetched, "Sun, 06 Nov 50 08:49:37 GMT"},
		{"five-digit year", fetched, "Mon, 06 Nov 12090 08:49:37 GMT"},
		{"one-digit day", fetched, "Mon, 6 Nov 2090 08:49:37 GMT"},
		{"one-digit hour", fetched, "Mon, 06 Nov 2090 8:49:37 GMT"},
		{"no seconds", fetched, "Mon, 06 Nov 2090 08:49 GMT"},
		{"fraction of seconds", fetched, "Mon, 06 Nov 2090 08:49:37.5 GMT"},
		{"double blank", fetched, "Mon, 06  Nov 2090 08:49:37 GMT"},
		{"double blank after the comma", fetched, "Mon,  06 Nov 2090 08:49:37 GMT"},
		{"no blank after the comma", fetched, "Mon,06 Nov 2090 08:49:37 GMT"},
		{"trailing text", fetched, "Mon, 06 Nov 2090 08:49:37 GMT at noon"},
		{"asctime with a zone", fetched, "Mon Nov  6 08:49:37 2090 GMT"},
		{"asctime with a zero for the blank pads no less", stored, "Mon Nov 06 08:49:37 2090"},
		{"dots in the time", fetched, "Mon, 06 Nov 2090 08.49.37 GMT"},
		{"hour 24", fetched, "Mon, 06 Nov 2090 24:00:00 GMT"},
		{"minute 60", fetched, "Mon, 06 Nov 2090 08:60:37 GMT"},
		{"second 61", fetched, "Mon, 06 Nov 2090 08:49:61 GMT"},
		{"day 0", fetched, "Mon, 00 Nov 2090 08:49:37 GMT"},
		{"day 32", fetched, "Mon, 32 Dec 2090 08:49:37 GMT"},
		{"31 November", fetched, "Mon, 31 Nov 2090 08:49:37 GMT"},
		{"29 February of no leap year", fetched, "Thu, 29 Feb 2091 08:49:37 GMT"},
		{"29 February of a leap year", stored, "Fri, 29 Feb 2092 08:49:37 GMT"},
		{"unknown month", fetched, "Mon, 06 Nob 2090 08:49:37 GMT"},
		{"a list of two", fetched, "Mon, 06 Nov 2090 08:49:37 GMT, Mon, 06 Nov 2090 08:49:37 GMT"},
	} {
		rfc := "9110 5.6.7"
		if tt.second == fetched {
			rfc = "9111 5.3"
		}
		cases = append(cases, twice(rfc, row{"Expires " + tt.name, tt.second, fields("Expires: " + tt.value)})...)
	}
	return cases
}

// dateForms are two hours old, if they are read at all; else the response is
// as old as its arrival (RFC 9110, 6.6.1).
func dateForms() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name   string
		second source
		value  string
	}{
		{"IMF-fixdate", fetched, "{now-7200}"},
		{"RFC 850", fetched, "{now-7200 rfc850}"},
		{"asctime", fetched, "{now-7200 asctime}"},
		{"with an offset", stored, "{now-7200 Mon, 02 Jan 2006 15:04:05} +0000"},
		{"no date", stored, "xyz"},
		{"empty", stored, ""},
		{"zero", stored, "0"},
	} {
		cases = append(cases, twice("9110 6.6.1", row{"Date " + tt.name, tt.second, fields("Date: "+tt.value, "Cache-Control: max-age=3600")})...)
	}
	return cases
}

// sentDates are seen by the viewer.
func sentDates() []scenario {
	return []scenario{
		{name: "a stored Date stays", rfc: "9110 6.6.1", steps: []step{
			{origin: with("Date: {now-1000}", "Cache-Control: max-age=3600"), from: fetched, want: []string{"Date: {now-1000}"}},
			{from: stored, want: []string{"Date: {now-1000}"}},
			{method: "HEAD", from: stored, want: []string{"Date: {now-1000}"}},
		}},
		{name: "a missing Date is added", rfc: "9110 6.6.1", steps: []step{
			{origin: with("-Date", "Cache-Control: max-age=3600"), from: fetched, want: []string{"Date = 1"}},
			{from: stored, want: []string{"Date = 1"}},
		}},
		{name: "a missing Date is added to what is not stored", rfc: "9110 6.6.1", steps: []step{
			{origin: with("-Date", "Cache-Control: no-store"), from: fetched, want: []string{"Date = 1"}},
		}},
		{name: "there is one Date", rfc: "9110 6.6.1", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{"Date = 1"}},
			{from: stored, want: []string{"Date = 1"}},
		}},
		{name: "stored Expires and Last-Modified stay as they are", rfc: "9111 3.1", steps: []step{
			{origin: with("Expires: {now+864000 rfc850}", "Last-Modified: {now-8640000 asctime}"), from: fetched},
			{from: stored, want: []string{"Expires: {now+864000 rfc850}", "Last-Modified: {now-8640000 asctime}"}},
		}},
		{name: "no Warning is made", rfc: "9111 5.5", steps: []step{
			{origin: with("Cache-Control: max-age=10", "Age: 20", "Last-Modified: {now-864000}"), from: fetched, want: []string{"!Warning"}},
			{origin: dropped(), from: staleFailed, want: []string{"!Warning"}},
		}},
		{name: "no Warning for a heuristic beyond a day", rfc: "9111 5.5", steps: []step{
			{origin: with("Age: 80000", "Last-Modified: {now-864000000}"), from: fetched},
			{from: stored, want: []string{"!Warning"}},
		}},
		{name: "a received Warning means nothing", rfc: "9111 5.5", steps: []step{
			{origin: with("Cache-Control: max-age=3600", `Warning: 110 - "Response is Stale"`), from: fetched},
			{from: stored},
		}},
	}
}
