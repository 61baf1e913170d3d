package catalog

import "testing"

func TestRow(t *testing.T) {
	tests := []struct {
		name string
		got  Row
		want Row // Meaning and Fix are compared for presence only
	}{
		{"api", APIHostnameTaken.Row(), Row{Code: "hostname_taken", Status: 409, Title: "Hostname already in use", Field: "hostnames", Docs: "errors#hostname_taken"}},
		{"origin", OriginSecretWrong.Row(), Row{Code: "secret_wrong", Status: 502, Title: "Secret or region wrong", Field: "s3_secret_key", Docs: "errors#origin-secret_wrong"}},
		{"access", AccessPathBadEncoding.Row(), Row{Code: "path_bad_encoding", Status: 400, Title: "Path badly encoded", Docs: "errors#access-path_bad_encoding"}},
		{"same code, other list", AccessMethodNotAllowed.Row(), Row{Code: "method_not_allowed", Status: 405, Title: "Method not allowed", Field: "delivery.allowed_methods", Docs: "errors#access-method_not_allowed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got.Meaning == "" || tt.got.Fix == "" {
				t.Errorf("Row() = %+v; want meaning and fix", tt.got)
			}
			tt.got.Meaning, tt.got.Fix = "", ""
			if tt.got != tt.want {
				t.Errorf("Row() = %+v; want %+v", tt.got, tt.want)
			}
		})
	}
}

func TestRowOfForeignCode(t *testing.T) {
	if got, want := API("made_up").Row(), (Row{Code: "made_up"}); got != want {
		t.Errorf("Row() = %+v; want %+v", got, want)
	}
}

// The lists hold every code once, each with a row and a page of its own.
func TestCodes(t *testing.T) {
	var rows []Row
	for _, c := range APICodes() {
		rows = append(rows, c.Row())
	}
	for _, c := range OriginCodes() {
		rows = append(rows, c.Row())
	}
	for _, c := range AccessCodes() {
		rows = append(rows, c.Row())
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if r.Title == "" || seen[r.Docs] {
			t.Errorf("row %+v has no title, or the page of another one", r)
		}
		seen[r.Docs] = true
	}
	for _, want := range []string{"errors#hostname_taken", "errors#origin-secret_wrong", "errors#access-path_bad_encoding"} {
		if !seen[want] {
			t.Errorf("the lists have no row of page %s", want)
		}
	}
}
