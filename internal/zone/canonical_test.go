package zone

import (
	"errors"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// codeOf returns the code of a *Fault, "" for nil.
func codeOf(err error) catalog.API {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestCanonicalHostname(t *testing.T) {
	tests := []struct {
		in, want string
		code     catalog.API
	}{
		{in: "cdn.example.com", want: "cdn.example.com"},
		{in: "CDN.Example.COM.", want: "cdn.example.com"},
		{in: "*.Example.com", want: "*.example.com"},
		{in: "münchen.example", want: "xn--mnchen-3ya.example"},
		{in: "*.bücher.example", want: "*.xn--bcher-kva.example"},
		{in: "straße.example", want: "xn--strae-oqa.example"},
		{in: "r1---sn.example.com", want: "r1---sn.example.com"},
		{in: "localhost", want: "localhost"},
		{in: "192.0.2.1", want: "192.0.2.1"},
		{in: "2001:DB8::0:1", want: "2001:db8::1"},
		{in: "[2001:db8::1]", want: "2001:db8::1"},
		{in: "::ffff:192.0.2.1", want: "192.0.2.1"},
		{in: strings.Repeat("a", 63) + ".example", want: strings.Repeat("a", 63) + ".example"},

		{in: "", code: "required"},
		{in: ".", code: "bad_format"},
		{in: "*", code: "bad_format"},
		{in: "*.", code: "bad_format"},
		{in: "a.*.example.com", code: "bad_format"},
		{in: "*.*.example.com", code: "bad_format"},
		{in: "x*.example.com", code: "bad_format"},
		{in: "https://cdn.example.com", code: "bad_format"},
		{in: "cdn.example.com/media", code: "bad_format"},
		{in: "cdn.example.com:8080", code: "bad_format"},
		{in: "[2001:db8::1]:80", code: "bad_format"},
		{in: "user@example.com", code: "bad_format"},
		{in: "a b.example", code: "bad_format"},
		{in: "a_b.example", code: "bad_format"},
		{in: "-a.example", code: "bad_format"},
		{in: "a..example", code: "bad_format"},
		{in: "1.2.3", code: "bad_format"},
		{in: "300.1.1.1", code: "bad_format"},
		{in: "fe80::1%eth0", code: "bad_format"},
		{in: "[192.0.2.1]", code: "bad_format"},
		{in: strings.Repeat("a", 64) + ".example", code: "bad_format"},
		{in: strings.Repeat("abcdefg.", 32) + "example", code: "bad_format"},
	}
	for _, tt := range tests {
		got, err := CanonicalHostname(tt.in)
		if got != tt.want || codeOf(err) != tt.code {
			t.Errorf("CanonicalHostname(%q) = %q, %v; want %q, %q", tt.in, got, err, tt.want, tt.code)
		}
		if again, _ := CanonicalHostname(got); got != "" && again != got {
			t.Errorf("CanonicalHostname(%q) = %q; want it unchanged", got, again)
		}
	}
}

func TestCanonicalURL(t *testing.T) {
	tests := []struct {
		in, want string
		code     catalog.API
	}{
		{in: "https://s3.example.com", want: "https://s3.example.com"},
		{in: "HTTPS://S3.Example.com:443/", want: "https://s3.example.com"},
		{in: "http://127.0.0.1:9000", want: "http://127.0.0.1:9000"},
		{in: "http://example.com:80", want: "http://example.com"},
		{in: "https://example.com:80", want: "https://example.com:80"},
		{in: "https://[2001:DB8::1]:8443", want: "https://[2001:db8::1]:8443"},
		{in: "https://[2001:db8::1]", want: "https://[2001:db8::1]"},
		{in: "https://bücher.example", want: "https://xn--bcher-kva.example"},

		{in: "", code: "required"},
		{in: "s3.example.com", code: "bad_format"},
		{in: "ftp://s3.example.com", code: "bad_format"},
		{in: "https:s3.example.com", code: "bad_format"},
		{in: "https://", code: "bad_format"},
		{in: "https://:443", code: "bad_format"},
		{in: "https://*.example.com", code: "bad_format"},
		{in: "https://a b.example", code: "bad_format"},
		{in: "https://s3.example.com:0", code: "bad_format"},
		{in: "https://s3.example.com:70000", code: "bad_format"},
		{in: "https://s3.example.com:", code: "bad_format"},
		{in: "https://s3.example.com/bucket", code: "url_has_path"},
		{in: "https://s3.example.com//", code: "url_has_path"},
		{in: "https://s3.example.com?x=1", code: "url_has_path"},
		{in: "https://s3.example.com/?", code: "url_has_path"},
		{in: "https://s3.example.com#f", code: "url_has_path"},
		{in: "https://key:secret@s3.example.com", code: "url_has_path"},
	}
	for _, tt := range tests {
		got, err := CanonicalURL(tt.in)
		if got != tt.want || codeOf(err) != tt.code {
			t.Errorf("CanonicalURL(%q) = %q, %v; want %q, %q", tt.in, got, err, tt.want, tt.code)
		}
	}
}

func TestCanonicalHostHeader(t *testing.T) {
	tests := []struct {
		in, want string
		code     catalog.API
	}{
		{in: "", want: ""},
		{in: "Media.S3.example.com", want: "media.s3.example.com"},
		{in: "media.example.com:9000", want: "media.example.com:9000"},
		{in: "[2001:db8::1]:9000", want: "[2001:db8::1]:9000"},
		{in: "[2001:db8::1]", want: "[2001:db8::1]"},
		{in: "a/b", code: "bad_format"},
		{in: "a@b", code: "bad_format"},
		{in: "a b", code: "bad_format"},
		{in: "a:0", code: "bad_format"},
		{in: "a\r\nX: y", code: "bad_format"},
		{in: "*.example.com", code: "bad_format"},
	}
	for _, tt := range tests {
		got, err := CanonicalHostHeader(tt.in)
		if got != tt.want || codeOf(err) != tt.code {
			t.Errorf("CanonicalHostHeader(%q) = %q, %v; want %q, %q", tt.in, got, err, tt.want, tt.code)
		}
	}
}

func TestCanonicalBasePath(t *testing.T) {
	tests := []struct {
		in, want string
		code     catalog.API
	}{
		{in: "", want: ""},
		{in: "/", want: ""},
		{in: "/my-media", want: "/my-media"},
		{in: "/my-media/", want: "/my-media"},
		{in: "/a//b c/ü", want: "/a//b c/ü"},
		{in: "/..a", want: "/..a"},
		{in: "my-media", code: "bad_format"},
		{in: "/a%20b", code: "bad_format"},
		{in: "/a?b", code: "bad_format"},
		{in: "/a#b", code: "bad_format"},
		{in: "/a\x00b", code: "bad_format"},
		{in: "/a/../b", code: "bad_format"},
		{in: "/a/.", code: "bad_format"},
		{in: "/a//", code: "bad_format"},
		{in: "/" + strings.Repeat("a", 1024), code: "too_long"},
	}
	for _, tt := range tests {
		got, err := CanonicalBasePath(tt.in)
		if got != tt.want || codeOf(err) != tt.code {
			t.Errorf("CanonicalBasePath(%q) = %q, %v; want %q, %q", tt.in, got, err, tt.want, tt.code)
		}
	}
}
