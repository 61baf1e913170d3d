package api

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// What is taken is the hostname that was asked for, not the name that would
// have been made of it.
func TestTakenNames(t *testing.T) {
	f := start(t)
	f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"]}`)
	f.must(201, "POST", "/cdn/zones", `{"name":"c.example.com","hostnames":["b.example.com"]}`)
	tests := []struct {
		name, body, code, faults string
		words                    []string
	}{
		{name: "hostname", body: `{"hostnames":["a.example.com"]}`, code: "hostname_taken", faults: "hostnames.0:hostname_taken", words: []string{"a.example.com is already in use"}},
		{name: "hostname and name", body: `{"name":"c.example.com","hostnames":["x.example.com","b.example.com"]}`, code: "hostname_taken",
			faults: "hostnames.1:hostname_taken", words: []string{"b.example.com is already in use"}},
		{name: "name of a hostname", body: `{"hostnames":["c.example.com"]}`, code: "name_taken", faults: "name:name_taken", words: []string{"taken from the first hostname"}},
		{name: "null name", body: `{"name":null,"hostnames":["c.example.com"]}`, code: "name_taken", faults: "name:name_taken", words: []string{"taken from the first hostname"}},
		{name: "name", body: `{"name":"c.example.com","hostnames":["d.example.com"]}`, code: "name_taken", faults: "name:name_taken", words: []string{"Choose another name."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.must(409, "POST", "/cdn/zones", tt.body)
			if a.str("code") != tt.code || a.codes() != tt.faults {
				t.Errorf("POST %s = %s %q; want %s %q", tt.body, a.str("code"), a.codes(), tt.code, tt.faults)
			}
			for _, want := range tt.words {
				if !strings.Contains(a.text, want) {
					t.Errorf("POST %s = %s; want %q in it", tt.body, a.text, want)
				}
			}
		})
	}
}

// Nobody takes the system hostname of a zone, be it there or still to come.
func TestSystemHostnames(t *testing.T) {
	f := start(t)
	z, _ := f.zone("a.example.com")
	for _, name := range []string{"1.localhost", "2.LOCALHOST.", "007.localhost"} {
		a := f.must(422, "POST", "/cdn/zones", `{"hostnames":["b.example.com","`+name+`"]}`)
		if a.str("code") != "bad_format" || a.codes() != "hostnames.1:bad_format" || !strings.Contains(a.str("detail"), "system hostnames") {
			t.Errorf("POST with %s = %s", name, a.text)
		}
		a = f.must(422, "PATCH", z, `{"hostnames":["`+name+`"]}`)
		if a.codes() != "hostnames.0:bad_format" {
			t.Errorf("PATCH with %s = %s", name, a.text)
		}
	}
	f.must(201, "POST", "/cdn/zones", `{"hostnames":["demo.localhost","1.demo.localhost","1a.localhost","localhost","1.localhost.example.com","*.localhost"]}`)
}

// A hostname that was saved under another base domain stays, and is in nobody's
// way when the zone is changed.
func TestSystemHostnameOfBefore(t *testing.T) {
	s := &server{baseDomain: "example.org"}
	z := &store.Zone{Zone: zone.Zone{Hostnames: []string{"a.example.org", "7.example.org"}}}
	if faults := s.systemNames(z, []string{"a.example.org"}); len(faults) != 1 || faults[0].field != "hostnames.1" {
		t.Errorf("faults of a new 7.example.org = %v; want one", faults)
	}
	if faults := s.systemNames(z, []string{"7.example.org"}); len(faults) != 0 {
		t.Errorf("faults of an old 7.example.org = %v; want none", faults)
	}
	if faults := (&server{}).systemNames(z, nil); len(faults) != 0 {
		t.Errorf("faults without base domain = %v; want none", faults)
	}
}

func TestProhibitedAddresses(t *testing.T) {
	never := &zone.AddressError{Addr: netip.MustParseAddr("169.254.169.254")}
	private := &zone.AddressError{Addr: netip.MustParseAddr("10.0.0.1"), Private: true}
	tests := []struct {
		name    string
		host    string
		refused []*zone.AddressError
		message string
		hint    string // "": that of the catalogue, which names the flag
	}{
		{"metadata", "169.254.169.254", []*zone.AddressError{never}, "names 169.254.169.254, which is link-local", "No setting allows"},
		{"name of metadata", "m.example.com", []*zone.AddressError{never}, "resolves to 169.254.169.254, which is link-local", "No setting allows"},
		{"private", "10.0.0.1", []*zone.AddressError{private}, "names 10.0.0.1, a private address", ""},
		{"one that could be allowed", "m.example.com", []*zone.AddressError{never, private}, "resolves to 10.0.0.1, a private address", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := prohibited(tt.host, tt.refused)
			if !strings.HasPrefix(got.message, tt.message) || !strings.Contains(got.hint, tt.hint) || (got.hint == "") != (tt.hint == "") {
				t.Errorf("prohibited(%q) = %q, hint %q; want %q, hint %q", tt.host, got.message, got.hint, tt.message, tt.hint)
			}
		})
	}
	f := start(t)
	for _, host := range []string{"169.254.169.254", "metadata.example.com"} {
		a := f.must(422, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[{"url":"http://`+host+`"}]}`)
		if strings.Contains(a.text, "--allow-private-origins") || !strings.Contains(a.str("hint"), "No setting allows") {
			t.Errorf("origin at %s = %s", host, a.text)
		}
	}
}

// Whoever did not name a signature is not told to leave it out.
func TestOSSRefusals(t *testing.T) {
	f := start(t)
	const private = `,"s3_auth_enabled":true,"s3_access_key":"AKEXAMPLE","s3_secret_key":"` + secretOne + `","s3_bucket":"media"`
	for _, tt := range []struct{ name, origin, faults string }{
		{"by the host", `{"url":"https://oss-cn-hangzhou.aliyuncs.com"` + private + `}`, "origins.0.auth_type:unsupported"},
		{"by the provider", `{"url":"https://b.test","provider":"oss"` + private + `}`, "origins.0.provider:unsupported"},
		{"by name", `{"url":"https://b.test","auth_type":"oss_v4"}`, "origins.0.auth_type:unsupported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.must(422, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[`+tt.origin+`]}`)
			if a.codes() != tt.faults || !strings.Contains(a.str("hint"), "Alibaba Cloud OSS") {
				t.Errorf("POST %s = %q, hint %q; want %q and a hint about OSS", tt.origin, a.codes(), a.str("hint"), tt.faults)
			}
		})
	}
	f.must(201, "POST", "/cdn/zones", `{"hostnames":["a.example.com"],"origins":[{"url":"https://oss-cn-hangzhou.aliyuncs.com","s3_bucket":"media"}]}`)
}
