package cli

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/client"
)

// Each flag that sets a field is in the table, and the table names no other.
func TestFlagsOfFields(t *testing.T) {
	parser, err := kong.New(&struct{ Verbs }{})
	if err != nil {
		t.Fatal(err)
	}
	typed := map[string]bool{}
	for _, verb := range parser.Model.Leaves(true) {
		for _, f := range verb.Flags {
			typed["--"+f.Name] = true
		}
		for _, a := range verb.Positional {
			typed[a.Name] = true
			typed[strings.ToUpper(a.Name)] = true
		}
	}
	named := slices.Collect(maps.Values(flags()))
	for _, name := range named {
		if !typed[name] {
			t.Errorf("the table names %s, which no verb has", name)
		}
	}
	// What is no field of the API, or another way to give one.
	others := []string{"--help", "--api", "--token", "--output", "--api-ca-file", "--no-wait", "--wait", "--timeout", "--hostname", "--remove-key", "--secret-key"}
	for name := range typed {
		if strings.HasPrefix(name, "--") && !slices.Contains(named, name) && !slices.Contains(others, name) {
			t.Errorf("no field of the table is set by %s: add the field to flags", name)
		}
	}
}

func TestLabel(t *testing.T) {
	const sent = `{"hostnames":["a.example.com","b c"],"origins":[{"url":"x","s3_secret_key":"` + planted + `"}],"origin":{"allowed_prefixes":["a"]}}`
	tests := []struct{ field, want string }{
		{"hostnames.1", `hostname "b c"`},
		{"hostnames.7", "hostname"},
		{"hostnames", "hostname"},
		{"origin.allowed_prefixes.0", `--allowed-prefix "a"`},
		{"origins.0.url", "--url"},
		{"origins.0.name", "--origin-name"},
		{"name", "--name"},
		{"origins.0.s3_secret_key", "--secret-key-file"},
		{"origins.0", "origins.0"},
		{"cache.default_ttl.x", "--default-ttl"},
		{"tls.mode", "tls.mode"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := label(tt.field, []byte(sent)); got != tt.want {
			t.Errorf("label(%q) = %q; want %q", tt.field, got, tt.want)
		}
	}
	if got := label("urls.0", nil); got != "URL" {
		t.Errorf("label of an entry that was not sent = %q; want URL", got)
	}
}

func TestInFlags(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Set access.public_ack to true if that is what you want.", "Set --public-ack if that is what you want."},
		{"A public one can, with s3_auth_enabled false.", "A public one can, with --s3-auth=false."},
		{"Set base_path, s3_bucket or origin.allowed_prefixes.", "Set --base-path, --bucket or --allowed-prefix."},
		{"must have no path; a path goes into base_path", "must have no path; a path goes into --base-path"},
		{"tls_verify is off", "--tls-verify is off"},
		{"sends Host cdn.url.example, see admin.token and s3_region_effective", "sends Host cdn.url.example, see admin.token and s3_region_effective"},
		{"must be true or false", "must be true or false"},
	}
	for _, tt := range tests {
		if got := inFlags(tt.text); got != tt.want {
			t.Errorf("inFlags(%q) = %q; want %q", tt.text, got, tt.want)
		}
	}
}

func TestProblemError(t *testing.T) {
	hint := func(s string) *string { return &s }
	tests := []struct {
		name string
		p    client.Problem
		want string
	}{
		{"no field", client.Problem{Title: "Not found", Code: "not_found", Detail: `there is no zone "x"`, Hint: hint("List them.")}, "Not found: there is no zone \"x\"\nList them."},
		{"one field", client.Problem{Title: "Wrong form", Code: "bad_format", Detail: "origins.0.url: must begin", Hint: hint("Write it in the form that the message names."),
			Errors: &map[string][]client.Fault{"origins.0.url": {{Message: "must begin"}}}}, "Wrong form: --url: must begin"},
		{"a hint of its own", client.Problem{Title: "Wrong form", Code: "bad_format", Hint: hint("Set s3_region."),
			Errors: &map[string][]client.Fault{"origins.0.url": {{Message: "must begin"}}}}, "Wrong form: --url: must begin\nSet --region."},
		{"several", client.Problem{Title: "Several fields are wrong", Code: "invalid", Detail: "3 faults, in cache.share, url", Hint: hint("Correct the fields listed in errors."),
			Errors: &map[string][]client.Fault{"name": {{Message: "a"}, {Message: "b"}}, "url": {{Message: "c"}}}},
			"Several fields are wrong:\n  --name: a\n  --name: b\n  --url: c"},
		{"our mistake", client.Problem{Title: "Internal error", Status: 500, Code: "internal", Detail: "request r1", RequestID: "r1"}, "Internal error: request r1\nRequest id: r1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := problemError(&tt.p, nil).Error(); got != tt.want {
				t.Errorf("problemError = %q; want %q", got, tt.want)
			}
		})
	}
}
