package conformance

// directives is about reading Cache-Control (RFC 9111, 5.2).
func directives() []scenario {
	return join(spelling(), invalidLifetimes(), repeated(), unknown(), pragma())
}

// spelling has every form that means the same.
func spelling() []scenario {
	return join(
		twice("9111 5.2",
			row{"upper case", stored, fields("Cache-Control: MAX-AGE=3600")},
			row{"mixed case", stored, fields("Cache-Control: mAx-AgE=3600")},
			row{"s-maxage in upper case", stored, fields("Cache-Control: S-MAXAGE=3600")},
			row{"no-store in upper case", fetched, fields("Cache-Control: max-age=3600, NO-STORE")},
			row{"private in mixed case", fetched, fields("Cache-Control: max-age=3600, Private")},
			row{"quoted number", stored, fields(`Cache-Control: max-age="3600"`)},
			row{"quoted number of s-maxage", stored, fields(`Cache-Control: s-maxage="3600"`)},
			row{"quoted zero", fetched, fields(`Cache-Control: max-age="0"`)},
		),
		twice("9110 5.1",
			row{"field name in upper case", stored, fields("CACHE-CONTROL: max-age=3600")},
			row{"field name in lower case", stored, fields("cache-control: max-age=3600")},
			row{"Expires in lower case", stored, fields("expires: {now+3600}")},
			row{"Age in lower case", fetched, fields("Cache-Control: max-age=3600", "age: 7200")},
		),
		twice("9110 5.5",
			row{"no blank after the colon", stored, fields("Cache-Control:max-age=3600")},
			row{"blanks around the value", stored, fields("Cache-Control:   max-age=3600   ")},
			row{"tabs around the value", stored, fields("Cache-Control:\tmax-age=3600\t")},
		),
		twice("9110 5.6.1",
			row{"no blank after the comma", stored, fields("Cache-Control: public,max-age=3600")},
			row{"blanks before the comma", stored, fields("Cache-Control: public  ,  max-age=3600")},
			row{"tabs round the comma", stored, fields("Cache-Control: public\t,\tmax-age=3600")},
			row{"empty members", stored, fields("Cache-Control: , ,public,, max-age=3600,")},
		),
		twice("9110 5.3",
			row{"two lines", stored, fields("Cache-Control: public", "Cache-Control: max-age=3600")},
			row{"an empty line first", stored, fields("Cache-Control:", "Cache-Control: max-age=3600")},
			row{"no-store in a second line", fetched, fields("Cache-Control: max-age=3600", "Cache-Control: no-store")},
			row{"no-store in the first of two lines", fetched, fields("Cache-Control: no-store", "Cache-Control: max-age=3600")},
			row{"private in a third line", fetched, fields("Cache-Control: public", "Cache-Control: max-age=3600", "Cache-Control: private")},
			row{"lines with others between", stored, fields("Cache-Control: public", "X-Other: a", "Cache-Control: max-age=3600")},
		),
	)
}

// invalidLifetimes make a response stale (RFC 9111, 4.2.1).
func invalidLifetimes() []scenario {
	values := []struct{ name, value string }{
		{"without value", ""}, {"empty", "="}, {"empty quoted", `=""`}, {"negative", "=-3600"}, {"signed", "=+3600"},
		{"fractional", "=3600.5"}, {"fraction of zero", "=3600.0"}, {"single quotes", "='3600'"}, {"letters", "=abc"},
		{"letters after digits", "=3600s"}, {"hexadecimal", "=0xe10"}, {"exponent", "=1e4"}, {"blank before =", " =3600"}, {"blank after =", "= 3600"},
		{"blanks round =", " = 3600"}, {"blank within", "=36 00"}, {"blank in quotes", `=" 3600"`},
	}
	var cases []scenario
	for _, v := range values {
		cases = append(cases, twice("9111 4.2.1",
			row{"max-age " + v.name, fetched, fields("Cache-Control: max-age" + v.value)},
			row{"s-maxage " + v.name, fetched, fields("Cache-Control: s-maxage" + v.value)},
			row{"max-age " + v.name + " beside Expires", fetched, fields("Cache-Control: max-age"+v.value, "Expires: {now+3600}")},
		)...)
	}
	return append(cases, twice("9111 4.2.1",
		row{"invalid s-maxage beside max-age", fetched, fields("Cache-Control: s-maxage=abc, max-age=3600")},
		row{"semicolon for a comma", fetched, fields("Cache-Control: max-age=3600; public")},
	)...)
}

