package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	const root = "../.."
	files, err := outputs(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale, run go generate ./api/... (-generated +on disk):\n%s", name, diff)
		}
	}
}

// The server's types and the client are what the pinned generator makes of
// api/openapi.yaml.
func TestOpenAPICodeIsUpToDate(t *testing.T) {
	const root = "../.."
	for config, name := range map[string]string{
		"server.yaml": "internal/control/api/contract/contract.go",
		"client.yaml": "client/client.go",
	} {
		dir := t.TempDir()
		made, copied := filepath.Join(dir, "made.go"), filepath.Join(dir, config)
		text := strings.Replace(read(t, root, "api/"+config), "output: "+name, "output: "+made, 1)
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "go", "tool", "oapi-codegen", "-config", copied, "api/openapi.yaml")
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
		if read(t, root, name) != read(t, dir, "made.go") {
			t.Errorf("%s is stale, run go generate ./api/...", name)
		}
	}
	// What the child reads is read here too, so that after a change of it the
	// test is not answered from the cache of results.
	read(t, root, "api/openapi.yaml")
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConstName(t *testing.T) {
	tests := []struct{ list, code, want string }{
		{"API", "hostname_taken", "APIHostnameTaken"},
		{"API", "url_has_path", "APIURLHasPath"},
		{"API", "sigv4a_unsupported", "APISigV4AUnsupported"},
		{"Origin", "oss_v1_refused", "OriginOSSV1Refused"},
		{"Access", "sig_ip", "AccessSigIP"},
	}
	for _, tt := range tests {
		if got := constName(tt.list, tt.code); got != tt.want {
			t.Errorf("constName(%q, %q) = %q; want %q", tt.list, tt.code, got, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const good = "{code: a, status: 400, title: T, meaning: M., fix: F.}"
	file := func(api string) string {
		return "api: [" + api + "]\norigin: [" + good + "]\naccess: [" + good + "]\n"
	}
	tests := []struct{ name, api, want string }{
		{"capital letter", "{code: Bad, status: 400, title: T, meaning: M., fix: F.}", `api.0: code "Bad": not of the form lower_case`},
		{"status", "{code: b, status: 302, title: T, meaning: M., fix: F.}", "status 302"},
		{"no fix", "{code: b, status: 400, title: T, meaning: M.}", "fix is not a sentence"},
		{"no meaning", "{code: b, status: 400, title: T, fix: F.}", "meaning is not a sentence"},
		{"twice", good + "," + good, `code "a" occurs twice`},
		{"unknown column", "{code: b, status: 400, title: T, meaning: M., fix: F., hint: H}", "hint"},
		{"empty list", "", "list api is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse([]byte(file(tt.api)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parse = %v; want an error with %q", err, tt.want)
			}
		})
	}
	if _, err := parse([]byte(file(good))); err != nil {
		t.Errorf("parse of a complete file = %v; want nil", err)
	}
}
