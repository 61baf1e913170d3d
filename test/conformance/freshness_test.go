package conformance

import "strconv"

// freshness is about how long a response may be reused (RFC 9111, 4.2).
func freshness() []scenario {
	return join(lifetimes(), precedence(), arrivals(), hugeLifetimes(), passing())
}

// lifetimes are stated in one way each.
func lifetimes() []scenario {
	return join(
		twice("9111 5.2.2.1",
			row{"max-age", stored, fields("Cache-Control: max-age=3600")},
			row{"max-age of zero", fetched, fields("Cache-Control: max-age=0")},
			row{"max-age with leading zeros", stored, fields("Cache-Control: max-age=003600")},
			row{"max-age without Date", stored, fields("-Date", "Cache-Control: max-age=3600")},
		),
		twice("9111 5.2.2.10",
			row{"s-maxage", stored, fields("Cache-Control: s-maxage=3600")},
			row{"s-maxage of zero", fetched, fields("Cache-Control: s-maxage=0")},
			row{"s-maxage without Date", stored, fields("-Date", "Cache-Control: s-maxage=3600")},
		),
		twice("9111 5.3",
			row{"Expires", stored, fields("Expires: {now+3600}")},
			row{"Expires of now", fetched, fields("Expires: {now}")},
			row{"Expires in the past", fetched, fields("Expires: {now-3600}")},
			row{"Expires at the epoch", fetched, fields("Expires: Thu, 01 Jan 1970 00:00:00 GMT")},
			row{"Expires before the epoch", fetched, fields("Expires: Mon, 06 Nov 1939 08:49:37 GMT")},
			row{"Expires in the year 9999", stored, fields("Expires: Fri, 31 Dec 9999 23:59:59 GMT")},
			row{"Expires beyond 32 bits", stored, fields("Expires: Tue, 19 Jan 2038 03:14:09 GMT")},
			row{"Expires without Date", stored, fields("-Date", "Expires: {now+3600}")},
			row{"past Expires without Date", fetched, fields("-Date", "Expires: {now-3600}")},
		),
		twice("9111 4.2.1",
			row{"two Expires that differ", fetched, fields("Expires: {now+3600}", "Expires: {now+7200}")},
			row{"two Expires, the first past", fetched, fields("Expires: {now-3600}", "Expires: {now+7200}")},
		),
		twice("9111 3",
			row{"nothing at all", fetched, nil},
			row{"a validator that is no lifetime", fetched, fields(`ETag: "a"`)},
		),
	)
}

// precedence has several lifetimes at once.
func precedence() []scenario {
	return twice("9111 4.2.1",
		row{"s-maxage over shorter max-age", stored, fields("Cache-Control: s-maxage=3600, max-age=0")},
		row{"s-maxage over longer max-age", fetched, fields("Cache-Control: s-maxage=0, max-age=3600")},
		row{"s-maxage after max-age, longer", stored, fields("Cache-Control: max-age=0, s-maxage=3600")},
		row{"s-maxage after max-age, shorter", fetched, fields("Cache-Control: max-age=3600, s-maxage=0")},
		row{"s-maxage over max-age in another line", fetched, fields("Cache-Control: max-age=3600", "Cache-Control: s-maxage=0")},
		row{"s-maxage passed, max-age not", fetched, fields("Cache-Control: s-maxage=100, max-age=3600", "Age: 200")},
		row{"max-age passed, s-maxage not", stored, fields("Cache-Control: s-maxage=3600, max-age=100", "Age: 200")},
		row{"max-age over past Expires", stored, fields("Cache-Control: max-age=3600", "Expires: {now-3600}")},
		row{"max-age over future Expires", fetched, fields("Cache-Control: max-age=0", "Expires: {now+3600}")},
		row{"max-age over invalid Expires", stored, fields("Cache-Control: max-age=3600", "Expires: 0")},
		row{"s-maxage over past Expires", stored, fields("Cache-Control: s-maxage=3600", "Expires: {now-3600}")},
		row{"s-maxage over future Expires", fetched, fields("Cache-Control: s-maxage=0", "Expires: {now+3600}")},
		row{"s-maxage over all others", stored, fields("Cache-Control: s-maxage=3600, max-age=0", "Expires: {now-3600}")},
		row{"Expires beside other directives", stored, fields("Cache-Control: public", "Expires: {now+3600}")},
	)
}