// repeated directives count once, or not if they differ (RFC 9111, 4.2.1).
func repeated() []scenario {
	return twice("9111 4.2.1",
		row{"equal max-age twice", stored, fields("Cache-Control: max-age=3600, max-age=3600")},
		row{"equal max-age in two lines", stored, fields("Cache-Control: max-age=3600", "Cache-Control: max-age=3600")},
		row{"max-age that differ", fetched, fields("Cache-Control: max-age=3600, max-age=7200")},
		row{"max-age that differ, in two lines", fetched, fields("Cache-Control: max-age=3600", "Cache-Control: max-age=7200")},
		row{"max-age of zero, then not", fetched, fields("Cache-Control: max-age=0, max-age=3600")},
		row{"max-age of zero last", fetched, fields("Cache-Control: max-age=3600, max-age=0")},
		row{"s-maxage that differ", fetched, fields("Cache-Control: s-maxage=3600, s-maxage=7200")},
		row{"no-store twice", fetched, fields("Cache-Control: no-store, no-store, max-age=3600")},
		row{"public twice", stored, fields("Cache-Control: public, public, max-age=3600")},
	)
}

// unknown directives are ignored, and nothing inside them is read (RFC 9111,
// 5.2.3).
func unknown() []scenario {
	return twice("9111 5.2.3",
		row{"unknown directive alone", fetched, fields("Cache-Control: xyz")},
		row{"unknown directive before", stored, fields("Cache-Control: xyz, max-age=3600")},
		row{"unknown directive after", stored, fields("Cache-Control: max-age=3600, xyz")},
		row{"unknown with token", stored, fields("Cache-Control: xyz=no-store, max-age=3600")},
		row{"unknown with quoted no-store", stored, fields(`Cache-Control: xyz="no-store", max-age=3600`)},
		row{"unknown with a quoted list", stored, fields(`Cache-Control: xyz="a, no-store, private", max-age=3600`)},
		row{"unknown with an escaped quote", stored, fields(`Cache-Control: xyz="a\", no-store, b", max-age=3600`)},
		row{"unknown with an escaped backslash", fetched, fields(`Cache-Control: xyz="a\\", no-store, max-age=3600`)},
		row{"unknown with a quoted lifetime", fetched, fields(`Cache-Control: xyz="max-age=3600"`)},
		row{"unknown with a quoted list of lifetimes", fetched, fields(`Cache-Control: xyz="a, max-age=3600, b"`)},
		row{"unknown with quoted zero", stored, fields(`Cache-Control: xyz="max-age=0", max-age=3600`)},
		row{"longer than no-store", stored, fields("Cache-Control: max-age=3600, no-store-please")},
		row{"shorter than no-store", stored, fields("Cache-Control: max-age=3600, nostore")},
		row{"longer than private", stored, fields("Cache-Control: max-age=3600, privately")},
		row{"longer than max-age", fetched, fields("Cache-Control: xmax-age=3600")},
		row{"s-max-age", fetched, fields("Cache-Control: s-max-age=3600")},
		row{"maxage", fetched, fields("Cache-Control: maxage=3600")},
		row{"request directives in a response", stored, fields("Cache-Control: max-age=3600, max-stale=5, min-fresh=9999, only-if-cached")},
		row{"no-transform", stored, fields("Cache-Control: max-age=3600, no-transform")},
		row{"must-revalidate while fresh", stored, fields("Cache-Control: max-age=3600, must-revalidate")},
		row{"proxy-revalidate while fresh", stored, fields("Cache-Control: max-age=3600, proxy-revalidate")},
	)
}

// pragma has no meaning in a response (RFC 9111, 5.4).
func pragma() []scenario {
	return twice("9111 5.4",
		row{"Pragma no-cache beside max-age", stored, fields("Cache-Control: max-age=3600", "Pragma: no-cache")},
		row{"Pragma max-age", fetched, fields("Pragma: max-age=3600")},
		row{"Pragma no-store", stored, fields("Cache-Control: max-age=3600", "Pragma: no-store")},
		row{"unknown Pragma", stored, fields("Cache-Control: max-age=3600", "Pragma: xyz")},
	)
}
