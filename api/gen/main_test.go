package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The test reads the file as go generate does, so that it fails whenever the two
// differ.
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
