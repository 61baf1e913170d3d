package httpcache

import (
	"net/url"
	"testing"
)

func TestInvalidates(t *testing.T) {
	tests := []struct {
		method string
		status int
		want   bool
	}{
		{"GET", 200, false}, {"HEAD", 200, false}, {"OPTIONS", 204, false}, {"TRACE", 200, false},
		{"POST", 200, true}, {"PUT", 201, true}, {"DELETE", 204, true}, {"PATCH", 303, true},
		{"M-SEARCH", 200, true}, {"get", 200, true},
		{"POST", 404, false}, {"POST", 500, false}, {"POST", 103, false},
	}
	for _, tt := range tests {
		if got := Invalidates([]byte(tt.method), tt.status); got != tt.want {
			t.Errorf("Invalidates(%s, %d) = %v; want %v", tt.method, tt.status, got, tt.want)
		}
	}
}

func TestInvalidatedTarget(t *testing.T) {
	tests := []struct {
		name, request, ref, want string
		ok                       bool
	}{
		{"path", "http://a.example/x/y", "/z?q=1", "/z?q=1", true},
		{"relative", "http://a.example/x/y?b", "z", "/x/z", true},
		{"dot segments", "http://a.example/x/y", "../z", "/z", true},
		{"query only", "http://a.example/x/y?b", "?c", "/x/y?c", true},
		{"fragment", "http://a.example/x", "/z#f", "/z", true},
		{"escapes stay", "http://a.example/x", "/a%2Fb%20c", "/a%2Fb%20c", true},
		{"absolute", "http://a.example/x", "http://a.example/z", "/z", true},
		{"absolute without path", "http://a.example/x", "http://a.example", "/", true},
		{"case of scheme and host", "http://a.example/x", "HTTP://A.Example/z", "/z", true},
		{"default port", "http://a.example/x", "http://a.example:80/z", "/z", true},
		{"default port of https", "https://a.example:443/x", "//a.example/z", "/z", true},
		{"another port", "http://a.example/x", "http://a.example:8080/z", "", false},
		{"another scheme", "http://a.example/x", "https://a.example/z", "", false},
		{"another host", "http://a.example/x", "http://b.example/z", "", false},
		{"another host, no scheme", "http://a.example/x", "//b.example/z", "", false},
		{"user", "http://a.example/x", "http://u@a.example/z", "", false},
		{"no hierarchy", "http://a.example/x", "mailto:a@b", "", false},
		{"no reference", "http://a.example/x", "http://[/", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request, err := url.Parse(tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := InvalidatedTarget(request, tt.ref); got != tt.want || ok != tt.ok {
				t.Errorf("InvalidatedTarget(%s, %s) = %q, %v; want %q, %v", tt.request, tt.ref, got, ok, tt.want, tt.ok)
			}
		})
	}
}