// arrivals have spent some time on their way.
func arrivals() []scenario {
	return join(
		twice("9111 4.2.3",
			row{"Age below max-age", stored, fields("Cache-Control: max-age=3600", "Age: 1800")},
			row{"Age equal to max-age", fetched, fields("Cache-Control: max-age=3600", "Age: 3600")},
			row{"Age above max-age", fetched, fields("Cache-Control: max-age=3600", "Age: 7200")},
			row{"Age below s-maxage", stored, fields("Cache-Control: s-maxage=3600", "Age: 1800")},
			row{"Age above s-maxage", fetched, fields("Cache-Control: s-maxage=3600", "Age: 7200")},
			row{"Age below Expires", stored, fields("Expires: {now+3600}", "Age: 1800")},
			row{"Age above Expires", fetched, fields("Expires: {now+3600}", "Age: 7200")},
			row{"Age of zero", stored, fields("Cache-Control: max-age=3600", "Age: 0")},
			row{"old Date within max-age", stored, fields("Date: {now-1800}", "Cache-Control: max-age=3600")},
			row{"old Date beyond max-age", fetched, fields("Date: {now-7200}", "Cache-Control: max-age=3600")},
			row{"old Date beyond s-maxage", fetched, fields("Date: {now-7200}", "Cache-Control: s-maxage=3600")},
			row{"Date and Age are not added", stored, fields("Date: {now-1800}", "Cache-Control: max-age=3000", "Age: 1800")},
			row{"Date older than Age", fetched, fields("Date: {now-7200}", "Cache-Control: max-age=3600", "Age: 1800")},
			row{"Age older than Date", fetched, fields("Date: {now-1800}", "Cache-Control: max-age=3600", "Age: 7200")},
			row{"Date in the future is no age", stored, fields("Date: {now+7200}", "Cache-Control: max-age=3600")},
		),
		twice("9111 4.2.1",
			row{"Expires counts from Date, both past", fetched, fields("Date: {now-7200}", "Expires: {now-3600}")},
			row{"Expires counts from Date, past", stored, fields("Date: {now-7200}", "Expires: {now+3600}")},
			row{"Expires counts from Date, future", stored, fields("Date: {now+3600}", "Expires: {now+7200}")},
			row{"Expires before a future Date", fetched, fields("Date: {now+7200}", "Expires: {now+3600}")},
			row{"Expires equal to Date", fetched, fields("Date: {now+7200}", "Expires: {now+7200}")},
		),
	)
}

// hugeLifetimes must not overflow: they are as good as the largest that can be
// held (RFC 9111, 1.2.2).
func hugeLifetimes() []scenario {
	var cases []scenario
	for _, n := range []string{"2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999999999"} {
		cases = append(cases, twice("9111 1.2.2",
			row{"max-age " + n, stored, fields("Cache-Control: max-age=" + n)},
			row{"s-maxage " + n, stored, fields("Cache-Control: s-maxage=" + n)},
		)...)
	}
	return append(cases, twice("9111 1.2.2",
		row{"huge Age against huge max-age", fetched, fields("Cache-Control: max-age=99999999999", "Age: 99999999999")},
		row{"large Age within huge max-age", stored, fields("Cache-Control: max-age=99999999999", "Age: 2000000000")},
	)...)
}

// passing lets a lifetime end; nothing can state that instead.
func passing() []scenario {
	var cases []scenario
	for _, field := range []string{"Cache-Control: max-age=1", "Cache-Control: s-maxage=1"} {
		cases = append(cases, scenario{name: "end of " + field, rfc: "9111 4.2", steps: []step{
			{origin: with(field), from: fetched},
			{origin: with("Cache-Control: max-age=3600"), from: fetched, again: true},
			{from: stored},
		}})
	}
	for _, age := range []int{0, 100, 2_000_000} {
		cases = append(cases, scenario{name: "Age grows from " + strconv.Itoa(age), rfc: "9111 5.1", steps: []step{
			{origin: with("Cache-Control: max-age=3000000", "Age: "+strconv.Itoa(age)), from: fetched},
			{from: stored, want: []string{"Age >= " + strconv.Itoa(age)}},
			{from: stored, want: []string{"Age >= " + strconv.Itoa(age+1), "Age < " + strconv.Itoa(age+30)}, again: true},
		}})
	}
	return cases
}
