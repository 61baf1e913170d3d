package conformance

// key is about which targets are one resource (RFC 9111, 2, and Cistern's
// mapping), and that the origin is asked for exactly that.
func key() []scenario {
	var cases []scenario
	for _, tt := range []struct {
		name, rfc     string
		first, second string
		from          source
	}{
		{"the same query", "9111 2", "?a=1", "?a=1", stored},
		{"another value", "9111 2", "?a=1", "?a=2", fetched},
		{"another name", "9111 2", "?a=1", "?b=1", fetched},
		{"other order", "spec", "?a=1&b=2", "?b=2&a=1", fetched},
		{"no query", "9111 2", "?a=1", "", fetched},
		{"a query, then none", "9111 2", "", "?a", fetched},
		{"no value and empty value", "9111 2", "?a", "?a=", fetched},
		{"one more parameter", "9111 2", "?a=1", "?a=1&b", fetched},
		{"a parameter twice", "9111 2", "?a=1", "?a=1&a=1", fetched},
		{"case in the query", "9111 2", "?a=x", "?a=X", fetched},
		{"plus and blank in the query", "9111 2", "?a=x+y", "?a=x%20y", fetched},
		{"question mark in the query", "9111 2", "?a?b", "?a", fetched},
		{"slash in the query", "9111 2", "?a=/b", "?a=", fetched},

		{"case in the path", "9111 2", "/a", "/A", fetched},
		{"slash at the end", "9111 2", "/a", "/a/", fetched},
		{"double slash", "spec", "/a/b", "/a//b", fetched},
		{"semicolon", "9111 2", "/a", "/a;b=1", fetched},
		{"plus and blank in the path", "spec", "/a+b", "/a%20b", fetched},
		{"escaped letter", "9110 4.2.3", "/abc", "/%61bc", stored},
		{"case of escapes", "9110 4.2.3", "/%c3%bc", "/%C3%BC", stored},
		{"escaped tilde", "9110 4.2.3", "/~a", "/%7Ea", stored},
		{"percent sign itself", "9110 4.2.3", "/%2561", "/a", fetched},
		{"escaped question mark", "9111 2", "/a%3Fb", "/a?b", fetched},
		{"one more segment", "9111 2", "/a", "/a/b", fetched},
	} {
		cases = append(cases, scenario{name: tt.name, rfc: tt.rfc, steps: []step{
			{path: tt.first, origin: with("Cache-Control: max-age=3600"), from: fetched},
			{path: tt.second, origin: with("Cache-Control: max-age=3600"), from: tt.from},
			{path: tt.first, from: stored, like: 1},
		}})
	}
	for _, target := range []string{"?a=1&b=2", "?b=2&a=1", "?a=%41", "?a=x+y", "?a&b=&=c", "?a=1&a=2", "?a=/b?c", "?%C3%BC=%c3%bc", "/a//b", "/%C3%BC", "/a/b/", "/a.b-c_d~e"} {
		cases = append(cases, scenario{name: "asked as it is: " + target, rfc: "9110 7.6", steps: []step{
			{path: target, origin: with("Cache-Control: max-age=3600"), from: fetched, asks: []string{"Target: {base}" + target}},
			{path: target, from: stored},
		}})
	}
	return append(cases,
		scenario{name: "hostnames of a zone share", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{host: "alias.{host}", from: stored},
		}},
		scenario{name: "host in upper case", rfc: "9110 4.2.3", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{host: "DEFAULT.Test", from: stored},
		}},
		scenario{name: "host with port", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched},
			{host: "{host}:8080", from: stored},
		}},
		scenario{name: "resources do not touch each other", rfc: "9111 4", steps: []step{
			{path: "/a", origin: with("Cache-Control: max-age=3600"), from: fetched},
			{path: "/b", origin: with("Cache-Control: max-age=3600"), from: fetched},
			{path: "/a", from: stored, like: 1},
			{path: "/b", from: stored, like: 2},
		}},
	)
}
